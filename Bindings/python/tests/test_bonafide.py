"""The package against the command."""

from __future__ import annotations

import json
import math
import os
import pathlib
import subprocess
import threading

import numpy as np
import pytest

import bonafide

ROOT = pathlib.Path(__file__).resolve().parents[3]
SAMPLES = ROOT / "samples"
COMMAND = pathlib.Path(os.environ.get("BONAFIDE_COMMAND", ROOT / ".build/release/bonafide"))


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
    # What docs/scan.md says that rounding differs by at most.
    assert precise is not None and fast is not None and abs(precise - fast) < 0.15


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
    # Of eleven seconds of speech an offset counts for a little less than of an hour.
    assert moved.scan(name).parties[0].llr == pytest.approx(detector.scan(name).parties[0].llr + 0.5, abs=0.05)
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
