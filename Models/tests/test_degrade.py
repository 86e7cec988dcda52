import dataclasses
import os
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from bonafide_models import sound
from bonafide_models.data import protocol
from bonafide_models.evaluation import degrade
from bonafide_models.lines import codecs
from made import WIDE as RATE
from made import voice

MODULE = "bonafide_models.evaluation.degrade"
SPEECH = voice(np.random.default_rng(3), 4)


def run(*arguments):
    """The command in a process of its own."""
    return subprocess.run([sys.executable, "-m", MODULE, *map(str, arguments)], capture_output=True, text=True)


def called(monkeypatch, *arguments):
    """The command in this process, which has tried the encoders already."""
    monkeypatch.setattr(sys, "argv", [MODULE, *map(str, arguments)])
    return degrade.main()


def through(name, x=SPEECH, seed=0, clip="clip"):
    condition = degrade.Condition(name)
    return degrade.degraded(condition, [x], RATE, [clip], seed)[0], condition.rate


def late(name):
    """Milliseconds by which the condition delays speech."""
    y, rate = through(name)
    return 1000 * codecs.delay(sound.resampled(SPEECH, RATE, rate), y, rate) / rate


def there(name):
    return pytest.param(
        name, marks=pytest.mark.skipif(codecs.missing(name) is not None, reason=str(codecs.missing(name)))
    )


@pytest.mark.parametrize("name", [there(n) for n in codecs.CODECS])
def test_codec_keeps_place_length_and_level(name):
    y, rate = through(name)
    x = sound.resampled(SPEECH, RATE, rate)
    assert abs(1000 * codecs.delay(x, y, rate) / rate) <= 2
    assert len(y) == len(x)
    assert abs(sound.speech_level(y, rate) - sound.speech_level(x, rate)) < 3
    assert not np.array_equal(sound.quantised(x), sound.quantised(y))


@pytest.mark.parametrize(
    "name", ["loss5", "loss10", "noise20", "noise5", "room", "handset", "clip", "gain+12", "gain-12"]
)
def test_effect_keeps_place_and_length(name):
    assert late(name) == 0
    y, rate = through(name)
    assert len(y) == len(SPEECH) * rate // RATE


def test_same_seed_same_samples_and_other_seed_others():
    for name in ("noise10", "room", "loss10", "pad", "gsm+loss5"):
        assert np.array_equal(through(name)[0], through(name)[0])
        assert not np.array_equal(through(name)[0][:8000], through(name, seed=1)[0][:8000])
        assert not np.array_equal(through(name)[0][:8000], through(name, clip="another")[0][:8000])


@pytest.mark.parametrize(
    "name, parts, rate",
    [
        ("gsm+ulaw", ["gsm", "ulaw"], 8000),
        ("gain+12", ["gain+12"], 16000),
        ("gain-12+speed+3", ["gain-12", "speed+3"], 16000),
        ("opus12+gsm", ["opus12", "gsm"], 8000),
        ("g722+gain+12+mp3-16", ["g722", "gain+12", "mp3-16"], 16000),
    ],
)
def test_names_are_taken_apart(name, parts, rate):
    condition = degrade.Condition(name)
    assert condition.parts == parts and condition.rate == rate


def test_unknown_condition_is_named(monkeypatch, capsys):
    with pytest.raises(SystemExit, match="2"):
        called(monkeypatch, "nowhere.tsv", "out", "--condition", "gsm+telepathy")
    assert "'telepathy'" in capsys.readouterr().err


@pytest.mark.parametrize("share", [0.05, 0.1])
def test_packet_loss_has_the_share_and_comes_in_bursts(share):
    lost = degrade.effects.lost_packets(50000, share, np.random.default_rng(0))
    assert abs(lost.mean() - share) < 0.01
    lengths = [b - a for a, b in sound.runs(lost)]
    assert 1.8 < np.mean(lengths) < 2.2


def test_concealment_goes_on_with_the_tone_and_fades():
    t = np.arange(RATE) / RATE
    tone = 0.1 * np.sin(2 * np.pi * 200 * t)
    made = degrade.effects.continued(tone[: RATE // 2], RATE, round(0.08 * RATE))
    begin = slice(0, round(0.01 * RATE))
    assert np.allclose(made[begin], tone[RATE // 2 :][begin], atol=0.01)
    assert np.all(made[round(0.06 * RATE) :] == 0)


@pytest.mark.parametrize("name, snr", [("noise20", 20), ("noise10", 10), ("noise5", 5)])
def test_noise_has_its_level(name, snr):
    added = through(name)[0] - SPEECH
    assert abs(sound.speech_level(SPEECH, RATE) - snr - sound.decibels(np.mean(np.square(added)))) < 0.1


def test_gain_is_exact():
    assert np.allclose(through("gain-12")[0], SPEECH * 10**-0.6)


def test_handset_takes_what_a_telephone_does_not_carry():
    y, rate = through("handset")
    noise = np.random.default_rng(0).standard_normal(4 * RATE) * 0.05
    y, rate = through("handset", noise)
    power = sound.decibels(sound.spectrum(y, rate))
    f = np.linspace(0, rate / 2, len(power))
    inside = power[(f > 500) & (f < 3000)].mean()
    assert inside - power[f < 100].mean() > 25 and inside - power[f > 3900].mean() > 15


def test_trim_cuts_ends_and_long_pauses():
    x = np.concatenate([np.zeros(8000), SPEECH, np.zeros(16000), SPEECH, np.zeros(8000)])
    y, rate = through("trim", x)
    mask = sound.speech_frames(y, rate)
    assert mask[:3].any() and mask[-3:].any()
    assert max((b - a for a, b in sound.runs(~mask)), default=0) * sound.HOP <= 0.15
    assert abs(sound.speech_seconds(y, rate) - sound.speech_seconds(x, RATE)) < 0.15 * len(sound.runs(mask)) + 0.5


def test_pad_adds_low_noise_at_both_ends():
    y, rate = through("pad")
    assert 1 <= len(y) / rate - 4 <= 4
    start = int(np.argmax(np.correlate(y, SPEECH[RATE : RATE + 4000], "valid"))) - RATE
    assert np.array_equal(y[start : start + len(SPEECH)], SPEECH)
    assert start >= 0.5 * RATE and len(y) - start - len(SPEECH) >= 0.5 * RATE
    assert abs(sound.decibels(np.mean(np.square(y[:start]))) - (sound.speech_level(SPEECH, RATE) - 45)) < 0.5


@pytest.mark.parametrize("name, factor", [("speed+3", 1.03), ("speed-3", 0.97)])
def test_speed_changes_duration_and_pitch(name, factor):
    tone = 0.1 * np.sin(2 * np.pi * 1000 * np.arange(2 * RATE) / RATE)
    y, _ = through(name, tone)
    assert abs(len(y) * factor - len(tone)) < 3
    assert abs(np.argmax(np.abs(np.fft.rfft(y))) * RATE / len(y) - 1000 * factor) < 1


def test_command_writes_tables_twice_the_same(corpus, tmp_path):
    for out in ("a", "b"):
        done = run(corpus, tmp_path / out, "--split", "dev", "--limit", 5, "--condition", "ulaw,trim,noise10")
        assert done.returncode == 0, done.stderr
    for name, rate in (("ulaw", 8000), ("trim", 16000), ("noise10", 16000)):
        rows = protocol.read_rows(tmp_path / "a" / name / "protocol.tsv")
        assert len(rows) == 5 and list(rows[0]) == list(protocol.read_rows(corpus)[0])
        for r in rows:
            info = soundfile.info(tmp_path / "a" / name / r["file"])
            assert info.samplerate == rate and abs(info.duration - float(r["duration_s"])) < 0.006
            assert (tmp_path / "a" / name / r["file"]).read_bytes() == (tmp_path / "b" / name / r["file"]).read_bytes()


def test_missing_encoder_is_one_line_and_the_others_are_made(corpus, tmp_path, monkeypatch, capsys):
    nowhere = dataclasses.replace(codecs.CODECS["gsm"], transcode=codecs.ffmpeg(8000, "no_such_encoder", "wav"))
    monkeypatch.setitem(codecs.CODECS, "nowhere", nowhere)
    status, said = (
        called(monkeypatch, corpus, tmp_path, "--limit", 2, "--condition", "nowhere,gain-12+nowhere,gain-12"),
        capsys.readouterr(),
    )
    assert status == 1
    assert [line.split(":")[0] for line in said.err.splitlines()] == ["nowhere", "gain-12+nowhere"]
    assert "no_such_encoder" in said.err and "package: ffmpeg" in said.err
    assert os.listdir(tmp_path) == ["gain-12"]


def test_missing_recording_is_named(corpus, tmp_path, monkeypatch):
    protocol.write_rows(tmp_path / "p.tsv", [dict(protocol.read_rows(corpus)[0], file="gone.flac")])
    with pytest.raises(SystemExit, match=r"gone\.flac: "):
        called(monkeypatch, tmp_path / "p.tsv", tmp_path, "--condition", "plain")


def test_list_names_every_condition(monkeypatch, capsys):
    called(monkeypatch, "--list")
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        *codecs.CODECS,
        *degrade.EFFECTS,
        "a+b",
    ]
