"""The encoder of spectra in PyTorch: the convolutions of Distill-MOS, from the weights in its package of PyPI.

python -m pip download --no-deps distillmos==0.9.1
unzip it, then: distillmos/weights/distill_mos_v7.pt
sha256 of it: see SHA256 (MIT, Microsoft Corporation)

    states = SpectrumEncoder("distill_mos_v7.pt")(samples)      # (B, N) at 16 kHz, speech at -26 dBFS
    statistics(states, mask)                                    # mask (B, N // 320) -> (B, 5120)
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SHA256 = "b18b3ac60227267cfb91e5d00ce22cc7b73716fd92f269484da1446e27031a40"
CHANNELS = (2, 64, 64, 128, 256, 256, 256)
# The speech of what it learned from was about that much louder.
LOUDNESS = 2
# Layers whose states are taken: the last one as it is, those before it over a few ranges of frequencies.
TAKEN = 3
RANGES = 3


def compressed(x: Tensor, length: int = 320, hop: int = 160) -> Tensor:
    """Complex spectrogram with |X|^0.3 in place of |X|, the ends mirrored: (B, N) -> (B, 2, 161, N // 160)"""
    margin = (length - hop) // 2
    x = F.pad(LOUDNESS * x, (margin, margin), mode="reflect")
    x = torch.stft(x, length, hop, window=torch.hann_window(length), center=False, return_complex=True)
    x = torch.view_as_real(x)
    return (x * x.square().sum(-1, keepdim=True).clamp_min(1e-24) ** -0.35).permute(0, 3, 1, 2)


class SpectrumEncoder(nn.Module):
    """(B, N) -> the states of the layers that are taken, lowest first: (B, 256, frequencies, frames), of the last layer
    four frequencies and N // 320 frames, of those before it N // 160 frames."""

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

    def forward(self, x: Tensor) -> list[Tensor]:
        x, states = compressed(x), []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.1)
            states.append(x)
        return states[-TAKEN:]


def in_ranges(x: Tensor) -> Tensor:
    """Means over ranges of frequencies, the lowest ones that are left over left out: (B, C, F) -> (B, C * RANGES)"""
    skipped = x.shape[2] % RANGES
    return x[:, :, skipped:].unflatten(2, (RANGES, -1)).mean(3).flatten(1)


def statistics(states: Sequence[Tensor], mask: Tensor) -> Tensor:
    """Mean and standard deviation over the frames of a mask (B, T) of float: of the last layer of each channel and
    frequency, and of the layers before it over RANGES: (B, 5120)"""

    def moments(x: Tensor) -> list[Tensor]:
        # As the convolutions leave it in memory, channels last.
        x = x.float().permute(0, 2, 3, 1)
        m = mask.repeat_interleave(x.shape[2] // mask.shape[1], 1)[:, None, None]
        m = m / m.sum(3, keepdim=True)
        mean = m @ x
        return [part[:, :, 0].transpose(1, 2) for part in (mean, (m @ (x - mean).square()).sqrt())]

    *lower, last = states
    ranged = [in_ranges(part) for x in lower for part in moments(x)]
    return torch.cat([part.flatten(1) for part in moments(last)] + ranged, 1)
