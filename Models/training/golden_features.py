#!/usr/bin/env python3
"""Write the golden features that Tests/BonafideTests compares `LogMel` with.

golden_features.py [FOLDER]     FOLDER: Tests/BonafideTests/Golden by default

Reads FOLDER/prompt.wav (8 kHz, 16 bit, mono) and writes FOLDER/prompt.logmel: float32, little-endian, frames x 64
x windows, frame by frame. The reference is librosa in double precision: `librosa.feature.melspectrogram` with the settings below
(periodic Hann window, no centring, power spectrum, Slaney mel scale, no area normalisation), then ln and the level of
`LogMel` in network.py, here frame by frame from its definition.
"""
import pathlib, sys
import librosa, numpy as np, soundfile
from network import FEATURES as F


def energies(x, window):
    """Samples (N,) at 8 kHz, float64 -> (T, bands), as if noise gained no more than over the first window."""
    size, beyond = max(window, F["fft"]), max(0, window - F["window"]) // 2
    mel = librosa.feature.melspectrogram(
        y=np.pad(x, beyond), sr=F["sample_rate_hz"], n_fft=size, win_length=window, hop_length=F["hop"], window="hann",
        center=False, power=2.0, n_mels=F["bands"], fmin=F["low_hz"], fmax=F["high_hz"], htk=False, norm=None,
        dtype=np.float64).T
    return mel * F["window"] / window * F["fft"] / size


def log_mel(x):
    """Samples (N,) at 8 kHz, float64 -> (T, bands, windows)."""
    energy = np.stack([energies(x, w) for w in (F["window"], *F["further_windows"])], -1)
    level, rows = F["level_minimum"], []
    for e in energy:
        level = max(level - F["level_decay"], np.log(max(e[:, 0].mean(), F["floor"])), F["level_minimum"])
        y = np.log(np.maximum(e, F["floor"])) - level
        rows.append((np.maximum(y, F["range_low"]) + F["shift"]) / F["scale"])
    return np.array(rows)


if __name__ == "__main__":
    default = pathlib.Path(__file__).parents[2] / "Tests/BonafideTests/Golden"
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    x, rate = soundfile.read(folder / "prompt.wav", dtype="float64")
    assert rate == F["sample_rate_hz"] and x.ndim == 1
    log_mel(x).astype("<f4").tofile(folder / "prompt.logmel")
