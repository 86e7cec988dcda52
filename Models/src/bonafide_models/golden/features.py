"""Write the golden features that Tests/BonafideTests compares `LogMel` with.

python -m bonafide_models.golden.features [FOLDER]     FOLDER: Tests/BonafideTests/Golden by default

Reads FOLDER/prompt.wav (8 kHz, 16 bit, mono) and writes FOLDER/prompt.logmel: float32, little-endian, frames x 64
x features per band, frame by frame. The reference is librosa in double precision: `librosa.feature.melspectrogram` with
the settings below (periodic Hann window, no centring, power spectrum, Slaney mel scale, no area normalisation), then ln
and the level of `LogMel` in features.py, here frame by frame from its definition.
"""

import pathlib
import sys
from collections.abc import Sequence

import librosa
import numpy as np
import scipy.signal
import soundfile

from bonafide_models.arrays import Doubles
from bonafide_models.features import NARROWBAND as F
from bonafide_models.repository import ROOT


def energies(x: Doubles, window: int) -> Doubles:
    """Samples (N,) at 8 kHz, float64 -> (T, bands), as if noise gained no more than over the first window."""
    size, beyond = max(window, F.fft), max(0, window - F.window) // 2
    mel = librosa.feature.melspectrogram(
        y=np.pad(x, beyond),
        sr=F.sample_rate_hz,
        n_fft=size,
        win_length=window,
        hop_length=F.hop,
        window="hann",
        center=False,
        power=2.0,
        n_mels=F.bands,
        fmin=F.low_hz,
        fmax=F.high_hz,
        htk=False,
        norm=None,
        dtype=np.float64,
    ).T
    scaled: Doubles = mel * F.window / window * F.fft / size
    return scaled


def contrast(x: Doubles, levels: Sequence[float]) -> Doubles:
    """Samples (N,) and the levels of the frames -> (T, bands), from the definition."""
    e, group = F.envelope, F.hop // F.envelope.hop
    beyond = ((e.span - 1) * e.hop + e.window - F.window) // 2
    x, rows = np.pad(x, beyond), []
    window = scipy.signal.get_window("hann", e.window)
    centres = librosa.mel_frequencies(F.bands + 2, fmin=F.low_hz, fmax=F.high_hz)[1:-1]
    hertz = np.arange(1, e.fft // 2) * F.sample_rate_hz / e.fft
    for t in range(len(levels)):
        starts = t * F.hop + e.hop * np.arange(e.span)
        energy = np.abs(np.fft.rfft([x[s : s + e.window] * window for s in starts], e.fft)[:, 1:-1]) ** 2
        # The frame whose floor a window has.
        first = np.maximum(t - e.span // group + 1 + np.arange(e.span) // group, 0)
        energy += e.floor * np.exp(np.array(levels)[first])[:, None]
        value = np.minimum(np.log(energy.mean(0)) - np.log(energy).mean(0), e.most)
        rows.append((np.interp(centres, hertz, value) + e.shift) / e.scale)
    return np.array(rows)


def features(x: Doubles) -> Doubles:
    """Samples (N,) at 8 kHz, float64 -> (T, bands, windows + 1)."""
    energy = np.stack([energies(x, w) for w in (F.window, *F.further_windows)], -1)
    level, levels, rows = F.level_minimum, list[float](), []
    for e in energy:
        level = max(level - F.level_decay, float(np.log(max(e[:, 0].mean(), F.floor))), F.level_minimum)
        levels.append(level)
        y = np.log(np.maximum(e, F.floor)) - level
        rows.append((np.maximum(y, F.range_low) + F.shift) / F.scale)
    return np.concatenate([rows, contrast(x, levels)[..., None]], -1)


def main() -> None:
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "Tests/BonafideTests/Golden"
    x, rate = soundfile.read(folder / "prompt.wav", dtype="float64")
    if rate != F.sample_rate_hz or x.ndim != 1:
        raise SystemExit(f"{folder}/prompt.wav: {F.sample_rate_hz} Hz and one channel are wanted")
    features(x).astype("<f4").tofile(folder / "prompt.logmel")


if __name__ == "__main__":
    main()
