"""Which clips are copies of which is found by ear."""

import numpy as np
import pytest
import soundfile

pytest.importorskip("librosa")

from bonafide_models.data import pairs, protocol

RATE, COUNT = 16000, 48000


def voice(seed):
    """Tones and pauses of its own."""
    rng, steps = np.random.default_rng(seed), COUNT // 30
    loudness = np.repeat(rng.uniform(0, 1, 30) ** 2, steps)
    tones = [np.sin(2 * np.pi * np.cumsum(np.repeat(rng.uniform(200, 3500, 30), steps)) / RATE) for _ in range(2)]
    return 0.2 * loudness * (tones[0] + tones[1]) + 0.001 * rng.normal(size=COUNT)


@pytest.fixture
def page(tmp_path):
    """Two recordings, a copy of the second with other noise and a little later, a clip of other words, a short one."""
    first, second = voice(1), voice(2)
    late = 0.5 * np.concatenate([np.zeros(800), second])[:COUNT] + 0.002 * np.random.default_rng(3).normal(size=COUNT)
    sounds = {"a": first, "b": second, "copy": late, "other": voice(4), "short": second[:8000]}
    rows = []
    for name, samples in sounds.items():
        soundfile.write(tmp_path / f"{name}.wav", samples, RATE)
        label, kind = ("bonafide", "read") if name in "ab" else ("spoof", "vocoder")
        row = {"file": f"{name}.wav", "label": label, "kind": kind, "source": "page", "system": "page:vocoder"}
        rows.append(row | {"split": "train", "note": "-"})
    return rows


def test_a_copy_has_its_original(page, tmp_path):
    (found,) = pairs.pairs_of(page, str(tmp_path))
    assert (found["file"], found["note"], found["kind"]) == ("copy.wav", "b.wav", "copy")
    assert (found["label"], found["source"]) == ("spoof", "page#vocoder")


def test_a_page_without_recordings_has_none(page, tmp_path):
    assert pairs.pairs_of([row for row in page if row["label"] == "spoof"], str(tmp_path)) == []


def test_the_table_has_pages_of_vocoders_alone(page, tmp_path, monkeypatch):
    others = [row | {"source": "speech", "kind": row["kind"].replace("vocoder", "tts")} for row in page]
    table, out = str(tmp_path / "protocol.tsv"), str(tmp_path / "pairs.tsv")
    protocol.write_rows(table, page + others)
    monkeypatch.setattr("sys.argv", ["pairs", table, out, "--jobs", "1"])
    pairs.main()
    assert [row["source"] for row in protocol.read_rows(out)] == ["page#vocoder"]
