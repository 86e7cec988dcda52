"""What the library says, as results."""

from __future__ import annotations

import ctypes
import math

import numpy as np

from ._library import FileStruct, PartyStruct, SegmentStruct, TimelineStruct, call
from ._results import FileResult, PartyResult, Reason, Segment, Timeline, Verdict

#: By the library's numbers.
VERDICTS = (Verdict.INCONCLUSIVE, Verdict.BONAFIDE, Verdict.SYNTHETIC)
REASONS = (
    None,
    Reason.NO_SPEECH,
    Reason.TOO_LITTLE_SPEECH,
    Reason.TOO_NOISY,
    Reason.AMBIGUOUS,
    Reason.INCOMPLETE,
    Reason.TOO_DISTORTED,
)


def known(number: float) -> float | None:
    return None if math.isnan(number) else number


def segment(struct: SegmentStruct) -> Segment:
    return Segment(struct.start_s, struct.end_s, struct.llr, struct.synthetic_probability)


def file_result(handle: ctypes.c_void_p, path: str) -> FileResult:
    """Reads a result of the library, which stays the caller's."""
    struct = FileStruct()
    call("result_file", handle, ctypes.byref(struct), ctypes.sizeof(struct))
    warnings = []
    for index in range(struct.warning_count):
        text = ctypes.c_char_p()
        call("result_warning", handle, index, ctypes.byref(text))
        warnings.append((text.value or b"").decode("utf-8", "replace"))
    return FileResult(
        path=path,
        format=struct.format.decode() if struct.format is not None else None,
        sample_rate=struct.sample_rate_hz,
        duration=struct.duration_s,
        bandwidth=known(struct.bandwidth_hz),
        verdict=VERDICTS[struct.verdict],
        warnings=tuple(warnings),
        parties=tuple(party_result(handle, index) for index in range(struct.party_count)),
        heard=known(struct.heard_s),
        unheard=known(struct.unheard_s),
    )


def party_result(handle: ctypes.c_void_p, index: int) -> PartyResult:
    struct = PartyStruct()
    call("result_party", handle, index, ctypes.byref(struct), ctypes.sizeof(struct))
    segments = []
    for number in range(struct.segment_count):
        found = SegmentStruct()
        call("result_segment", handle, index, number, ctypes.byref(found))
        segments.append(segment(found))
    return PartyResult(
        channel=struct.channel,
        same_as=struct.same_as or None,
        verdict=VERDICTS[struct.verdict],
        reason=REASONS[struct.reason],
        speech=struct.speech_s,
        llr=known(struct.llr),
        synthetic_probability=known(struct.synthetic_probability),
        segments=tuple(segments),
        timeline=None,
        track=struct.track or None,
        track_channel=struct.track_channel or None,
        model=struct.model.decode() if struct.model is not None else None,
        echo=struct.echo_s,
        clipped=known(struct.clipped),
        non_numbers=struct.non_numbers,
        out_of_range=struct.out_of_range,
        snr=known(struct.snr_db),
        first_llr=known(struct.first_llr),
        second_score=known(struct.second_score),
        coded=known(struct.coded),
    )


def timeline(handle: ctypes.c_void_p, index: int) -> Timeline:
    struct = TimelineStruct()
    call("result_timeline", handle, index, ctypes.byref(struct), ctypes.sizeof(struct))
    # A copy, for the library's memory goes with the result.
    scores = np.ctypeslib.as_array(struct.llr, (struct.count,)).copy() if struct.count else np.empty(0, np.float32)
    scores.flags.writeable = False
    return Timeline(struct.hop_s, scores)
