import re
import subprocess
import sys

import numpy as np
import pytest

from bonafide_models import sound
from bonafide_models.data import protocol
from bonafide_models.evaluation import gate, logistic

MODULE = "bonafide_models.evaluation.gate"


def run(*arguments):
    done = subprocess.run([sys.executable, "-m", MODULE, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def table(path, columns, count=400, sources=10):
    rng = np.random.default_rng(0)
    rows = []
    for i in range(count):
        label = "bonafide" if rng.random() < 0.5 else "spoof"
        rows.append(
            {"file": f"{i}.wav", "label": label, "source": f"s{i % sources}", "split": "dev", **columns(rng, label)}
        )
    protocol.write_rows(path, rows)
    return rows


def scores(path, rows, value, extension=".wav"):
    path.write_text("file\tscore\n" + "".join(f"{protocol.stem(r['file'])}{extension}\t{value(r):.6f}\n" for r in rows))
    return path


def test_metadata_that_betrays_the_class_is_seen(tmp_path):
    table(
        tmp_path / "p.tsv",
        lambda rng, label: {
            "source_rate": "16000" if label == "bonafide" else "22050",
            "source_codec": "flac",
            "bandwidth_hz": "8000",
            "duration_s": f"{rng.uniform(1, 4):.2f}",
        },
    )
    lines = {
        line.split("  ")[0]: line.split()[-3:]
        for line in run("metadata", tmp_path / "p.tsv", "--split", "dev").splitlines()[2:]
    }
    assert lines["rate"][:2] == ["0.0%", "0.0%"]
    assert all(float(lines["duration"][i].rstrip("%")) > 40 for i in (0, 1))


def test_held_out_rows_are_not_learnt_from():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 20)
    y = np.repeat(rng.random(20) < 0.5, 20)
    odds = logistic.held_out({"group": groups.astype(str)}, y, groups, 10, rng)
    assert np.all(odds == 0)


def test_logistic_finds_a_band_in_the_middle():
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 1, 2000)
    y = (x > 0.4) & (x < 0.6)
    columns = logistic.Columns({"x": x})
    assert gate.auc(columns.matrix({"x": x}) @ logistic.fitted(columns.matrix({"x": x}), y), y) > 0.9


def test_auc_and_its_ties():
    positive = np.array([True, True, False, False])
    assert gate.auc(np.array([2.0, 3.0, 0.0, 1.0]), positive) == 1
    assert gate.auc(np.zeros(4), positive) == 0.5


def test_change_between_conditions(tmp_path):
    rows = table(tmp_path / "p.tsv", lambda rng, label: {})
    truth = lambda r: 2.0 if r["label"] == "bonafide" else -2.0
    plain = scores(tmp_path / "plain.tsv", rows, truth)
    other = scores(tmp_path / "other.tsv", rows, lambda r: truth(r) - 3, ".flac")
    out = run("change", tmp_path / "p.tsv", plain, other)
    assert "400 clips" in out and "all        -3.000          3.000                     3.000" in out
    assert [line.split()[-1] for line in out.splitlines() if line.startswith(("bona fide", "spoof"))] == [
        "100.0%",
        "0.0%",
    ]
    assert "pooled        0.0%     0.0%    +0.0" in out


def test_duration_table(tmp_path):
    rows = table(tmp_path / "p.tsv", lambda rng, label: {})
    good = scores(tmp_path / "4.tsv", rows, lambda r: float(r["label"] == "bonafide"))
    bad = scores(tmp_path / "1.tsv", rows, lambda r: float(r["label"] != "bonafide"))
    lines = run("duration", tmp_path / "p.tsv", f"1={bad}", f"4={good}").splitlines()
    assert lines[-2].split() == ["1", "50.0%", "50.0%"] and lines[-1].split() == ["4", "0.0%", "0.0%"]


def test_a_model_that_hears_the_level_is_found_out(tmp_path):
    rows, rng = table(tmp_path / "p.tsv", lambda rng, label: {}, count=120, sources=6), np.random.default_rng(1)
    levels = {r["file"]: rng.uniform(-40, -15) for r in rows}
    for file, level in levels.items():
        sound.write(str(tmp_path / file), rng.standard_normal(gate.RATE // 4) * 10 ** (level / 20), gate.RATE)
    path = scores(tmp_path / "s.tsv", rows, lambda r: levels[r["file"]] + 27)
    found = {
        line[:32].strip(): re.findall(r"([0-9.]+)%", line)
        for line in run("channel", tmp_path / "p.tsv", path).splitlines()[2:]
    }
    calls_pooled, calls_matched, truth_pooled, truth_matched = map(float, found["level"])
    assert calls_pooled > 95 and calls_matched > 95
    assert 30 < truth_pooled < 70 and 30 < truth_matched < 70
    assert float(found["bandwidth"][0]) < 70


def test_looks_of_a_known_signal():
    rng = np.random.default_rng(0)
    x = (
        np.fft.irfft(
            np.where(np.fft.rfftfreq(64000, 1 / gate.RATE) < 3000, np.fft.rfft(rng.standard_normal(64000)), 0), 64000
        )
        * 0.05
    )
    assert abs(gate.bandwidth(x) - 3000) < 150
    x[:16000] *= 0.001
    assert abs(gate.noise_floor(x) + 60) < 2


@pytest.mark.parametrize(
    "content, message", [("", "no line has a file and a score"), ("a.wav\tnan\n", "no line has a file and a score")]
)
def test_empty_scores_are_said(tmp_path, content, message):
    (tmp_path / "s.tsv").write_text(content)
    with pytest.raises(SystemExit, match=message):
        protocol.read_scores(tmp_path / "s.tsv")
