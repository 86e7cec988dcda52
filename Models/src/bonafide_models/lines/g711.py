"""ITU-T G.711, encoded and decoded in one table."""

from typing import Literal

import numpy as np

from bonafide_models.arrays import Floats

Law = Literal["ulaw", "alaw"]


def table(law: Law) -> Floats:
    """From 16-bit sample + 32768 to the sample that comes out, full scale ±1."""
    x = np.arange(-32768, 32768)
    if law == "ulaw":
        m = np.minimum(np.abs(x) >> 2, 8158) + 33
        segment = np.floor(np.log2(m)).astype(int) - 5
        y = ((((m >> (segment + 1)) & 15) * 2 + 33 << segment) - 33) << 2
    else:
        m = np.minimum(np.abs(x) >> 3, 4095)
        segment = np.maximum(np.floor(np.log2(np.maximum(m, 1))).astype(int) - 4, 1)
        y = ((m >> segment << segment) + (1 << segment - 1)) << 3
    decoded: Floats = (np.where(x < 0, -1, 1) * y).astype(np.float32) / np.float32(32768)
    return decoded


LAWS: dict[Law, Floats] = {"ulaw": table("ulaw"), "alaw": table("alaw")}


def companded(x: Floats, law: Law) -> Floats:
    """Samples in [-1, 1] through G.711."""
    decoded: Floats = LAWS[law][np.clip(np.round(x * 32768), -32768, 32767).astype(int) + 32768]
    return decoded
