"""What is said of recordings and parties."""

from __future__ import annotations

import enum
import json
import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt


class Word(str, enum.Enum):
    """A member that is, prints and formats as the word of reports."""

    def __str__(self) -> str:
        return str(self.value)

    def __format__(self, spec: str) -> str:
        return format(str(self.value), spec)


class Verdict(Word):
    """What is said of a party or a recording."""

    BONAFIDE = "bonafide"
    SYNTHETIC = "synthetic"
    INCONCLUSIVE = "inconclusive"


class Reason(Word):
    """Why a verdict is inconclusive."""

    NO_SPEECH = "no_speech"
    TOO_LITTLE_SPEECH = "too_little_speech"
    TOO_NOISY = "too_noisy"
    TOO_DISTORTED = "too_distorted"
    AMBIGUOUS = "ambiguous"
    INCOMPLETE = "incomplete"


class Strength(Word):
    """How strong evidence is, in the words of the ENFSI guideline for likelihood ratios."""

    NONE = "none"
    WEAK = "weak"
    MODERATE = "moderate"
    MODERATELY_STRONG = "moderately_strong"
    STRONG = "strong"
    VERY_STRONG = "very_strong"
    EXTREMELY_STRONG = "extremely_strong"


#: The least likelihood ratio of each strength.
LEAST_RATIOS = (
    (1_000_000, Strength.EXTREMELY_STRONG), (10_000, Strength.VERY_STRONG), (1_000, Strength.STRONG),
    (100, Strength.MODERATELY_STRONG), (10, Strength.MODERATE), (2, Strength.WEAK),
)


class Result:
    """What goes through `json`, under the names of the dataclass's fields."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def to_dict(self) -> dict[str, Any]:
        """Its fields as what `json` writes: words, numbers, lists and dictionaries, None for what is not known."""
        return {name: _plain(getattr(self, name)) for name in self.__dataclass_fields__}

    def to_json(self, *, indent: int | None = None) -> str:
        """`to_dict` as JSON."""
        return json.dumps(self.to_dict(), indent=indent, ensure_ascii=False)


def _plain(value: object) -> Any:
    if isinstance(value, Result):
        return value.to_dict()
    if isinstance(value, Word):
        return str(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return [None if math.isnan(number) else round(number, 4) for number in value.tolist()]
    return value


@dataclass(frozen=True)
class Segment(Result):
    """A stretch of one party that sounds synthetic; times in seconds from the first sample."""

    start: float
    end: float
    #: Log-likelihood ratio of the speech inside, natural log, positive for bona fide.
    llr: float
    synthetic_probability: float


@dataclass(frozen=True)
class Timeline(Result):
    """Scores along one party: ``llr[i]`` stands for ``i * hop`` to ``(i + 1) * hop`` seconds."""

    hop: float
    #: float32, read-only; NaN where nobody speaks.
    llr: npt.NDArray[np.float32] = field(compare=False, repr=False)


@dataclass(frozen=True, repr=False)
class PartyResult(Result):
    """What is said of one side of a call."""

    #: Of the recording, from 1.
    channel: int
    #: The earlier channel with the very same samples.
    same_as: int | None
    verdict: Verdict
    #: Why `verdict` is inconclusive; None otherwise.
    reason: Reason | None
    #: Seconds of speech found.
    speech: float
    #: Log-likelihood ratio, natural log, positive for bona fide; None without speech.
    llr: float | None
    #: Probability that the voice is synthetic, from `llr` and the prior; None without speech.
    synthetic_probability: float | None
    #: Stretches that sound synthetic, in order.
    segments: tuple[Segment, ...]
    #: Where the detector was asked for it.
    timeline: Timeline | None
    #: Track of the recording that the channel is of, from 1; None for a mix and for samples that are in no file.
    track: int | None = None
    #: Channel of the track, from 1; None with `track`.
    track_channel: int | None = None
    #: From the detector's `channel_names`.
    name: str | None = None
    #: Name of the model that judged it.
    model: str | None = None
    #: Seconds of speech on the channel that is the echo of another channel, and was not counted.
    echo: float = 0.0
    #: Share of the samples of loud speech that are clipped, estimated; None where there was too little.
    clipped: float | None = None
    #: How far the speech stands out of the noise in its pauses, in dB, at most 60; None where there was no speech.
    snr: float | None = None
    #: Log-likelihood ratio by the first stage alone, natural log; None with `fast` and without speech.
    first_llr: float | None = None
    #: Score of the second stage alone, not calibrated, higher for bona fide; None where it has heard nothing.
    second_score: float | None = None
    #: How strongly the speech is coded, by what the second stage hears, 0 to 1; None where it has heard nothing.
    coded: float | None = None
    #: Samples of a buffer or a stream that were not finite, and were taken as 0.
    non_numbers: int = 0
    #: Samples of a buffer or a stream that were beyond ±4, and were cut to that; full scale is ±1.
    out_of_range: int = 0

    @property
    def flagged(self) -> float:
        """Seconds in `segments`."""
        return sum(item.end - item.start for item in self.segments)

    @property
    def evidence_llr(self) -> float | None:
        """`llr`, but of a synthetic party in which a stretch is more so than the whole that of the stretch; None without speech."""
        if self.verdict is not Verdict.SYNTHETIC:
            return self.llr
        known_llrs = [llr for llr in (self.llr, *(item.llr for item in self.segments)) if llr is not None]
        return min(known_llrs, default=None)

    @property
    def strength(self) -> Strength | None:
        """How strongly `evidence_llr` speaks for `verdict`, of an inconclusive party for the side that it is on."""
        llr = self.evidence_llr
        if llr is None:
            return None
        support = {Verdict.BONAFIDE: llr, Verdict.SYNTHETIC: -llr, Verdict.INCONCLUSIVE: abs(llr)}[self.verdict]
        # Logarithms, since an LLR may be too large for its exponential.
        return next((strength for ratio, strength in LEAST_RATIOS if support >= math.log(ratio)), Strength.NONE)

    def __repr__(self) -> str:
        name = f" {self.name}" if self.name else ""
        reason = f" ({self.reason})" if self.reason else ""
        llr = "" if self.llr is None else f", LLR {self.llr:.2f}"
        flagged = "".join(f", {item.start:.1f}-{item.end:.1f} s" for item in self.segments)
        return f"<channel {self.channel}{name}: {self.verdict}{reason}{llr}, {self.speech:.1f} s of speech{flagged}>"


@dataclass(frozen=True, repr=False)
class FileResult(Result):
    """What is said of a recording."""

    path: str
    #: Such as ``WAV/ULAW``.
    format: str | None
    #: In Hz.
    sample_rate: int
    #: In seconds.
    duration: float
    #: Highest frequency with energy, in Hz.
    bandwidth: float | None
    #: Synthetic if any party is, else inconclusive if any is, else bona fide; None with an error.
    verdict: Verdict | None
    #: What was odd in the recording, a line each.
    warnings: tuple[str, ...]
    parties: tuple[PartyResult, ...]
    #: Seconds of `duration` of which there was audio; None for samples that are in no file.
    heard: float | None = None
    #: Seconds that are known to be there and were not heard; None for samples that are in no file.
    unheard: float | None = None
    #: Why `Detector.scan_many` could not screen it, in one line; `Detector.scan` raises it.
    error: str | None = None

    def __repr__(self) -> str:
        if self.error is not None:
            return f"<{self.path}: {self.error}>"
        parties = "".join(f", {party!r}" for party in self.parties)
        return f"<{self.path}: {self.verdict}, {self.duration:.1f} s{parties}>"


def failed(path: str, error: str) -> FileResult:
    """The result of a recording that could not be screened."""
    return FileResult(
        path=path, format=None, sample_rate=0, duration=0.0, bandwidth=None, verdict=None, warnings=(), parties=(), error=error,
    )
