"""Names of array types, and of the rows of tables."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float32]
Doubles: TypeAlias = npt.NDArray[np.float64]
# Sound, full scale ±1, of either width.
Samples: TypeAlias = npt.NDArray[np.floating[Any]]
# Sound as files and codecs have it.
Pcm: TypeAlias = npt.NDArray[np.int16]
Mask: TypeAlias = npt.NDArray[np.bool_]
Whole: TypeAlias = npt.NDArray[np.int64]
Complex: TypeAlias = npt.NDArray[np.complexfloating[Any, Any]]
Words: TypeAlias = npt.NDArray[np.str_]

# A row of a protocol table: text by column. One of a cache has `start` and `count`, too: where its samples lie.
Row: TypeAlias = dict[str, Any]
