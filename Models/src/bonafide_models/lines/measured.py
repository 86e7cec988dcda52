"""Lines as telephone clips show them: long-term spectra and noise floors, to give other clips of either class."""

from collections.abc import Iterable

import numpy as np
from scipy import fft

from bonafide_models.arrays import Doubles, Floats, Samples

FRAME = 256


def spectra(x: Samples) -> Floats:
    """Power spectra of frames of 256 samples, Hann: (..., N) -> (..., N // 256, 129)."""
    n = x.shape[-1] // FRAME
    frames = x[..., : n * FRAME].reshape(*x.shape[:-1], n, FRAME) * np.hanning(FRAME).astype(np.float32)
    power: Floats = np.square(np.abs(fft.rfft(frames))) + 1e-9
    return power


class Lines:
    """Lines of clips, 16-bit samples."""

    def __init__(self, clips: Iterable[np.ndarray]) -> None:
        power = [spectra(np.asarray(clip, np.float32) / 32768) for clip in clips]
        self.mean = np.array([p.mean(0) for p in power])
        # A tenth of the frames of a steady noise lie under a tenth of its mean power.
        self.floor = np.array([np.minimum(9 * np.quantile(p, 0.1, axis=0), 0.03 * p.mean()) for p in power])

    def __len__(self) -> int:
        return len(self.mean)

    def gain(self, k: int, spectrum: Floats) -> Doubles:
        """dB at 129 frequencies that give a clip of this mean spectrum the one of line k."""
        g = 10 * np.log10(self.mean[k] / spectrum)
        g = np.convolve(np.pad(g, 3, mode="edge"), np.ones(7) / 7, "valid")
        limited: Doubles = np.clip(g - np.average(g, weights=self.mean[k]), -40, 25)
        return limited

    def noise(self, k: int, rng: np.random.Generator, n: int) -> Samples:
        """n samples of the floor of line k; RMS relative to that line's speech."""
        bins, points = np.linspace(0, 1, n // 2 + 1), np.linspace(0, 1, FRAME // 2 + 1)
        shape = np.sqrt(np.interp(bins, points, self.floor[k]))
        z = rng.standard_normal((2, n // 2 + 1), dtype=np.float32)
        x: Samples = fft.irfft((shape * (z[0] + 1j * z[1])).astype(np.complex64), n)
        ratio = np.sqrt(self.floor[k].sum() / self.mean[k].sum())
        noise: Samples = x * (ratio / (x.std() + 1e-9))
        return noise
