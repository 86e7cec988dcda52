"""Error rates, calibration and operating points on scores whose answer is known."""

import numpy as np
import pytest

from bonafide_models import calibration, metrics

LETTERS = np.linspace(0, 1, 101)


def test_scores_that_part_the_classes_have_no_errors():
    assert metrics.eer(np.array([1.0, 2, 3]), np.array([-1.0, 0])) == 0
    assert metrics.miss_at(np.array([1.0, 2, 3]), np.array([-1.0, 0]), 0.01) == 0


def test_the_same_scores_in_both_classes_are_chance():
    assert metrics.eer(LETTERS, LETTERS) == pytest.approx(0.5)


def test_the_rate_is_read_off_the_hull():
    # (0, 1/4) and (1/4, 0) are points of the ROC; the line between them has both rates at 1/8.
    assert metrics.eer(np.array([0.0, 2, 3, 4]), np.array([-2.0, -1, -0.5, 1])) == pytest.approx(1 / 8)


def test_a_class_that_is_empty_has_no_rate():
    assert np.isnan(metrics.eer(np.array([]), LETTERS))


def test_only_sources_with_both_classes_are_matched():
    rows = [
        {"source": s, "label": label}
        for s, label in [("a", "bonafide")] * 4 + [("a", "spoof")] * 4 + [("b", "spoof")] * 9
    ]
    # Source b is all wrong, and does not count.
    assert metrics.matched_eer(rows, [1] * 4 + [0] * 4 + [9] * 9) == 0
    assert np.isnan(metrics.matched_eer(rows[:4], [1] * 4))


def test_cllr_of_scores_that_say_nothing_is_one_bit():
    assert metrics.cllr([0, 0], [0, 0]) == pytest.approx(1)
    assert metrics.min_cllr(np.array([5.0, 6]), np.array([1.0, 2])) == pytest.approx(0, abs=1e-6)
    assert metrics.min_cllr(LETTERS, LETTERS) == pytest.approx(1)


def test_calibration_finds_the_line_that_made_the_scores():
    rng, count = np.random.default_rng(0), 20_000
    label = np.repeat([1, 0], count)
    llr = np.where(label == 1, 1, -1) * 2 + 2 * rng.standard_normal(2 * count)  # variance 2 · mean: these are LLRs
    slope, offset, half = calibration.calibrate([(llr - 0.6) / 1.5], [label], [np.full(2 * count, 100.0)])
    trust = 100 / (100 + half)
    assert slope * trust == pytest.approx(1.5, rel=0.05)
    assert offset * trust == pytest.approx(0.6, abs=0.1)


def test_scores_without_an_error_get_a_slope_that_their_number_allows():
    raw, label = np.linspace(-2, 2, 20), np.repeat([0, 1], 10)
    slope, offset, half = calibration.calibrate([raw], [label], [np.full(20, 4.0)])
    llr = (slope * raw + offset) * 4 / (4 + half)
    assert llr[0] < -2 < 2 < llr[-1] and np.abs(llr).max() < 10


def test_points_are_those_of_the_stricter_set():
    genuine, spoof = np.linspace(-1, 5, 1000), np.linspace(-6, 2, 1000)
    sets = [(np.concatenate([genuine + shift, spoof + shift]), np.repeat([1, 0], 1000)) for shift in (0, -1)]
    points = calibration.operating_points(sets)
    flagged, cleared = [], []
    for llr, label in sets:
        flagged.append((llr[label == 1] <= points["alarm_llr"]).mean())
        cleared.append((llr[label == 0] >= points["clear_llr"]).mean())
    assert max(flagged) == pytest.approx(0.01, abs=0.0011)
    assert max(cleared) == pytest.approx(0.05, abs=0.0011)


def test_points_do_not_cross_where_the_classes_lie_apart():
    llr, label = np.concatenate([np.linspace(-9, -4, 50), np.linspace(2, 7, 50)]), np.repeat([0, 1], 50)
    points = calibration.operating_points([(llr, label)])
    assert -4 < points["alarm_llr"] < points["clear_llr"] < 2


def test_clips_of_one_voice_are_joined_to_parties():
    rows = [
        {"source": "s", "label": "bonafide", "speaker": who, "system": "-", "count": 5 * 8000}
        for who in ("a", "a", "b", "a", "a")
    ]
    parties = calibration.parties(rows, 8000, 12)
    assert [len(p["parts"]) for p in parties] == [3]
    assert parties[0]["count"] == 15 * 8000
