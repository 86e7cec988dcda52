"""The package against the command, and against what callers do wrong."""

from __future__ import annotations

import copy
import dataclasses
import functools
import gc
import json
import math
import os
import pathlib
import pickle
import subprocess
import threading

import numpy as np
import pytest

import bonafide

ROOT = pathlib.Path(__file__).resolve().parents[3]
SAMPLES = ROOT / "samples"
COMMAND = pathlib.Path(os.environ.get("BONAFIDE_COMMAND", ROOT / ".build/release/bonafide"))


@pytest.fixture(scope="module")
def detector() -> bonafide.Detector:
    return bonafide.Detector()


def g711(name: str) -> bytes:
    data = (SAMPLES / name).read_bytes()
    return data[data.index(b"data") + 8 :]


def recordings() -> list[pathlib.Path]:
    return sorted(path for path in SAMPLES.iterdir() if path.suffix in (".wav", ".flac"))


def rounded(number: float | None, places: int) -> float | None:
    """As reports write numbers: halves away from zero."""
    if number is None:
        return None
    return math.copysign(math.floor(abs(number) * 10**places + 0.5) / 10**places, number)


@pytest.mark.skipif(not COMMAND.exists(), reason="the command is not built")
def test_scores_are_those_of_the_command() -> None:
    run = subprocess.run(
        [COMMAND, "scan", "--format", "json", "--timeline", *recordings()], capture_output=True, check=False)
    report = json.loads(run.stdout)
    detector = bonafide.Detector(timeline=True)
    assert report["engine"]["model_sha256"] == detector.model.sha256
    assert report["engine"]["version"] == bonafide.__version__
    assert len(report["files"]) == len(recordings()) > 5
    for expected in report["files"]:
        result = detector.scan(expected["path"])
        assert result.format == expected["format"]
        assert result.sample_rate == expected["sample_rate_hz"]
        assert rounded(result.duration, 3) == expected["duration_s"]
        assert rounded(result.bandwidth, 0) == expected["bandwidth_hz"]
        assert result.verdict.value == expected["verdict"]
        assert list(result.warnings) == expected["warnings"]
        assert len(result.parties) == len(expected["channels"])
        for party, channel in zip(result.parties, expected["channels"]):
            assert party.channel == channel["channel"]
            assert party.verdict.value == channel["verdict"]
            assert (party.reason and party.reason.value) == channel["reason"]
            assert rounded(party.speech, 2) == channel["speech_s"]
            assert rounded(party.llr, 3) == channel["llr"]
            assert rounded(party.synthetic_probability, 6) == channel["synthetic_probability"]
            assert rounded(party.evidence_llr, 3) == channel["evidence_llr"]
            assert (party.strength and party.strength.value) == channel["strength"]
            assert rounded(party.flagged, 2) == channel["flagged_s"]
            assert [
                (rounded(s.start, 2), rounded(s.end, 2), rounded(s.llr, 3), rounded(s.synthetic_probability, 6))
                for s in party.segments
            ] == [(s["start_s"], s["end_s"], s["llr"], s["synthetic_probability"]) for s in channel["segments"]]
            assert party.timeline is not None
            assert [None if math.isnan(x) else rounded(float(x), 2) for x in party.timeline.llr] == \
                channel["timeline"]["llr"]


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


def test_packets_make_the_result_of_a_scan(detector: bonafide.Detector) -> None:
    scanned = detector.scan(SAMPLES / "synthetic-hts.ulaw.wav").parties[0]
    data = g711("synthetic-hts.ulaw.wav")
    stream = detector.stream(8000)
    closed: list[bonafide.Segment] = []
    for start in range(0, len(data), 160):
        update = stream.append_mulaw(data[start : start + 160])
        closed += update.closed
    assert update.time == pytest.approx(len(data) / 8000)
    assert update.llr is not None and update.verdict is bonafide.Verdict.SYNTHETIC
    party = stream.finish()
    assert party.verdict is scanned.verdict
    assert party.llr == pytest.approx(scanned.llr, abs=1e-3)
    assert len(closed) <= len(party.segments)
    with pytest.raises(bonafide.BonafideError) as caught:
        stream.append_mulaw(data)
    assert caught.value.status is bonafide.Status.FINISHED
    stream.reset()
    assert stream.append_missing(8000).time == 1


@pytest.mark.skipif(not COMMAND.exists(), reason="the command is not built")
def test_fast_leaves_the_second_stage_out(detector: bonafide.Detector) -> None:
    path = SAMPLES / "synthetic-hts.ulaw.wav"
    run = subprocess.run([COMMAND, "scan", "--fast", "--format", "json", path], capture_output=True, check=False)
    expected = json.loads(run.stdout)["files"][0]["channels"][0]["llr"]
    fast = bonafide.Detector(fast=True).scan(path).parties[0].llr
    assert rounded(fast, 3) == expected
    assert fast != detector.scan(path).parties[0].llr


@pytest.mark.skipif(not COMMAND.exists(), reason="the command is not built")
def test_precise_is_what_the_command_has() -> None:
    path = SAMPLES / "synthetic-hts.ulaw.wav"
    run = subprocess.run([COMMAND, "scan", "--fast", "--precise", "--format", "json", path], capture_output=True, check=False)
    expected = json.loads(run.stdout)["files"][0]["channels"][0]["llr"]
    precise = bonafide.Detector(fast=True, precise=True).scan(path).parties[0].llr
    assert rounded(precise, 3) == expected
    fast = bonafide.Detector(fast=True).scan(path).parties[0].llr
    assert precise is not None and fast is not None and abs(precise - fast) < 0.02


def test_kinds_of_samples_are_one(detector: bonafide.Detector) -> None:
    data = np.random.default_rng(1).normal(0, 3000, 16000).astype(np.int16)
    floats = data.astype(np.float32) / 32768
    assert detector.score(data, 16000) == detector.score(floats, 16000) == detector.score(floats.astype(float), 16000)
    assert detector.score(np.repeat(floats, 2)[::2], 16000) == detector.score(list(map(float, floats)), 16000)
    assert detector.score(data.astype(">i2"), 16000) == detector.score(floats.astype(">f4"), 16000) == detector.score(data, 16000)
    updates = []
    for samples in (data, data.astype(">i2"), floats, floats.astype(np.float64)):
        updates.append(detector.stream(16000).append(samples))
    assert updates[0] == updates[1] == updates[2] == updates[3]
    codes = bytes(range(256)) * 40
    kinds = (codes, bytearray(codes), memoryview(codes), np.frombuffer(codes, np.uint8), memoryview(codes + codes)[:len(codes)])
    heard = [detector.stream(8000).append_mulaw(samples) for samples in kinds]
    assert all(update == heard[0] for update in heard)
    for nothing in (b"", bytearray(), memoryview(b""), np.empty(0, np.uint8)):
        assert detector.stream(8000).append_alaw(nothing).time == 0


def test_results_do_not_change(detector: bonafide.Detector) -> None:
    result = bonafide.Detector(timeline=True).scan(SAMPLES / "genuine-en.ulaw.wav")
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.verdict = bonafide.Verdict.SYNTHETIC  # type: ignore[misc]
    timeline = result.parties[0].timeline
    assert timeline is not None and timeline.llr.dtype == np.float32
    with pytest.raises(ValueError):
        timeline.llr[0] = 1


def test_bad_input(detector: bonafide.Detector, tmp_path: pathlib.Path) -> None:
    def status(body) -> bonafide.Status:  # type: ignore[no-untyped-def]
        with pytest.raises(bonafide.BonafideError) as caught:
            body()
        assert len(str(caught.value)) > 10
        return caught.value.status

    empty = tmp_path / "empty.wav"
    empty.touch()
    assert status(lambda: detector.scan(tmp_path / "none.wav")) is bonafide.Status.BAD_AUDIO
    assert status(lambda: detector.scan(empty)) is bonafide.Status.BAD_AUDIO
    for rate in (0, -1, 5999, 192001, 2**40):
        assert status(functools.partial(detector.stream, rate)) is bonafide.Status.BAD_RATE
        assert status(functools.partial(detector.score, [], rate)) is bonafide.Status.BAD_RATE
    assert status(lambda: bonafide.Detector(prior=math.nan)) is bonafide.Status.BAD_ARGUMENT
    assert status(lambda: bonafide.Detector(threads=2**40)) is bonafide.Status.BAD_ARGUMENT
    assert status(lambda: bonafide.Detector(raw="mulaw")) is bonafide.Status.BAD_ARGUMENT
    assert status(lambda: bonafide.Detector("none.safetensors")) is bonafide.Status.BAD_MODEL
    assert status(lambda: detector.stream(8000).append_missing(2**70)) is bonafide.Status.BAD_ARGUMENT
    with pytest.raises(ValueError):
        detector.stream(8000).append_missing(-1)
    with pytest.raises(ValueError):
        detector.score(np.zeros((2, 2)), 8000)
    with pytest.raises(TypeError):
        detector.score(np.zeros(4, np.int32), 8000)
    for samples in (np.zeros(4), memoryview(np.zeros(4, np.int16))):
        with pytest.raises(TypeError):
            detector.stream(8000).append_mulaw(samples)  # type: ignore[arg-type]
    for rate in (8000.0, "8000", None):
        with pytest.raises(TypeError):
            detector.stream(rate)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            detector.score([], rate)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            detector.stream(8000).append_missing(rate)  # type: ignore[arg-type]
    for make in (
        lambda: detector.scan("a\0.wav"), lambda: bonafide.Detector("a\0.safetensors"), lambda: bonafide.Detector(raw="ulaw:8000\0"),
    ):
        with pytest.raises(ValueError, match="NUL"):
            make()

    assert detector.score([], 8000).reason is bonafide.Reason.NO_SPEECH
    assert detector.stream(8000).append([math.nan, math.inf, 1e300, 0]).non_numbers == 3


def test_oddities_are_logged(detector: bonafide.Detector, caplog: pytest.LogCaptureFixture) -> None:
    detector.stream(8000).append([math.nan])
    assert [record.name for record in caplog.records] == ["bonafide"]


def test_calls_let_other_threads_run(detector: bonafide.Detector) -> None:
    """A call of some tenths of a second; with the interpreter locked, the other thread would count once or twice."""
    counts = []
    done = threading.Event()

    def count() -> None:
        number = 0
        while not done.wait(0.001):
            number += 1
        counts.append(number)

    thread = threading.Thread(target=count)
    thread.start()
    # Of silence nothing would be computed.
    detector.score(np.random.default_rng(1).normal(0, 0.1, 8000 * 300).astype(np.float32), 8000)
    done.set()
    thread.join()
    assert counts[0] > 20


def test_nothing_of_the_library_has_two_owners(detector: bonafide.Detector) -> None:
    stream = detector.stream(8000)
    for thing in (detector, stream):
        for copying in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError, match="neither copied nor pickled"):
                copying(thing)
    gc.collect()
    assert stream.append_missing(8000).time == 1


def test_detectors_may_go_first() -> None:
    stream = bonafide.Detector().stream(8000)
    gc.collect()
    assert stream.append(np.zeros(160, np.float32)).time == 0.02


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


def test_scan_many_gives_all_as_they_come(detector: bonafide.Detector, tmp_path: pathlib.Path) -> None:
    paths = [*recordings(), tmp_path / "none.wav", "\0"]
    results = {result.path: result for result in detector.scan_many(paths, jobs=3)}
    assert len(results) == len(paths)
    missing = results[str(tmp_path / "none.wav")]
    assert missing.verdict is None and "no such file" in missing.error and "no such file" in repr(missing)
    assert results["\0"].error is not None
    for path in recordings()[:2]:
        assert results[str(path)] == detector.scan(path)
    with pytest.raises(ValueError):
        detector.scan_many(paths, jobs=0)
    iterator = detector.scan_many(recordings() * 50, jobs=2)
    assert next(iterator).error is None
    iterator.close()


def test_what_is_not_there_is_not_found(detector: bonafide.Detector, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "none.wav"
    with pytest.raises(FileNotFoundError) as caught:
        detector.scan(path)
    assert isinstance(caught.value, bonafide.BonafideError) and caught.value.filename == str(path)
    assert caught.value.status == bonafide.Status.BAD_AUDIO


def test_progress_is_told_and_can_end_a_scan(detector: bonafide.Detector) -> None:
    path = SAMPLES / "genuine-es.gsm.wav"
    told: list[float] = []
    result = detector.scan(path, progress=told.append)
    assert told == sorted(told) and told[-1] == pytest.approx(result.duration, abs=0.01)
    with pytest.raises(bonafide.BonafideError) as caught:
        detector.scan(path, progress=lambda seconds: seconds < 3)
    assert caught.value.status == bonafide.Status.CANCELLED

    def fail(seconds: float) -> None:
        raise KeyError(seconds)

    with pytest.raises(KeyError):
        detector.scan(path, progress=fail)


def test_profiles_move_scores(tmp_path: pathlib.Path) -> None:
    model = ROOT / "Models/narrowband.safetensors"
    detector = bonafide.Detector(model)
    path = tmp_path / "our.json"
    path.write_text(json.dumps({
        "schema": "bonafide.profile/1",
        "adjustments": [{
            "model": "narrowband", "model_sha256": detector.model.sha256, "parties": 60, "offset_llr": 0.5, "alarm_llr": -3.5,
        }],
    }))
    moved = bonafide.Detector(model, profile=path)
    assert moved.model.alarm_llr == -3.5
    name = SAMPLES / "synthetic-hts.ulaw.wav"
    assert moved.scan(name).parties[0].llr == pytest.approx(detector.scan(name).parties[0].llr + 0.5, abs=0.01)
    path.write_text("{}")
    with pytest.raises(bonafide.BonafideError) as caught:
        bonafide.Detector(model, profile=path)
    assert caught.value.status == bonafide.Status.BAD_PROFILE


def test_both_models_are_named(detector: bonafide.Detector) -> None:
    assert detector.model.name == "narrowband" and detector.wideband_model.name == "wideband"
    assert detector.wideband_model.sha256 != detector.model.sha256
    assert bonafide.Detector(fast=True).second_stage is None
    only = bonafide.Detector(ROOT / "Models/narrowband.safetensors")
    assert only.wideband_model is None


def test_samples_out_of_range_are_counted_and_told_once(detector: bonafide.Detector, caplog: pytest.LogCaptureFixture) -> None:
    samples = np.frombuffer(np.random.default_rng(1).normal(0, 3000, 16000).astype(np.int16).tobytes(), np.int16)
    with caplog.at_level("WARNING", "bonafide"):
        party = detector.score(samples.astype(np.float64), 8000)
        assert party.out_of_range > 15000 and party.verdict is not bonafide.Verdict.BONAFIDE
        stream = detector.stream(8000)
        for _ in range(3):
            update = stream.append(samples.astype(np.float32))
    assert update.out_of_range == 3 * party.out_of_range
    assert len([record for record in caplog.records if "32768" in record.message]) == 2


def test_with_frees() -> None:
    with bonafide.Detector() as detector, detector.stream(8000) as stream:
        stream.append(np.zeros(80, np.float32))
    for use in (lambda: detector.model, lambda: stream.append(np.zeros(80, np.float32))):
        with pytest.raises(bonafide.BonafideError) as caught:
            use()
        assert caught.value.status == bonafide.Status.BAD_HANDLE
    detector.close()
