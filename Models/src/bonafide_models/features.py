"""Features of Bonafide, in PyTorch: what `Sources/Bonafide/Features` computes.

Shapes: B clips, N samples at 8 kHz (narrowband) or 16 kHz (wideband), T feature frames (10 ms).
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

import librosa
import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class Envelope:
    """How the contrast of the envelope is taken; lengths in samples."""

    window: int = 48
    hop: int = 10
    fft: int = 64
    span: int = 32
    """Windows."""
    floor: float = 2e-5
    """Of the level."""
    most: float = 2.6
    shift: float = -0.6
    scale: float = 0.4


@dataclass(frozen=True)
class Settings:
    """What `features` of a card holds; lengths in samples."""

    sample_rate_hz: int = 8000
    window: int = 256
    hop: int = 80
    fft: int = 256
    bands: int = 64
    low_hz: float = 60.0
    high_hz: float = 3900.0
    further_windows: tuple[int, ...] = (128, 512)
    floor: float = 1e-10
    level_decay: float = 0.01
    level_minimum: float = -14.0
    range_low: float = -12.0
    shift: float = 6.0
    scale: float = 3.0
    envelope: Envelope = Envelope()

    @staticmethod
    def of(card: dict[str, Any]) -> "Settings":
        """Of the `features` of a card."""
        return Settings(
            **card | {"further_windows": tuple(card["further_windows"]), "envelope": Envelope(**card["envelope"])}
        )

    @property
    def card(self) -> dict[str, Any]:
        """As a card has them."""
        return dataclasses.asdict(self) | {"further_windows": list(self.further_windows)}


NARROWBAND = Settings()
WIDEBAND = dataclasses.replace(
    NARROWBAND,
    sample_rate_hz=16000,
    window=512,
    hop=160,
    fft=512,
    high_hz=7800.0,
    further_windows=(256, 1024),
    envelope=Envelope(window=96, hop=20),
)
FEATURES = {settings.sample_rate_hz: settings for settings in (NARROWBAND, WIDEBAND)}


class LogMel(nn.Module):
    """Samples in [-1, 1], shape (B, N) -> features, shape (B, T, 64, R), T = 1 + (N - window) // hop: level-normalised
    log-mel at several resolutions, then the contrast of the envelope.

    Periodic Hann windows with one centre, FFT of the window's size but at least `fft`, power spectrum, Slaney mel bands
    without area normalisation (librosa, norm=None), divided by what noise would gain over the first window, ln.
    Level: a decaying peak of the frames' mean band energy in the first window is subtracted, so that a gain changes
    nothing.

    Contrast: ln of the mean less the mean ln of 32 energies under windows of 6 ms, 1.25 ms apart, around a frame's
    centre, in bands of 125 Hz (wideband: 250 Hz), read at the centres of the mel bands. 0 for a steady tone, 0.58 for
    noise, more for pulses: it falls where a vocoder loses the phases that make a pitch period's pulse, which a
    spectrogram of longer windows does not show."""

    fourier: Tensor
    at_bands: Tensor

    def __init__(self, settings: Settings = NARROWBAND) -> None:
        super().__init__()
        self.o = o = settings
        self.windows = [o.window, *o.further_windows]
        for window in self.windows:
            size = max(window, o.fft)
            bank = librosa.filters.mel(
                sr=o.sample_rate_hz, n_fft=size, n_mels=o.bands, fmin=o.low_hz, fmax=o.high_hz, norm=None
            )
            gain = (window / o.window) * (size / o.fft)
            self.register_buffer(f"bank{window}", torch.tensor(bank.T / gain), persistent=False)
            self.register_buffer(f"window{window}", torch.hann_window(window, periodic=True), persistent=False)
        e = o.envelope
        bins = e.fft // 2 - 1  # without 0 Hz and half the sample rate
        time = torch.arange(e.window, dtype=torch.double)[:, None]
        angle = 2 * torch.pi / e.fft * time * torch.arange(1, bins + 1)
        hann = torch.hann_window(e.window, periodic=True, dtype=torch.double)[:, None]
        fourier = torch.cat([angle.cos(), angle.sin()], 1) * hann
        self.register_buffer("fourier", fourier.float(), persistent=False)
        centres = librosa.mel_frequencies(o.bands + 2, fmin=o.low_hz, fmax=o.high_hz)[1:-1]
        place = torch.tensor(centres * e.fft / o.sample_rate_hz - 1).clamp(0, bins - 1).float()
        at_bands = (1 - (torch.arange(bins)[:, None] - place).abs()).clamp_min(0)
        self.register_buffer("at_bands", at_bands, persistent=False)

    def mel(self, x: Tensor, window: int) -> Tensor:
        """(B, N) -> band energies, (B, T, bands); what a window reaches beyond the ends is silence."""
        beyond = (window - self.o.window) // 2
        frames = F.pad(x, (beyond, beyond)).unfold(-1, window, self.o.hop) * self.get_buffer(f"window{window}")
        return torch.fft.rfft(frames, max(window, self.o.fft)).abs().square() @ self.get_buffer(f"bank{window}")

    def contrast(self, x: Tensor, level: Tensor) -> Tensor:
        """(B, N) and the level of the frames (B, T) -> (B, T, bands)."""
        e, count = self.o.envelope, level.shape[1]
        group = self.o.hop // e.hop  # short windows from one frame to the next
        groups = e.span // group
        beyond = ((e.span - 1) * e.hop + e.window - self.o.window) // 2
        frames = F.pad(x, (beyond, beyond)).unfold(-1, e.window, e.hop)[:, : group * (count + groups - 1)]
        energy = (frames @ self.fourier).square().unflatten(2, (2, -1)).sum(2).unflatten(1, (-1, group))
        # A window that several frames share has the floor of the first of them.
        floor = e.floor * F.pad(level.exp()[:, None], (groups - 1, 0), mode="replicate")[:, 0]
        energy = energy + floor[:, :, None, None]

        def over(values: Tensor) -> Tensor:
            total = values[:, :count]
            for k in range(1, groups):
                total = total + values[:, k : k + count]
            return total / groups

        value = over(energy.mean(2)).log() - over(energy.log().mean(2))
        return (value.clamp_max(e.most) @ self.at_bands + e.shift) / e.scale

    def forward(self, x: Tensor) -> Tensor:
        o, energies = self.o, [self.mel(x, window) for window in self.windows]
        level = energies[0].mean(-1).clamp_min(o.floor).log().clamp_min(o.level_minimum)
        ramp = o.level_decay * torch.arange(level.shape[-1], device=x.device)
        level = (torch.cummax(level + ramp, -1).values - ramp).clamp_min(o.level_minimum)
        y = torch.stack(energies, -1).clamp_min(o.floor).log() - level[:, :, None, None]
        y = (y.clamp_min(o.range_low) + o.shift) / o.scale
        return torch.cat([y, self.contrast(x, level)[..., None]], -1)
