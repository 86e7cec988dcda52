"""Screens recordings on a Spark cluster.

>>> from bonafide import spark
>>> rows = spark.screen(session.read.format("binaryFile").load("s3a://calls/2026"), fast=True)

``python -m bonafide.spark INPUT OUTPUT`` is a program for `spark-submit`. See docs/cluster.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

try:
    from pyspark import TaskContext
    from pyspark.sql import DataFrame
except ImportError as error:
    raise ImportError("bonafide.spark needs PySpark: pip install 'bonafide[spark]'") from error

from bonafide._screening import DetectorOptions, Screening
from bonafide._table import SCHEMA

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["DDL", "screen"]


def _ddl(kind: pa.DataType) -> str:
    """Spark's name of a type of Arrow."""
    if pa.types.is_list(kind):
        return f"array<{_ddl(kind.value_type)}>"
    if pa.types.is_struct(kind):
        return f"struct<{','.join(f'{field.name}:{_ddl(field.type)}' for field in kind)}>"
    return {pa.string(): "string", pa.int32(): "int", pa.float64(): "double"}[kind]


#: Columns of what `screen` gives, as Spark writes a schema.
DDL = ", ".join(f"`{field.name}` {_ddl(field.type)}" for field in SCHEMA)


def screen(df: DataFrame, *, path: str = "path", content: str = "content", **options: Unpack[DetectorOptions]) -> DataFrame:
    """A row for each party of each recording, and one with an `error` for a recording that cannot be screened.

    Each worker process loads one detector and screens a recording at a time; there are as many processes as Spark has task slots.
    Where a task is tried again, a helper of its worker screens, and a recording that the helper dies of has a row with an error.
    The rows of a recording come from one task, one after another. Like all transformations it starts with the first action.

    Args:
        df: a row a recording. With a column of contents (as ``format("binaryFile")`` reads them) those are screened; without,
            what the workers can open under the path.
        path: name of the column with paths or other names.
        content: name of the column with contents, as binaries.
        options: those of `Detector` except `timeline` and `threads`. A profile is read here; a model on each worker, from the path.

    Raises:
        BonafideError, TypeError, ValueError: for options that make no sense.
    """
    screening = Screening.of(**options)
    columns = [df[path].alias("path")]
    if content in df.columns:
        columns.append(df[content].alias("content"))

    def screen_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        context = TaskContext.get()
        # The process of an attempt before may have died of a recording, of which all attempts would die.
        has_failed_before = context is not None and context.attemptNumber() > 0
        for batch in batches:
            for table in screening.tables(batch, apart=has_failed_before):
                yield from table.to_batches()

    return df.select(*columns).mapInArrow(screen_batches, DDL)


if __name__ == "__main__":
    from bonafide._spark_command import main

    sys.exit(main())
