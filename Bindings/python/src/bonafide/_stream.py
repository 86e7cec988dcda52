"""Screens one party while it talks."""

from __future__ import annotations

import ctypes
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt

from ._library import LibraryObject, SegmentStruct, UpdateStruct, call
from ._reading import REASONS, VERDICTS, known, segment
from ._results import FileResult, PartyResult, Reason, Result, Segment, Verdict
from ._samples import g711_samples, linear_samples


@dataclass(frozen=True)
class Update(Result):
    """How the evidence of a stream stands; times in seconds from the first sample."""

    #: Heard, missing samples included.
    time: float
    #: Up to here there are scores, of which the rest speaks: 0.1 to 0.3 s behind `time`.
    scored_time: float
    #: Of which speech.
    speech: float
    #: Log-likelihood ratio of all speech so far, natural log, positive for bona fide; None without.
    llr: float | None
    synthetic_probability: float | None
    #: What would be said of the party if it ended here.
    verdict: Verdict
    reason: Reason | None
    #: Stretches that sound synthetic and cannot change any more, found since the update before; all where `revised`.
    closed: tuple[Segment, ...]
    #: The stretch that may still grow, or go again.
    open: Segment | None
    #: Samples so far that were not finite.
    non_numbers: int
    #: Samples so far that were beyond ±4, and were cut to that; full scale is ±1.
    out_of_range: int
    #: Whether the party turned out to have another band, so that another model judges it and `closed` replaces all told before.
    revised: bool


class Stream(LibraryObject):
    """The screening of one party while it talks; made by `Detector.stream`. One thread at a time may use it.

    Every method raises `BonafideError` after `finish`, until `reset`.
    """

    def __init__(self, handle: ctypes.c_void_p, take: Callable[[ctypes.c_void_p, str], FileResult]) -> None:
        super().__init__("stream", handle)
        self._take = take
        self._told = 0
        self._revision = 0

    def append(self, samples: npt.ArrayLike) -> Update:
        """Takes the next samples: one dimension, floats of full scale 1, or int16. What is not finite is taken as 0."""
        array = linear_samples(samples)
        name = "stream_append_int16" if array.dtype == np.int16 else "stream_append_float"
        call(name, self._handle, array.ctypes.data, array.size)
        return self._update()

    def append_mulaw(self, samples: bytes | bytearray | memoryview | npt.NDArray[np.uint8]) -> Update:
        """Takes the next samples, G.711 µ-law, a byte each."""
        array = g711_samples(samples)
        call("stream_append_mulaw", self._handle, array.ctypes.data, array.size)
        return self._update()

    def append_alaw(self, samples: bytes | bytearray | memoryview | npt.NDArray[np.uint8]) -> Update:
        """Takes the next samples, G.711 A-law, a byte each."""
        array = g711_samples(samples)
        call("stream_append_alaw", self._handle, array.ctypes.data, array.size)
        return self._update()

    def append_missing(self, count: SupportsIndex) -> Update:
        """Takes note of samples that were lost, or not sent in silence: none to a week of them."""
        number = operator.index(count)
        if number < 0:
            raise ValueError(f"{number} samples cannot be missing")
        call("stream_append_missing", self._handle, min(number, 2**63))
        return self._update()

    def finish(self) -> PartyResult:
        """Ends the party and judges it."""
        handle = ctypes.c_void_p()
        call("stream_finish", self._handle, ctypes.byref(handle))
        return self._take(handle, "").parties[0]

    def reset(self) -> None:
        """Forgets the party, finished or not, and starts another."""
        call("stream_reset", self._handle)
        self._told = 0
        self._revision = 0

    def _update(self) -> Update:
        struct = UpdateStruct()
        call("stream_update", self._handle, ctypes.byref(struct), ctypes.sizeof(struct))
        revised = struct.revision != self._revision
        if revised:
            self._told = 0
            self._revision = struct.revision
        closed = []
        for index in range(self._told, struct.segment_count):
            found = SegmentStruct()
            call("stream_segment", self._handle, index, ctypes.byref(found))
            closed.append(segment(found))
        self._told = struct.segment_count
        return Update(
            time=struct.time_s,
            scored_time=struct.scored_s,
            speech=struct.speech_s,
            llr=known(struct.llr),
            synthetic_probability=known(struct.synthetic_probability),
            verdict=VERDICTS[struct.verdict],
            reason=REASONS[struct.reason],
            closed=tuple(closed),
            open=segment(struct.open) if struct.open.end_s > 0 else None,
            non_numbers=struct.non_numbers,
            out_of_range=struct.out_of_range,
            revised=revised,
        )
