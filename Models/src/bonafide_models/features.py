"""Features of Bonafide, in PyTorch: what `Sources/Bonafide/Features` computes.

Shapes: B clips, N samples at 8 kHz (narrowband) or 16 kHz (wideband), T feature frames (10 ms).
"""

import librosa
import torch
from torch import nn
from torch.nn import functional as F

NARROWBAND = {
    "sample_rate_hz": 8000,
    "window": 256,
    "hop": 80,
    "fft": 256,
    "bands": 64,
    "low_hz": 60.0,
    "high_hz": 3900.0,
    "further_windows": [128, 512],
    "floor": 1e-10,
    "level_decay": 0.01,
    "level_minimum": -14.0,
    "range_low": -12.0,
    "shift": 6.0,
    "scale": 3.0,
    "envelope": {
        "window": 48,
        "hop": 10,
        "fft": 64,
        "span": 32,
        "floor": 2e-5,
        "most": 2.6,
        "shift": -0.6,
        "scale": 0.4,
    },
}
WIDEBAND = NARROWBAND | {
    "sample_rate_hz": 16000,
    "window": 512,
    "hop": 160,
    "fft": 512,
    "high_hz": 7800.0,
    "further_windows": [256, 1024],
    "envelope": NARROWBAND["envelope"] | {"window": 96, "hop": 20},
}
FEATURES = {o["sample_rate_hz"]: o for o in (NARROWBAND, WIDEBAND)}


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

    def __init__(self, o=NARROWBAND):
        super().__init__()
        self.o, e = o, o["envelope"]
        rate, bands, low, high = o["sample_rate_hz"], o["bands"], o["low_hz"], o["high_hz"]
        self.windows = [o["window"], *o["further_windows"]]
        for window in self.windows:
            size = max(window, o["fft"])
            bank = librosa.filters.mel(sr=rate, n_fft=size, n_mels=bands, fmin=low, fmax=high, norm=None)
            gain = (window / o["window"]) * (size / o["fft"])
            self.register_buffer(f"bank{window}", torch.tensor(bank.T / gain), persistent=False)
            self.register_buffer(f"window{window}", torch.hann_window(window, periodic=True), persistent=False)
        bins = e["fft"] // 2 - 1  # without 0 Hz and half the sample rate
        angle = (
            2 * torch.pi / e["fft"] * torch.arange(e["window"], dtype=torch.double)[:, None] * torch.arange(1, bins + 1)
        )
        fourier = (
            torch.cat([angle.cos(), angle.sin()], 1)
            * torch.hann_window(e["window"], periodic=True, dtype=torch.double)[:, None]
        )
        self.register_buffer("fourier", fourier.float(), persistent=False)
        place = librosa.mel_frequencies(bands + 2, fmin=low, fmax=high)[1:-1] * e["fft"] / rate - 1
        place = torch.tensor(place).clamp(0, bins - 1).float()
        self.register_buffer(
            "at_bands", (1 - (torch.arange(bins)[:, None] - place).abs()).clamp_min(0), persistent=False
        )

    def mel(self, x, window):
        """(B, N) -> band energies, (B, T, bands); what a window reaches beyond the ends is silence."""
        beyond = (window - self.o["window"]) // 2
        frames = F.pad(x, (beyond, beyond)).unfold(-1, window, self.o["hop"]) * self.get_buffer(f"window{window}")
        return torch.fft.rfft(frames, max(window, self.o["fft"])).abs().square() @ self.get_buffer(f"bank{window}")

    def contrast(self, x, level):
        """(B, N) and the level of the frames (B, T) -> (B, T, bands)."""
        e, count = self.o["envelope"], level.shape[1]
        group = self.o["hop"] // e["hop"]  # short windows from one frame to the next
        groups = e["span"] // group
        beyond = ((e["span"] - 1) * e["hop"] + e["window"] - self.o["window"]) // 2
        frames = F.pad(x, (beyond, beyond)).unfold(-1, e["window"], e["hop"])[:, : group * (count + groups - 1)]
        energy = (frames @ self.fourier).square().unflatten(2, (2, -1)).sum(2).unflatten(1, (-1, group))
        # A window that several frames share has the floor of the first of them.
        floor = e["floor"] * F.pad(level.exp()[:, None], (groups - 1, 0), mode="replicate")[:, 0]
        energy = energy + floor[:, :, None, None]
        mean, log = energy.mean(2), energy.log().mean(2)
        over = lambda v: sum(v[:, k : k + count] for k in range(groups)) / groups
        return ((over(mean).log() - over(log)).clamp_max(e["most"]) @ self.at_bands + e["shift"]) / e["scale"]

    def forward(self, x):
        o, energies = self.o, [self.mel(x, w) for w in self.windows]
        level = energies[0].mean(-1).clamp_min(o["floor"]).log().clamp_min(o["level_minimum"])
        ramp = o["level_decay"] * torch.arange(level.shape[-1], device=x.device)
        level = (torch.cummax(level + ramp, -1).values - ramp).clamp_min(o["level_minimum"])
        y = torch.stack(energies, -1).clamp_min(o["floor"]).log() - level[:, :, None, None]
        y = (y.clamp_min(o["range_low"]) + o["shift"]) / o["scale"]
        return torch.cat([y, self.contrast(x, level)[..., None]], -1)
