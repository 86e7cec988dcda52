"""Results as values: what they say, and that they do not change."""

from __future__ import annotations

import dataclasses
import json
import math
import pathlib

import numpy as np
import pytest

import bonafide

SAMPLES = pathlib.Path(__file__).resolve().parents[3] / "samples"


def test_strength_is_in_words_of_the_guideline(detector: bonafide.Detector) -> None:
    party = detector.score([], 8000)
    assert (party.llr, party.evidence_llr, party.strength, party.flagged) == (None, None, None, 0)

    def strength(verdict: bonafide.Verdict, llr: float, *segments: float) -> str:
        stretches = tuple(bonafide.Segment(0, 2, segment, 0.9) for segment in segments)
        return str(dataclasses.replace(party, verdict=verdict, llr=llr, segments=stretches).strength)

    words = ["none", "weak", "moderate", "moderately_strong", "strong", "very_strong", "extremely_strong"]
    ratios = [1.9, 2.1, 11, 101, 1_001, 10_001, 1e6 + 1]
    for word, llr in zip(words, map(math.log, ratios)):
        assert strength(bonafide.Verdict.BONAFIDE, llr) == strength(bonafide.Verdict.SYNTHETIC, -llr) == word
        assert strength(bonafide.Verdict.INCONCLUSIVE, llr) == strength(bonafide.Verdict.INCONCLUSIVE, -llr) == word
        assert strength(bonafide.Verdict.SYNTHETIC, 3, -llr) == word and strength(bonafide.Verdict.BONAFIDE, -llr) == "none"


def test_results_do_not_change(detector: bonafide.Detector) -> None:
    result = bonafide.Detector(timeline=True).scan(SAMPLES / "genuine-en.ulaw.wav")
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.verdict = bonafide.Verdict.SYNTHETIC  # type: ignore[misc]
    timeline = result.parties[0].timeline
    assert timeline is not None and timeline.llr.dtype == np.float32
    with pytest.raises(ValueError):
        timeline.llr[0] = 1


def test_results_go_through_json() -> None:
    result = bonafide.Detector(timeline=True, channel_names=["agent", ""]).scan(SAMPLES / "call-agent-caller.ulaw.wav")
    decoded = json.loads(result.to_json())
    assert decoded == result.to_dict()
    assert decoded["verdict"] == "synthetic" and decoded["path"].endswith("call-agent-caller.ulaw.wav")
    agent, caller = decoded["parties"]
    assert agent["name"] == "agent" and caller["name"] is None
    assert caller["segments"][0]["start"] == result.parties[1].segments[0].start
    assert None in caller["timeline"]["llr"] and len(caller["timeline"]["llr"]) == len(result.parties[1].timeline.llr)
    assert caller["model"] == "narrowband" and caller["echo"] == 0
    stream = bonafide.Detector().stream(8000)
    assert json.loads(stream.append(np.zeros(800, np.int16)).to_json())["reason"] == "no_speech"


def test_results_can_be_read() -> None:
    result = bonafide.Detector(channel_names=["agent"]).scan(SAMPLES / "call-agent-caller.ulaw.wav")
    text = repr(result)
    assert "\n" not in text and "synthetic" in text and "channel 1 agent: " in text and "LLR" in text
    assert str(bonafide.Verdict.SYNTHETIC) == "synthetic" == f"{bonafide.Verdict.SYNTHETIC}"
    assert bonafide.Verdict.SYNTHETIC == "synthetic" and str(bonafide.Reason.TOO_DISTORTED) == "too_distorted"
