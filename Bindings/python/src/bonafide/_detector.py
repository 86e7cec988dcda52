"""Screens recordings and buffers."""

from __future__ import annotations

import concurrent.futures
import ctypes
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy.typing as npt

from ._library import (
    BonafideError,
    LibraryObject,
    ModelStruct,
    ProgressFunction,
    RecordingNotFoundError,
    SecondStageStruct,
    c_string,
    call,
    default_options,
    int32,
)
from ._reading import file_result, timeline
from ._results import FileResult, PartyResult, failed
from ._samples import float_samples
from ._stream import Stream


@dataclass(frozen=True)
class ModelInfo:
    """What a detector judges with."""

    name: str
    version: str
    #: Digest of the weights, in hexadecimal digits.
    sha256: str
    #: At or below which a party is synthetic, where the detector has no other point.
    alarm_llr: float
    #: At or above which a party is bona fide, where the detector has no other point.
    clear_llr: float
    #: To which all audio is resampled, in Hz.
    sample_rate: int


@dataclass(frozen=True)
class SecondStageInfo:
    """What hears a party's speech once more."""

    name: str
    version: str
    #: Digest of the weights, in hexadecimal digits.
    sha256: str


class Detector(LibraryObject):
    """Screens calls. May be used from several threads at once, which then do work at once.

    Args:
        model: path of a ``.safetensors`` file with its card beside it; the built-in model without.
        prior: share of parties that are synthetic before anything is heard; moves probabilities, not verdicts.
        alarm_llr: LLR at or below which a party is synthetic, instead of the model's own.
        clear_llr: LLR at or above which a party is bona fide, instead of the model's own.
        raw: take recordings for headerless samples of this kind, such as ``"ulaw:8000"`` or ``"s16le:8000:2"``.
        mix: screen the mean of all channels as one party.
        timeline: keep scores along each party.
        threads: that channels, and pieces of them for the second stage, are scanned on.
        profile: path of what ``bonafide calibrate`` made of genuine calls of a site.
        fast: leave out the second stage: less sure, and several times as fast.
        precise: single precision throughout: the same scores on every machine to 1e-4, in more time.
        channel_names: of a recording's channels, first to last; those without one, or with an empty one, have none.

    A detector is freed with the object, or at the end of a ``with``.

    Raises:
        BonafideError: where an option makes no sense or the model cannot be loaded.
        TypeError, ValueError: for options of another type, or with a NUL in them.

    What is odd in audio goes to the logger ``bonafide``.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | None = None,
        *,
        prior: float = 0.05,
        alarm_llr: float | None = None,
        clear_llr: float | None = None,
        raw: str | None = None,
        mix: bool = False,
        timeline: bool = False,
        threads: int = 1,
        profile: str | os.PathLike[str] | None = None,
        fast: bool = False,
        precise: bool = False,
        channel_names: Sequence[str] = (),
    ) -> None:
        if isinstance(channel_names, str):
            raise TypeError("channel_names is a sequence of names, not one name")
        options = default_options()
        options.model = None if model is None else c_string(os.fspath(model), "model")
        options.prior = prior
        if alarm_llr is not None:
            options.alarm_llr = alarm_llr
        if clear_llr is not None:
            options.clear_llr = clear_llr
        options.raw = None if raw is None else c_string(raw, "raw")
        options.mix = mix
        options.timeline = timeline
        options.threads = int32(threads)
        options.profile = None if profile is None else c_string(os.fspath(profile), "profile")
        options.fast = fast
        options.precise = precise
        #: Share of parties that are synthetic before anything is heard.
        self.prior = prior
        self._timeline = timeline
        self._channel_names = tuple(channel_names)
        handle = ctypes.c_void_p()
        call("detector_create", ctypes.byref(options), ctypes.byref(handle))
        super().__init__("detector", handle)

    @property
    def model(self) -> ModelInfo:
        """The model of the telephone's band, or the one that was given."""
        return self._model(0)

    @property
    def wideband_model(self) -> ModelInfo | None:
        """The model of wider bands; None where one was given for all."""
        try:
            return self._model(1)
        except BonafideError:
            self._model(0)  # where the detector is closed, that is what is wrong
            return None

    @property
    def second_stage(self) -> SecondStageInfo | None:
        """What hears the speech once more; None where `fast` has left it out."""
        struct = SecondStageStruct()
        call("detector_second_stage", self._handle, ctypes.byref(struct), ctypes.sizeof(struct))
        return None if struct.name is None else SecondStageInfo(struct.name.decode(), struct.version.decode(), struct.sha256.decode())

    def _model(self, index: int) -> ModelInfo:
        struct = ModelStruct()
        call("detector_model", self._handle, index, ctypes.byref(struct), ctypes.sizeof(struct))
        return ModelInfo(
            struct.name.decode(), struct.version.decode(), struct.sha256.decode(), struct.alarm_llr, struct.clear_llr,
            struct.sample_rate_hz,
        )

    def scan(
        self, path: str | os.PathLike[str], progress: Callable[[float], object] | None = None
    ) -> FileResult:
        """Screens a recording of any kind; each channel is a party.

        Args:
            path: of the recording; ``-`` is standard input.
            progress: called about once per second of audio with the seconds screened so far. Where it gives False the scan ends
                with a `BonafideError` of `Status.CANCELLED`; what it raises ends the scan and is raised.

        Raises:
            FileNotFoundError: where there is no such file; it is a `BonafideError`, too.
            BonafideError: where it cannot be read.
            ValueError: for a path with a NUL in it.
        """
        name = os.fspath(path)
        encoded = c_string(name, "path")
        raised: list[BaseException] = []

        def tell(_context: int | None, seconds: float) -> int:
            try:
                return 1 if progress is not None and progress(seconds) is False else 0
            except BaseException as error:  # goes on where the library's call ends
                raised.append(error)
                return 1

        function = ProgressFunction(0) if progress is None else ProgressFunction(tell)
        handle = ctypes.c_void_p()
        try:
            call("scan_with_progress", self._handle, encoded, function, None, ctypes.byref(handle))
        except BonafideError:
            if raised:
                raise raised[0] from None
            if name != "-" and not os.path.exists(encoded):
                raise RecordingNotFoundError(name) from None
            raise
        return self._take(handle, name)

    def scan_many(self, paths: Iterable[str | os.PathLike[str]], jobs: int | None = None) -> Iterator[FileResult]:
        """Screens recordings at once, and gives their results as they come.

        A recording that cannot be screened has a result with an `error`, and the rest goes on. Where the iterator is left, the
        scans that run end, and no others begin.

        Args:
            paths: of recordings.
            jobs: recordings that are screened at once; as many as processors without.

        Raises:
            ValueError: for less than one job.
        """
        workers = len(os.sched_getaffinity(0)) if jobs is None else jobs
        if workers < 1:
            raise ValueError(f"{jobs} jobs screen nothing: give 1 or more")
        return self._results(iter(paths), workers)

    def _results(self, paths: Iterator[str | os.PathLike[str]], workers: int) -> Iterator[FileResult]:
        is_over = False

        def scan(path: str | os.PathLike[str]) -> FileResult:
            try:
                return self.scan(path, progress=lambda _: not is_over)
            except (BonafideError, ValueError) as error:
                return failed(os.fspath(path), str(error))

        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            running: set[concurrent.futures.Future[FileResult]] = set()
            try:
                # A few more than can run, so that none waits, however many paths there are.
                for path in paths:
                    running.add(pool.submit(scan, path))
                    if len(running) >= 2 * workers:
                        done, running = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
                        for future in done:
                            yield future.result()
                for future in concurrent.futures.as_completed(running):
                    yield future.result()
            finally:
                is_over = True
                for future in running:
                    future.cancel()

    def score(self, samples: npt.ArrayLike, sample_rate: int) -> PartyResult:
        """Screens one party from its samples.

        Args:
            samples: one dimension; floats of full scale 1, or int16. What is not finite is taken as 0.
            sample_rate: in Hz, 6000 to 192000.

        Raises:
            BonafideError: for another rate.
            TypeError, ValueError: for other samples, or a rate that is no whole number.
        """
        array = float_samples(samples)
        handle = ctypes.c_void_p()
        call("score", self._handle, array.ctypes.data, array.size, int32(sample_rate), ctypes.byref(handle))
        return self._take(handle, "").parties[0]

    def stream(self, sample_rate: int) -> Stream:
        """Starts the screening of one party while it talks.

        Args:
            sample_rate: in Hz, 6000 to 192000, of the samples to come.

        Raises:
            BonafideError: for another rate.
            TypeError: for a rate that is no whole number.
        """
        handle = ctypes.c_void_p()
        call("stream_create", self._handle, int32(sample_rate), ctypes.byref(handle))
        return Stream(handle, self._take)

    def _take(self, handle: ctypes.c_void_p, path: str) -> FileResult:
        """Reads a result and gives it back to the library."""
        try:
            result = file_result(handle, path)
            if path and self._channel_names:
                names = {index + 1: name for index, name in enumerate(self._channel_names) if name}
                result = replace(
                    result, parties=tuple(replace(party, name=names.get(party.channel)) for party in result.parties))
            if self._timeline:
                parties = [replace(party, timeline=timeline(handle, i)) for i, party in enumerate(result.parties)]
                result = replace(result, parties=tuple(parties))
            return result
        finally:
            call("result_destroy", handle)
