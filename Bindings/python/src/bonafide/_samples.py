"""Arrays to what the library reads."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def _one_dimension(samples: npt.ArrayLike) -> npt.NDArray[Any]:
    array = np.asarray(samples)
    if array.ndim != 1:
        raise ValueError(f"samples have {array.ndim} dimensions: give those of one party, in one dimension")
    return array


def float_samples(samples: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Samples of full scale 1 in memory of their own kind, one after the other; copied only where they are not."""
    array = _one_dimension(samples)
    if is_int16(array):
        return array.astype(np.float32) / np.float32(32768)
    if array.size and not np.issubdtype(array.dtype, np.floating):
        raise TypeError(f"samples are {array.dtype}: give floats of full scale 1, or int16")
    # Numbers that single precision cannot hold become infinite, which the library takes as 0.
    with np.errstate(over="ignore"):
        return np.require(array, np.float32, ["C", "A"])


def linear_samples(samples: npt.ArrayLike) -> npt.NDArray[Any]:
    """As `float_samples`, but for int16, which streams take as it is."""
    array = _one_dimension(samples)
    return np.require(array, np.int16, ["C", "A"]) if is_int16(array) else float_samples(array)


def is_int16(array: npt.NDArray[Any]) -> bool:
    """Of either order of bytes."""
    return bool(array.dtype.kind == "i" and array.dtype.itemsize == 2)


def g711_samples(samples: bytes | bytearray | memoryview | npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    # Of a memoryview numpy takes the kind of its elements, so that one of int16 is refused below.
    array = _one_dimension(np.frombuffer(samples, np.uint8) if isinstance(samples, (bytes, bytearray)) else np.asarray(samples))
    if array.dtype != np.uint8:
        raise TypeError(f"G.711 samples are {array.dtype}: give bytes, or uint8")
    return np.require(array, np.uint8, ["C"])
