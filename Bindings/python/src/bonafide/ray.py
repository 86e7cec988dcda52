"""Screens recordings with Ray Data.

>>> import ray
>>> from bonafide import ray as bonafide_ray
>>> rows = bonafide_ray.screen(ray.data.read_binary_files("s3://calls/2026", include_paths=True), fast=True)
>>> rows.write_parquet("s3://results/2026")

See docs/cluster.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

try:
    from ray.data import Dataset
except ImportError as error:
    raise ImportError("bonafide.ray needs Ray Data: pip install 'bonafide[ray]'") from error

from ._screening import BATCH, DetectorOptions, Screening

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["screen"]


def screen(dataset: Dataset, *, path: str = "path", content: str = "bytes", **options: Unpack[DetectorOptions]) -> Dataset:
    """A row for each party of each recording, and one with an `error` for a recording that cannot be screened.

    Each of Ray's workers loads one detector, takes one core, and screens a recording at a time.

    Args:
        dataset: a row a recording. With a column of contents (as `ray.data.read_binary_files` reads them, with ``include_paths``)
            those are screened; without, what the workers can open under the path.
        path: name of the column with paths or other names.
        content: name of the column with contents.
        options: those of `Detector` except `timeline` and `threads`. A profile is read here; a model on each worker, from the path.

    Raises:
        BonafideError, TypeError, ValueError: for options that make no sense.
    """
    screening = Screening.of(**options)

    def rows(batch: pa.Table) -> pa.Table:
        columns = {"path": batch.column(path)}
        if content in batch.column_names:
            columns["content"] = batch.column(content)
        return screening.table(pa.table(columns))

    return dataset.map_batches(rows, batch_format="pyarrow", batch_size=BATCH, num_cpus=1)
