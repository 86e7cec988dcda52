"""The encoder of spectra in PyTorch: the convolutions of Distill-MOS, from the weights in its package of PyPI.

python -m pip download --no-deps distillmos==0.9.1
unzip it, then: distillmos/weights/distill_mos_v7.pt
sha256 of it: see SHA256 (MIT, Microsoft Corporation)

    states = SpectrumEncoder("distill_mos_v7.pt")(samples)      # (B, N) at 16 kHz, speech at -26 dBFS -> (B, N // 320,
    1024)
"""

import hashlib
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SHA256 = "b18b3ac60227267cfb91e5d00ce22cc7b73716fd92f269484da1446e27031a40"
CHANNELS = (2, 64, 64, 128, 256, 256, 256)
# The speech of what it learned from was about that much louder.
LOUDNESS = 2


def compressed(x: Tensor, length: int = 320, hop: int = 160) -> Tensor:
    """Complex spectrogram with |X|^0.3 in place of |X|, the ends mirrored: (B, N) -> (B, 2, 161, N // 160)"""
    margin = (length - hop) // 2
    x = F.pad(LOUDNESS * x, (margin, margin), mode="reflect")
    x = torch.stft(x, length, hop, window=torch.hann_window(length), center=False, return_complex=True)
    x = torch.view_as_real(x)
    return (x * x.square().sum(-1, keepdim=True).clamp_min(1e-24) ** -0.35).permute(0, 3, 1, 2)


class SpectrumEncoder(nn.Module):
    """(B, N) -> (B, N // 320, 1024): of each channel the four frequencies that are left."""

    def __init__(self, path: str | Path | None = None) -> None:
        super().__init__()
        last = len(CHANNELS) - 2
        self.layers = nn.ModuleList(
            [
                nn.Conv2d(CHANNELS[k], CHANNELS[k + 1], 3, (1 if k == 0 else 2, 2 if k == last else 1), (0, 1))
                for k in range(last + 1)
            ]
        )
        if path:
            if hashlib.sha256(open(path, "rb").read()).hexdigest() != SHA256:
                raise ValueError(f"{path} is not distill_mos_v7.pt of distillmos 0.9.1")
            weights = torch.load(path, map_location="cpu", weights_only=True)["model"]
            for k, layer in enumerate(self.layers):
                layer.load_state_dict({n: weights[f"cnn.cnn.{2 * k}.{n}"] for n in ("weight", "bias")})
        self.to(memory_format=torch.channels_last)

    def forward(self, x: Tensor) -> Tensor:
        x = compressed(x)
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.1)
        return x.flatten(1, 2).transpose(1, 2)
