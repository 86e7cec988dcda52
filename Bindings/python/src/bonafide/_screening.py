"""Turns batches of recordings into rows, in whatever process of whatever engine: Spark's, Ray's, or this one."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
import json
import multiprocessing
import os
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypedDict, Union

import pyarrow as pa

from ._detector import Detector
from ._library import BonafideError
from ._results import FileResult, failed
from ._table import run_of, table

if TYPE_CHECKING:
    from typing_extensions import Unpack

#: Recordings whose rows are handed on at once.
BATCH = 32


class DetectorOptions(TypedDict, total=False):
    """Options of `Detector` that an engine's workers take; `profile` is read where they are given, `model` on each worker."""

    model: str
    prior: float
    alarm_llr: float
    clear_llr: float
    raw: str
    mix: bool
    profile: Union[str, os.PathLike[str]]
    fast: bool
    precise: bool
    channel_names: Sequence[str]


@dataclass(frozen=True)
class Screening:
    """What is done with each recording. Goes to other processes, each of which loads one detector for it."""

    #: JSON of what `Detector` takes, without the profile.
    options: str
    #: What `bonafide calibrate` wrote.
    profile: bytes | None

    @classmethod
    def of(cls, **options: Unpack[DetectorOptions]) -> Screening:
        """Checks options by a detector that is made of them.

        Raises:
            BonafideError, TypeError, ValueError: as `Detector` does.
            OSError: where the profile cannot be read.
        """
        unknown = options.keys() - DetectorOptions.__annotations__.keys()
        if unknown:
            raise TypeError(f"no option is called {', '.join(sorted(unknown))}: "
                            f"there are {', '.join(DetectorOptions.__annotations__)}")
        if isinstance(options.get("channel_names"), str):
            raise TypeError("channel_names is a sequence of names, not one name")
        given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
        path = given.pop("profile", None)
        content = None
        if path is not None:
            with open(path, "rb") as file:
                content = file.read()
        if "model" in given:
            given["model"] = os.fspath(given["model"])
        if "channel_names" in given:
            given["channel_names"] = list(given["channel_names"])
        screening = cls(json.dumps(given, sort_keys=True), content)
        loaded(screening)
        return screening

    @property
    def run(self) -> dict[str, object]:
        """The columns of the run. `options` tells runs apart whose results may differ."""
        options = json.loads(self.options)
        if self.profile is not None:
            options["profile_sha256"] = hashlib.sha256(self.profile).hexdigest()
        return run_of(loaded(self), json.dumps(options, sort_keys=True, ensure_ascii=False))

    def tables(self, batch: pa.Table | pa.RecordBatch, apart: bool = False) -> Iterator[pa.Table]:
        """Screens the recordings of a batch: those of its column `path`, or where there is one what its column `content` holds.

        A recording that cannot be screened is a row with an error, whatever is wrong with it.

        Args:
            batch: a row a recording.
            apart: screen in a process beside this one. A recording that it dies of has a row with an error, too.
        """
        run = self.run
        has_content = "content" in batch.schema.names
        for start in range(0, batch.num_rows, BATCH):
            part = batch.slice(start, BATCH)
            paths = part.column("path").to_pylist()
            # A recording at a time: they may be large.
            contents = (content.as_buffer() for content in part.column("content")) if has_content else itertools.repeat(None)
            recordings = (Recording(path, content, has_content) for path, content in zip(paths, contents))
            with contextlib.ExitStack() as stack:
                screen: Callable[[Recording], FileResult] = functools.partial(result, self)
                if apart:
                    screen = stack.enter_context(Helper(self)).result
                yield table(map(screen, recordings), run)

    def table(self, batch: pa.Table | pa.RecordBatch) -> pa.Table:
        """As `tables`, in one."""
        return pa.concat_tables([*self.tables(batch), table((), {})])


@dataclass(frozen=True)
class Recording:
    """A row of what is to be screened."""

    path: str | None
    content: Any
    has_content: bool


def result(screening: Screening, recording: Recording) -> FileResult:
    """What is said of a recording."""
    path = recording.path
    if path is None:
        return failed("", "the path of this recording is null")
    if not recording.has_content:
        return screened(loaded(screening), path, local(path))
    if recording.content is None:
        return failed(path, "its content could not be read")
    with in_memory(recording.content) as name:
        return screened(loaded(screening), path, name)


class Helper:
    """A process that screens in the place of this one, so that this one lives on where it dies."""

    def __init__(self, screening: Screening) -> None:
        self._screening = screening
        self._pool: ProcessPoolExecutor | None = None

    def result(self, recording: Recording) -> FileResult:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
        content = None if recording.content is None else bytes(recording.content)
        try:
            return self._pool.submit(result, self._screening, replace(recording, content=content)).result()
        except BrokenProcessPool:
            self.close()
            return failed(recording.path or "", "the process that screened it died: of it, or for want of memory")

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def __enter__(self) -> Helper:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@functools.lru_cache(maxsize=1)
def loaded(screening: Screening) -> Detector:
    """The detector of this process."""
    options = json.loads(screening.options)
    if screening.profile is None:
        return Detector(**options)
    with in_memory(screening.profile) as path:
        return Detector(profile=path, **options)


def screened(detector: Detector, path: str, name: str) -> FileResult:
    """The result of the recording that is called `path` and can be opened as `name`."""
    scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", name)
    if scheme:
        return failed(path, "no file that a worker can open: mount it, or give contents (as Spark's format binaryFile reads them)")
    try:
        result = detector.scan(name)
    except (BonafideError, OSError, ValueError) as error:
        return failed(path, str(error).replace(name, path))
    return replace(result, path=path, warnings=tuple(warning.replace(name, path) for warning in result.warnings))


def local(path: str) -> str:
    """The name of a file, of a path as Spark writes them (``file:/calls/a.wav``)."""
    return re.sub("^file:(//(?=/))?", "", path)


@contextlib.contextmanager
def in_memory(data: Any) -> Iterator[str]:
    """A name under which bytes can be opened as a file, by programs that this process starts as well.

    Nothing of it stays, however this process ends.
    """
    descriptor = os.memfd_create("bonafide", os.MFD_CLOEXEC)
    try:
        with memoryview(data) as view:
            written = 0
            while written < len(view):
                written += os.write(descriptor, view[written:])
        yield f"/proc/{os.getpid()}/fd/{descriptor}"
    finally:
        os.close(descriptor)
