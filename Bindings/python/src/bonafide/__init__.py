"""Says whether the voice of a party of a call is genuine or synthetic.

>>> import bonafide
>>> result = bonafide.Detector().scan("call.wav")
>>> [(party.channel, party.verdict, party.llr) for party in result.parties]
"""

from ._detector import Detector, ModelInfo, SecondStageInfo
from ._library import BonafideError, RecordingNotFoundError, Status, version
from ._parquet import to_parquet
from ._results import FileResult, PartyResult, Reason, Segment, Strength, Timeline, Verdict
from ._stream import Stream, Update

__version__ = version()

__all__ = [
    "BonafideError",
    "Detector",
    "FileResult",
    "ModelInfo",
    "PartyResult",
    "Reason",
    "RecordingNotFoundError",
    "SecondStageInfo",
    "Segment",
    "Status",
    "Stream",
    "Strength",
    "Timeline",
    "Update",
    "Verdict",
    "to_parquet",
    "version",
]
