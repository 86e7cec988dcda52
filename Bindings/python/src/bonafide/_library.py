"""bonafide.h for ctypes, which lets other Python threads run during calls."""

from __future__ import annotations

import ctypes
import enum
import errno
import logging
import operator
import os
import pathlib
import weakref
from ctypes import POINTER, c_char_p, c_double, c_float, c_int, c_int32, c_size_t, c_uint64, c_void_p
from types import TracebackType
from typing import NoReturn, SupportsIndex, TypeVar

Self = TypeVar("Self", bound="LibraryObject")

_logger = logging.getLogger("bonafide")


class Status(enum.IntEnum):
    """What a call of the library returns."""

    OK = 0
    NULL_POINTER = 1
    BAD_HANDLE = 2
    BAD_ARGUMENT = 3
    BAD_RATE = 4
    BAD_MODEL = 5
    BAD_AUDIO = 6
    FINISHED = 7
    BUSY = 8
    FAILED = 9
    CANCELLED = 10
    BAD_PROFILE = 11


class BonafideError(Exception):
    """A call that failed; its text says what was wrong and what to do.

    Attributes:
        status: which kind of failure it is.
    """

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(message)
        self.status = status


class RecordingNotFoundError(BonafideError, FileNotFoundError):
    """A recording that is not there; both a `BonafideError` and a `FileNotFoundError`."""

    def __init__(self, path: str) -> None:
        BonafideError.__init__(self, Status.BAD_AUDIO, f"{path}: no such file")
        self.errno = errno.ENOENT
        self.strerror = os.strerror(errno.ENOENT)
        self.filename = path

    def __str__(self) -> str:
        return f"{self.filename}: no such file"


#: Takes the seconds of audio screened so far, on the thread of the scan; gives 0 to go on.
ProgressFunction = ctypes.CFUNCTYPE(c_int32, c_void_p, c_double)

LogFunction = ctypes.CFUNCTYPE(None, c_void_p, c_int, c_char_p)


def _write_log(_context: int | None, level: int, line: bytes) -> None:
    # Failures are raised as well, so that they are no news to whoever reads a log.
    _logger.log(logging.WARNING if level == 1 else logging.DEBUG, "%s", line.decode("utf-8", "replace"))


_log = LogFunction(_write_log)


class OptionsStruct(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t),
        ("model", c_char_p),
        ("prior", c_double),
        ("alarm_llr", c_double),
        ("clear_llr", c_double),
        ("raw", c_char_p),
        ("mix", c_int32),
        ("timeline", c_int32),
        ("threads", c_int32),
        ("log", LogFunction),
        ("log_context", c_void_p),
        ("profile", c_char_p),
        ("fast", c_int32),
        ("precise", c_int32),
    ]


class ModelStruct(ctypes.Structure):
    _fields_ = [
        ("name", c_char_p),
        ("version", c_char_p),
        ("sha256", c_char_p),
        ("alarm_llr", c_double),
        ("clear_llr", c_double),
        ("sample_rate_hz", c_int32),
    ]


class SecondStageStruct(ctypes.Structure):
    _fields_ = [("name", c_char_p), ("version", c_char_p), ("sha256", c_char_p)]


class SegmentStruct(ctypes.Structure):
    _fields_ = [("start_s", c_double), ("end_s", c_double), ("llr", c_double), ("synthetic_probability", c_double)]


class UpdateStruct(ctypes.Structure):
    _fields_ = [
        ("time_s", c_double),
        ("scored_s", c_double),
        ("speech_s", c_double),
        ("llr", c_double),
        ("synthetic_probability", c_double),
        ("verdict", c_int),
        ("reason", c_int),
        ("segment_count", c_size_t),
        ("open", SegmentStruct),
        ("non_numbers", c_uint64),
        ("revision", c_int32),
        ("out_of_range", c_uint64),
    ]


class PartyStruct(ctypes.Structure):
    _fields_ = [
        ("channel", c_int32),
        ("same_as", c_int32),
        ("verdict", c_int),
        ("reason", c_int),
        ("speech_s", c_double),
        ("llr", c_double),
        ("synthetic_probability", c_double),
        ("segment_count", c_size_t),
        ("track", c_int32),
        ("track_channel", c_int32),
        ("model", c_char_p),
        ("echo_s", c_double),
        ("clipped", c_double),
        ("non_numbers", c_uint64),
        ("out_of_range", c_uint64),
        ("snr_db", c_double),
        ("first_llr", c_double),
        ("second_score", c_double),
        ("coded", c_double),
    ]


class FileStruct(ctypes.Structure):
    _fields_ = [
        ("verdict", c_int),
        ("sample_rate_hz", c_int32),
        ("duration_s", c_double),
        ("bandwidth_hz", c_double),
        ("format", c_char_p),
        ("party_count", c_size_t),
        ("warning_count", c_size_t),
        ("heard_s", c_double),
        ("unheard_s", c_double),
    ]


class TimelineStruct(ctypes.Structure):
    _fields_ = [("hop_s", c_double), ("count", c_size_t), ("llr", POINTER(c_float))]


def _load() -> ctypes.CDLL:
    inside = pathlib.Path(__file__).with_name("libbonafide.so")
    path = os.environ.get("BONAFIDE_LIBRARY") or (str(inside) if inside.exists() else "libbonafide.so.0")
    try:
        return ctypes.CDLL(path)
    except OSError as error:
        raise ImportError(
            f"{error}; it needs the Debian packages libsndfile1, libsoxr0, libfftw3-single3 and libopenblas0"
        ) from error


library = _load()

# Handles are numbers that only look like addresses, which is what c_void_p takes them for as well.
_arguments = {
    "options_init": [POINTER(OptionsStruct), c_size_t],
    "detector_create": [POINTER(OptionsStruct), POINTER(c_void_p)],
    "detector_destroy": [c_void_p],
    "model_info": [c_void_p, POINTER(ModelStruct), c_size_t],
    "detector_model": [c_void_p, c_size_t, POINTER(ModelStruct), c_size_t],
    "detector_second_stage": [c_void_p, POINTER(SecondStageStruct), c_size_t],
    "scan": [c_void_p, c_char_p, POINTER(c_void_p)],
    "scan_with_progress": [c_void_p, c_char_p, ProgressFunction, c_void_p, POINTER(c_void_p)],
    "score": [c_void_p, c_void_p, c_size_t, c_int32, POINTER(c_void_p)],
    "stream_create": [c_void_p, c_int32, POINTER(c_void_p)],
    "stream_destroy": [c_void_p],
    "stream_append_float": [c_void_p, c_void_p, c_size_t],
    "stream_append_int16": [c_void_p, c_void_p, c_size_t],
    "stream_append_mulaw": [c_void_p, c_void_p, c_size_t],
    "stream_append_alaw": [c_void_p, c_void_p, c_size_t],
    "stream_append_missing": [c_void_p, c_size_t],
    "stream_update": [c_void_p, POINTER(UpdateStruct), c_size_t],
    "stream_segment": [c_void_p, c_size_t, POINTER(SegmentStruct)],
    "stream_finish": [c_void_p, POINTER(c_void_p)],
    "stream_reset": [c_void_p],
    "result_destroy": [c_void_p],
    "result_file": [c_void_p, POINTER(FileStruct), c_size_t],
    "result_party": [c_void_p, c_size_t, POINTER(PartyStruct), c_size_t],
    "result_segment": [c_void_p, c_size_t, c_size_t, POINTER(SegmentStruct)],
    "result_timeline": [c_void_p, c_size_t, POINTER(TimelineStruct), c_size_t],
    "result_warning": [c_void_p, c_size_t, POINTER(c_char_p)],
}
for _name, _types in _arguments.items():
    _function = getattr(library, "bonafide_" + _name)
    _function.argtypes = _types
    _function.restype = c_int
for _name in ("version", "message"):
    getattr(library, "bonafide_" + _name).restype = c_char_p


def call(name: str, *arguments: object) -> None:
    """Makes a call, and raises what it fails with."""
    status = getattr(library, "bonafide_" + name)(*arguments)
    if status != Status.OK:
        raise BonafideError(Status(status), library.bonafide_message().decode("utf-8", "replace"))


def version() -> str:
    """Version of the library."""
    text: bytes = library.bonafide_version()
    return text.decode()


def default_options() -> OptionsStruct:
    options = OptionsStruct()
    call("options_init", ctypes.byref(options), ctypes.sizeof(options))
    options.log = _log
    return options


def int32(number: SupportsIndex) -> int:
    """The nearest number that the library can be told; where it is not `number` it is one that the library refuses.

    Raises:
        TypeError: for what is no whole number, such as a float.
    """
    return max(-(2**31), min(2**31 - 1, operator.index(number)))


def c_string(text: str | bytes, name: str) -> bytes:
    """A string as C has it, which ends at its first NUL.

    Raises:
        ValueError: for one with a NUL inside, of which the library would see the start alone.
    """
    encoded = os.fsencode(text)
    if b"\0" in encoded:
        raise ValueError(f"{name} has a NUL in it: {text!r}")
    return encoded


class LibraryObject:
    """What has a handle of the library, which is freed with it."""

    def __init__(self, kind: str, handle: c_void_p) -> None:
        self._handle = handle
        self._kind = kind
        self._finalizer = weakref.finalize(self, getattr(library, f"bonafide_{kind}_destroy"), handle)

    def close(self) -> None:
        """Frees what the library holds; calls that are made afterwards raise `BonafideError`. May be called twice."""
        self._finalizer()

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} can be neither copied nor pickled: make another")
