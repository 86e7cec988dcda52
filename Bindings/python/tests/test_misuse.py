"""What callers do wrong, and what becomes of it."""

from __future__ import annotations

import copy
import functools
import gc
import math
import pathlib
import pickle

import numpy as np
import pytest

import bonafide


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


def test_what_is_not_there_is_not_found(detector: bonafide.Detector, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "none.wav"
    with pytest.raises(FileNotFoundError) as caught:
        detector.scan(path)
    assert isinstance(caught.value, bonafide.BonafideError) and caught.value.filename == str(path)
    assert caught.value.status == bonafide.Status.BAD_AUDIO


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


def test_with_frees() -> None:
    with bonafide.Detector() as detector, detector.stream(8000) as stream:
        stream.append(np.zeros(80, np.float32))
    for use in (lambda: detector.model, lambda: stream.append(np.zeros(80, np.float32))):
        with pytest.raises(bonafide.BonafideError) as caught:
            use()
        assert caught.value.status == bonafide.Status.BAD_HANDLE
    detector.close()
