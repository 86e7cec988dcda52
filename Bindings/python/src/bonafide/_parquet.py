"""Results as a Parquet file."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Union

from ._detector import Detector

if TYPE_CHECKING:
    from ._table import AnyResult

#: Recordings in one group of rows of a file.
GROUP = 4096


def to_parquet(
    results: Iterable[AnyResult], path: Union[str, os.PathLike[str]], *, detector: Detector | None = None
) -> int:
    """Writes results to a Parquet file as they come, a row a party; a recording that has an error has one row, without a channel.

    The columns are those of docs/cluster.md. The file is there when it is whole, and not before: where an iterator fails, an older
    file stays as it was.

    Args:
        results: such as `Detector.scan_many` gives, or file objects of the command's JSON: each line of ``--format jsonl``.
        path: of the file.
        detector: that made the results; columns name its models and prior. What lines of JSON say of their own comes first.

    Returns:
        The number of recordings.

    Raises:
        ImportError: without pyarrow, which ``bonafide[parquet]`` has.
    """
    from ._table import SCHEMA, run_of, table

    import pyarrow.parquet as parquet

    run = {} if detector is None else run_of(detector)
    target = os.fspath(path)
    part = f"{target}.part-{os.getpid()}"
    count = 0
    try:
        with parquet.ParquetWriter(part, SCHEMA, compression="zstd") as writer:
            for group in _groups(results):
                writer.write_table(table(group, run))
                count += len(group)
        os.replace(part, target)
    except BaseException:
        if os.path.exists(part):
            os.unlink(part)
        raise
    return count


def _groups(results: Iterable[AnyResult]) -> Iterator[list[AnyResult]]:
    iterator = iter(results)
    while group := list(itertools.islice(iterator, GROUP)):
        yield group
