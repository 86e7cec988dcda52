"""Texts, voices and phonemes of data.neural; its wheels are not needed."""

import re
import shutil

import numpy as np
import pytest
import soundfile

from bonafide_models.data import neural, phonemes, protocol

STYLES = {name: np.full((510, 1, 256), value, np.float32) for name, value in (("a", 0), ("b", 1), ("c", 10))}


def test_texts_are_cut_at_a_clause_or_between_words():
    text = "Please hold the line, for somebody will be there soon. Thank you"
    assert neural.cut(text, 100) == text
    assert neural.cut(text, 60) == "Please hold the line, for somebody will be there soon."
    assert neural.cut(text, 25) == "Please hold the line."
    assert neural.cut(text, 40) == "Please hold the line, for somebody will."
    assert neural.cut("おでんわありがとう", 4) == "おでんわ."


def test_sentences_are_joined_until_there_are_enough_letters():
    text = neural.joined(["Good morning", "Who is there?"], 60, np.random.default_rng(0))
    assert 60 <= len(text) < 75
    assert set(re.split(r"(?<=[.?]) ", text)) == {"Good morning.", "Who is there?"}


def test_a_text_is_shortened_until_it_is_spoken_in_time():
    said = []

    def say(text):
        said.append(text)
        return np.zeros(len(text) * 100, np.float32)

    x = neural.fitted(neural.Voice("-", "en", 30, say), 1000, "word " * 100, 4)
    assert x is not None and 3000 <= len(x) <= 6000
    assert len(said) == 2 and len(said[0]) > 100
    assert neural.fitted(neural.Voice("-", "en", 10, lambda _: np.zeros(10, np.float32)), 1000, "word", 4) is None


def test_a_mixed_voice_lies_between_those_in_its_name():
    counts = set()
    for k in range(20):
        name, style = neural.mixed(STYLES, protocol.generator(0, k))
        weights = {part.split("*")[0]: float(part.split("*")[1]) for part in name.split("+")}
        counts.add(len(weights))
        assert sum(weights.values()) == pytest.approx(1) and min(weights.values()) >= 0
        assert style.shape == (510, 1, 256) and style.dtype == np.float32
        assert style[7, 0, 9] == pytest.approx(weights.get("b", 0) + 10 * weights.get("c", 0), abs=1e-5)
    assert counts == {2, 3}
    assert neural.mixed(STYLES, protocol.generator(0, 1))[0] == neural.mixed(STYLES, protocol.generator(0, 1))[0]


def test_phonemes_are_renamed_once():
    assert phonemes.renamed("tɹˈa^ɪ d^ʒˈɔ^ɪ", phonemes.SYMBOLS["en-us"]) == "tɹˈI ʤˈY"
    assert phonemes.renamed("bˈɜːd dˈe^ɪ bˈɛd", phonemes.SYMBOLS["en-us"]) == "bˈɜɹd dˈA bˈɛd"
    assert phonemes.renamed("ɡˈə^ʊ bˈɜːd", phonemes.SYMBOLS["en-gb"]) == "ɡˈQ bˈɜːd"
    assert phonemes.renamed("te^ʁ", phonemes.COMMON) == "teʁ"
    assert "ɡˈQ bˈɒtᵊl".translate(phonemes.BRITISH) == "ɡˈO bˈɑtᵊl"


def test_marks_that_an_alphabet_lacks_are_dropped_and_their_letters_kept():
    assert phonemes.known("äç-̞ũ", {"a": 1, "ç": 2, "u": 3, "\u0303": 4}) == ["a", "ç", "u", "\u0303"]


def test_piper_has_a_pad_after_every_symbol():
    numbers = {"_": [0], "^": [1], "$": [2], "a": [14], "b": [15, 16]}
    assert phonemes.piper_ids("ab?", numbers) == [1, 0, 14, 0, 15, 16, 0, 2]


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="no espeak-ng")
def test_punctuation_stays_and_marks_of_other_languages_go():
    assert re.fullmatch(r"[^,.!]+, [^,.!]+! [^,.!]+\.", phonemes.phonemes("Hello, my friend! – Good day.", "en-us"))
    assert "(" not in phonemes.phonemes("Bon weekend", "fr-fr")
    assert phonemes.phonemes("...", "en-us") == ""


def test_recordings_are_of_16_kHz_and_not_clipped(tmp_path):
    x = np.zeros(24000 * 4, np.float32)
    x[::6000] = 3
    neural.write(tmp_path / "a.flac", x, 24000)
    information = soundfile.info(tmp_path / "a.flac")
    assert (information.samplerate, information.channels, information.subtype) == (16000, 1, "PCM_16")
    assert 0.9 < np.abs(soundfile.read(tmp_path / "a.flac")[0]).max() < 1


def test_a_missing_wheel_is_named(tmp_path):
    with pytest.raises(SystemExit, match="no wheel of hibari_tts"):
        neural.wheel(tmp_path, "hibari_tts")
