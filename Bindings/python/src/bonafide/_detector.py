"""Screens recordings and buffers."""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass, replace

import numpy.typing as npt

from ._library import LibraryObject, ModelStruct, c_string, call, default_options, int32
from ._results import FileResult, PartyResult, file_result, timeline
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
        threads: that a scan works on, one per channel at most.

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
    ) -> None:
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
        self._timeline = timeline
        handle = ctypes.c_void_p()
        call("detector_create", ctypes.byref(options), ctypes.byref(handle))
        super().__init__("detector", handle)

    @property
    def model(self) -> ModelInfo:
        """The model that is loaded."""
        struct = ModelStruct()
        call("model_info", self._handle, ctypes.byref(struct), ctypes.sizeof(struct))
        return ModelInfo(
            struct.name.decode(), struct.version.decode(), struct.sha256.decode(), struct.alarm_llr, struct.clear_llr,
            struct.sample_rate_hz,
        )

    def scan(self, path: str | os.PathLike[str]) -> FileResult:
        """Screens a recording of any kind; each channel is a party.

        Raises:
            BonafideError: where it cannot be read.
            ValueError: for a path with a NUL in it.
        """
        handle = ctypes.c_void_p()
        call("scan", self._handle, c_string(os.fspath(path), "path"), ctypes.byref(handle))
        return self._take(handle, os.fspath(path))

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
            if self._timeline:
                parties = [replace(party, timeline=timeline(handle, i)) for i, party in enumerate(result.parties)]
                result = replace(result, parties=tuple(parties))
            return result
        finally:
            call("result_destroy", handle)
