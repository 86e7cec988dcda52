import glob
import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from bonafide_models import sound
from bonafide_models.data import protocol
from bonafide_models.evaluation import calls, splices
from bonafide_models.lines import codecs, line_sounds
from made import voice

MODULE = "bonafide_models.evaluation.calls"
RATE = line_sounds.RATE
COUNT = 4


def run(corpus, out, *arguments):
    options = ["--calls", str(COUNT), "--codec", "plain", *map(str, arguments)]
    return subprocess.run([sys.executable, "-m", MODULE, corpus, str(out), *options], capture_output=True, text=True)


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    folder = tmp_path_factory.mktemp("music")
    sound.write(
        os.path.join(folder, "piece.wav"), line_sounds.at_level(line_sounds.tones((330, 660), 20 * RATE), -20), RATE
    )
    return str(folder)


@pytest.fixture(scope="module")
def made(corpus, music, tmp_path_factory):
    out = tmp_path_factory.mktemp("made")
    done = run(corpus, out, "--split", "dev", "--music", music)
    assert done.returncode == 0, done.stderr
    return out


def stretches(path):
    found = {}
    for line in open(path):
        kind, name, channel, start, duration, _, _, label, *_ = line.split()
        assert kind == "SPEAKER"
        found.setdefault((name, int(channel)), []).append((float(start), float(start) + float(duration), label))
    return found


def name_of(row):
    return os.path.splitext(os.path.basename(row["file"]))[0]


def test_a_row_a_party_with_what_it_promises(made):
    rows = protocol.read_rows(made / "protocol.tsv")
    assert [(name_of(r), r["channel"]) for r in rows] == [
        (f"call-{i:04d}", c) for i in range(1, COUNT + 1) for c in "12"
    ]
    truth = stretches(made / "truth.rttm")
    for r in rows:
        assert r["label"] == ("bonafide" if r["kind"] == "genuine" else "spoof")
        assert (r["splice"] in splices.METHODS) == (r["kind"] == "spliced")
        assert float(r["speech_s"]) >= 10
        said = sum(b - a for a, b, _ in truth.get((name_of(r), int(r["channel"])), []))
        assert abs(said - float(r["synthetic_s"])) < 0.1
        assert (said > 0) == (r["kind"] != "genuine")


def test_calls_are_stereo_ulaw_of_one_to_three_minutes(made):
    files = glob.glob(str(made / "calls" / "*.wav"))
    assert len(files) == COUNT
    for file in files:
        info = soundfile.info(file)
        assert (info.samplerate, info.channels, info.subtype) == (8000, 2, "ULAW")
        assert 60 <= info.duration <= 180


def test_stretches_lie_in_the_file_and_no_party_speaks_twice_at_once(made):
    for truth in ("truth.rttm", "speech.rttm"):
        for (name, _), found in stretches(made / truth).items():
            seconds = soundfile.info(made / "calls" / f"{name}.wav").duration
            found.sort()
            assert all(0 <= a < b <= seconds for a, b, _ in found)
            assert all(b <= c + 0.0011 for (_, b, _), (c, _, _) in itertools.pairwise(found))


def test_truth_is_the_synthetic_part_of_the_speech(made):
    synthetic = [line for line in open(made / "speech.rttm") if " synthetic " in line]
    assert synthetic == list(open(made / "truth.rttm"))


@pytest.fixture(scope="module")
def planned(corpus, music):
    """Calls before noise and codec, and their channels."""
    cast, pieces, made = (
        calls.Cast(protocol.read_rows(corpus), os.path.dirname(corpus)),
        line_sounds.HoldMusic(music),
        [],
    )
    for i, kind in enumerate(["genuine", "synthetic", "spliced", "spliced", "spliced", "spliced"]):
        rng = np.random.default_rng(i)
        first = cast.party(kind, rng)
        call = calls.planned([first, cast.party("genuine", rng, first)], rng, pieces)
        made.append((call, calls.rendered(call, rng)))
    return made


def test_channels_are_silent_where_nobody_speaks_and_loud_where_somebody_does(planned):
    for call, channels in planned:
        for party in (0, 1):
            silent = np.ones(channels.shape[1], bool)
            for start, stop, _ in calls.stretches(call, party):
                silent[start:stop] = False
                assert np.abs(channels[party, start:stop]).max() > 0
            for interlude in call.interludes:
                if interlude.party == party:
                    at = round(interlude.start * RATE)
                    assert silent[at : at + len(interlude.samples)].all()
                    silent[at : at + len(interlude.samples)] = False
            assert not np.any(channels[party, silent])


def test_nobody_speaks_during_hold_music(planned):
    assert any(call.interludes for call, _ in planned)
    for call, _ in planned:
        for interlude in call.interludes:
            for turn in call.turns:
                assert (
                    turn.start >= interlude.start + interlude.duration or turn.start + turn.duration <= interlude.start
                )


def test_parties_overlap_now_and_then_but_are_whole(planned):
    overlaps = 0
    for call, _ in planned:
        assert sorted(len(u.samples) for p in call.parties for u in p.utterances) == sorted(
            len(u.samples) for t in call.turns for u in t.utterances
        )
        overlaps += sum(b.start < a.start + a.duration for a, b in zip(call.turns, call.turns[1:]))
    assert overlaps


@pytest.mark.parametrize("method", splices.METHODS)
def test_splice_puts_the_stretch_where_it_says(method):
    rng = np.random.default_rng(1)
    host, tone = voice(rng, 3, RATE), [0.05 * np.sin(2 * np.pi * 3500 * np.arange(4 * RATE) / RATE)] * 3
    for seed in range(5):
        y, start, stop = splices.spliced(host, tone, method, RATE, np.random.default_rng(seed))
        longest = splices.WORD if method == "word" else splices.MOST
        assert 0.5 <= (stop - start) / RATE <= longest + 2 * splices.NEAR and 0 <= start < stop <= len(y)
        band = np.abs(np.fft.irfft(np.where(np.fft.rfftfreq(len(y), 1 / RATE) > 3400, np.fft.rfft(y), 0), len(y)))
        loud = np.flatnonzero(np.convolve(band, np.ones(80) / 80, "same") > 0.3 * np.quantile(band[start:stop], 0.5))
        if method != "matched":
            assert abs(loud[0] - start) < 0.03 * RATE and abs(loud[-1] - stop) < 0.03 * RATE
        assert abs(len(y) - len(host) - (stop - start)) < 0.05 * RATE


def test_matched_stretch_has_level_and_spectrum_of_the_host():
    host, other = voice(np.random.default_rng(1), 3, RATE), voice(np.random.default_rng(2), 3, RATE) * 0.2
    y = splices.matched(other, host, RATE)
    distance = lambda a: np.std(
        (sound.decibels(sound.spectrum(a, RATE, 33)) - sound.decibels(sound.spectrum(host, RATE, 33)))[2:-2]
    )
    assert abs(sound.speech_level(y, RATE) - sound.speech_level(host, RATE)) < 0.1
    assert distance(y) < 0.7 * distance(other)


def test_same_seed_same_bytes(corpus, music, made, tmp_path):
    assert run(corpus, tmp_path, "--split", "dev", "--music", music).returncode == 0
    for file in [
        "protocol.tsv",
        "truth.rttm",
        "speech.rttm",
        *(f"calls/call-{i:04d}.wav" for i in range(1, COUNT + 1)),
    ]:
        assert (tmp_path / file).read_bytes() == (made / file).read_bytes()


def test_mono_holds_both_parties_on_one_channel(corpus, tmp_path):
    assert run(corpus, tmp_path, "--mono", "--calls", 2).returncode == 0
    assert {soundfile.info(f).channels for f in glob.glob(str(tmp_path / "calls" / "*.wav"))} == {1}
    assert {r["channel"] for r in protocol.read_rows(tmp_path / "protocol.tsv")} == {"1"}
    for found in stretches(tmp_path / "truth.rttm").values():
        found.sort()
        assert all(b <= c for (_, b, _), (c, _, _) in itertools.pairwise(found))


def test_missing_encoder_is_one_line(corpus, tmp_path):
    if codecs.missing("ilbc") is None:
        pytest.skip("iLBC is there")
    done = run(corpus, tmp_path, "--codec", "ilbc")
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and done.stderr.startswith("ilbc: not used: ")


def test_too_little_speech_is_said(corpus, tmp_path):
    rows = protocol.read_rows(corpus)[:2]
    protocol.write_rows(
        tmp_path / "few.tsv", [dict(r, file=os.path.join(os.path.dirname(corpus), r["file"])) for r in rows]
    )
    done = run(str(tmp_path / "few.tsv"), tmp_path / "out")
    assert done.returncode == 1 and "with 10 s of speech" in done.stderr
