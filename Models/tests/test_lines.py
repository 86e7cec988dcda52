"""The random line, and real codecs."""

import shutil

import numpy as np
import pytest

from bonafide_models.data import clips
from bonafide_models.lines import channel, codecs, g711
from bonafide_models.lines.measured import Lines
from bonafide_models.lines.nonspeech import NonSpeech
from bonafide_models.repository import ROOT
from made import RATE, tone

VOICE = ROOT / "samples/genuine-en.ulaw.wav"
CODECS = [(rate, name) for rate in codecs.TRAINED for name in codecs.TRAINED[rate]]


def test_g711_is_that_of_itu():
    # What decoders give, at 16 bits. Both zeros of µ-law are 0; A-law has none, and 32 steps of 16 around it.
    ulaw, alaw = (g711.table(law) * 32768 for law in ("ulaw", "alaw"))
    values = np.unique(ulaw)
    assert len(values) == 255 and values[-1] == 32124 and np.array_equal(values, -values[::-1])
    assert values[127:131].tolist() == [0, 8, 16, 24]
    values = np.unique(alaw)
    assert len(values) == 256 and values[-1] == 32256 and np.array_equal(values, -values[::-1])
    assert values[128:132].tolist() == [8, 24, 40, 56]
    assert np.diff(values[128:161]).tolist() == [16] * 31 + [24]


def test_both_classes_go_through_one_line_where_their_generators_are_the_same():
    rng = np.random.default_rng(0)
    x = np.stack([tone(rng, 3, 0)[: 3 * RATE] / 32768] * 2).astype(np.float32)
    nonspeech, lines = NonSpeech([], RATE), Lines([])
    same = channel.degrade(
        [np.random.default_rng(7), np.random.default_rng(7)], x, nonspeech, lines, RATE, [True, True]
    )
    other = channel.degrade(
        [np.random.default_rng(7), np.random.default_rng(8)], x, nonspeech, lines, RATE, [True, True]
    )
    assert np.array_equal(same[0], same[1])
    assert not np.array_equal(other[0], other[1])


def test_silence_is_no_speech():
    x = np.zeros((1, 2 * RATE), np.float32)
    x[0, RATE:] = tone(np.random.default_rng(1), 1, 0)[:RATE] / 32768
    speech = channel.speech_blocks(x, RATE)
    assert not speech[0, :24].any() and speech[0, 26:].mean() > 0.3


@pytest.mark.parametrize("rate, name", CODECS)
def test_what_comes_out_of_a_codec_lies_where_it_went_in(rate, name):
    tool = "sox" if name.startswith("amr") else "ffmpeg"
    if not shutil.which(tool):
        pytest.skip(f"{tool} is not here")
    # A voice: tones are as like themselves a period later.
    x = clips.decode(VOICE, rate)[: 6 * rate]
    y = codecs.through_trained(name, x, rate)
    assert y.dtype == np.int16 and len(y) == len(x)
    lags = range(-40, 41)
    body = slice(rate, 5 * rate)
    alike = [np.dot(x[body].astype(float), np.roll(y, -lag)[body].astype(float)) for lag in lags]
    assert abs(lags[int(np.argmax(alike))]) <= 2
    assert np.corrcoef(x[body], y[body])[0, 1] > 0.5


@pytest.mark.skipif(not (shutil.which("ffmpeg") and shutil.which("sox")), reason="no ffmpeg and sox")
def test_names_of_codecs_belong_to_their_clips():
    variants = pytest.importorskip("bonafide_models.encoders.variants")
    voice = variants.decoded(VOICE)
    clips = [voice[a : a + 32000] for a in range(0, 300000, 7000)]
    coded, names = variants.through_codecs(clips, 8000, 1)
    alike: dict[str, list[float]] = {}
    for clip, out, name in zip(clips, coded, names):
        assert len(out) == len(clip)
        alike.setdefault(name, []).append(float(np.corrcoef(clip, out)[0, 1]))
    assert min(alike[""] + alike["ulaw"]) > 0.995 > max(alike["gsm"] + alike["amr12"])
