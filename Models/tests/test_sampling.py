"""Pairs are drawn so that neither source nor line tells the class."""

import collections

import numpy as np
import pytest
import soundfile

from bonafide_models.data import clips, protocol
from bonafide_models.data.sampling import LEAST_LINE, Sampler, Table, has_band, learned_from, on_line
from bonafide_models.lines import codecs
from made import row

RATE = 8000


def drawn(sampler, count=400, easy=False):
    rng = np.random.default_rng(3)
    return [sampler.pair(rng, easy) for _ in range(count)]


def test_telephone_speech_is_told_by_kind_rate_or_note():
    assert on_line({"kind": "phone"})
    assert on_line({"source_rate": "8000"})
    assert on_line({"note": "a phone call with a bot"})
    assert not on_line({"kind": "read", "source_rate": "16000", "note": ""})


def test_a_wideband_network_is_not_asked_about_narrowband_clips():
    assert has_band({"bandwidth_hz": "4000"}, 8000)
    assert not has_band({"bandwidth_hz": "4000"}, 16000)
    assert has_band({"bandwidth_hz": ""}, 16000)


def test_dev_short_clips_and_excluded_speakers_are_not_learned_from():
    rows = [
        row("a", "bonafide", "s", "train"),
        row("b", "bonafide", "s", "dev"),
        row("c", "bonafide", "s", "train", count=RATE // 2),
        row("d", "bonafide", "s", "train", speaker="Allison"),
    ]
    assert learned_from(rows, "alli", RATE) == [0, 3]
    assert learned_from(rows, "Alli", RATE) == [0]


def test_a_source_weighs_by_the_root_of_its_size_and_its_systems_evenly():
    rows = [row(str(i), "spoof", "large", "train", system="common" if i < 12 else "rare") for i in range(16)]
    rows += [row(str(i), "spoof", "small", "train") for i in range(16, 20)]
    chance = np.diff(Table(rows, range(20)).cumulative, prepend=0)
    assert chance[:16].sum() == pytest.approx(2 * chance[16:].sum())
    assert chance[:12].sum() == pytest.approx(chance[12:16].sum())


def test_matched_pairs_are_of_one_source_and_copies_go_with_their_originals():
    rows = [
        row(f"{source}{label}{k}", label, source, "train")
        for source in "ab"
        for label in ("bonafide", "spoof")
        for k in range(3)
    ]
    rows += [row("copy", "spoof", "a", "train", kind="copy", note="abonafide1")]
    sampler = Sampler(rows, "", RATE)
    assert sampler.modes == ["matched", "copy", "free"]
    assert sampler.names == ["a", "b"]
    pairs = drawn(sampler)
    for genuine, spoof, classic in pairs:
        assert rows[genuine]["label"] == "bonafide" and rows[spoof]["label"] == "spoof" and not classic
        if rows[spoof]["kind"] == "copy":
            assert rows[genuine]["file"] == rows[spoof]["note"]
    shares = collections.Counter(
        "copy" if rows[s]["kind"] == "copy" else rows[g]["source"] == rows[s]["source"] for g, s, _ in pairs
    )
    # 18 of 68 are copies; free pairs are of one source half of the time.
    assert shares["copy"] / 400 == pytest.approx(18 / 68, abs=0.06)
    assert shares[False] / 400 == pytest.approx(16 / 68 / 2, abs=0.05)


def test_pairs_of_lines_take_enough_of_both_classes():
    rows = [
        row(f"{label}{k}", label, label, "train", kind=kind)
        for label in ("bonafide", "spoof")
        for kind in ("phone", "read")
        for k in range(LEAST_LINE)
    ]
    sampler = Sampler(rows, "", RATE)
    assert sampler.modes == ["line", "free"]
    assert all(rows[g]["kind"] == rows[s]["kind"] for g, s, _ in drawn(sampler))
    assert "line" not in Sampler(rows[1:], "", RATE).modes


def test_classic_voices_are_marked():
    rows = [
        row("g", "bonafide", "a", "train"),
        row("s", "spoof", "b", "train"),
        row("c", "spoof", "b", "train", kind="classic"),
    ]
    assert all(classic for _, spoof, classic in drawn(Sampler(rows, "", RATE)) if spoof == 2 and classic)
    assert any(classic for _, _, classic in drawn(Sampler(rows, "", RATE)))
    assert not any(classic for _, _, classic in drawn(Sampler(rows, "", RATE), easy=True))


def test_voices_of_neural_engines_are_drawn_with_the_classic_ones():
    rows = [
        row("a", "bonafide", "a", "train"),
        row("b", "spoof", "b", "train"),
        row("c", "spoof", "pypi-kokoro", "train", kind="tts"),
    ]
    classic = [spoof for _, spoof, classic in drawn(Sampler(rows, "", RATE)) if classic]
    assert classic and set(classic) == {2}


def test_so_many_rows_of_a_source_and_class_are_kept_in_their_order():
    rows = [{"file": f"{i}", "source": "ab"[i % 2], "label": "spoof" if i < 30 else "bonafide"} for i in range(40)]
    few = protocol.few(rows, 4)
    assert [row["file"] for row in few] == sorted((row["file"] for row in few), key=int)
    cells = collections.Counter((row["source"], row["label"]) for row in few)
    assert set(cells.values()) == {4} and len(cells) == 4
    assert protocol.few(rows, 0) == rows and protocol.few(rows, 99) == rows


def test_a_cache_may_have_one_codec_a_clip(tmp_path, monkeypatch):
    # Codecs that only mark what they had.
    marks = {name: lambda x, k=k: x + k + 1 for k, name in enumerate(codecs.TRAINED[RATE])}
    monkeypatch.setattr(codecs, "through_trained", lambda name, x, rate: marks[name](x))
    lines = ["file\tlabel\tsource"]
    for i in range(30):
        soundfile.write(tmp_path / f"{i}.wav", np.full((i + 1) * 400, 1000 + i, np.int16), RATE)
        lines.append(f"{i}.wav\tspoof\ta")
    (tmp_path / "protocol.tsv").write_text("\n".join(lines) + "\n")
    rows = protocol.read_rows(tmp_path / "protocol.tsv")
    clips.write(tmp_path, rows, [clips.beginning(tmp_path / row["file"], RATE, 1) for row in rows], RATE)

    class Pool:
        imap = staticmethod(map)

    clips.send_through_one(tmp_path, RATE, Pool())
    cache = clips.Cache(tmp_path)
    (name,) = cache.arrays.keys() - {""}
    assert max(row["count"] for row in cache.rows) == RATE
    changes = [np.unique(cache.clip(row, name).astype(int) - cache.clip(row)) for row in cache.rows]
    assert all(len(change) == 1 for change in changes)
    assert {int(change[0]) for change in changes} == {k + 1 for k in range(len(marks))}
