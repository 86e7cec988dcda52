"""What espeak-ng says of a text's sounds, in the alphabets of neural engines (Kokoro and hibari: misaki's; Piper)."""

import functools
import itertools
import re
import subprocess
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

# espeak-ng's IPA (ties as ^) as the alphabet that Kokoro learned, longer ones first: misaki's rules.
COMMON = {"a^ɪ": "I", "a^ʊ": "W", "e^ɪ": "A", "ɔ^ɪ": "Y", "d^ʒ": "ʤ", "t^ʃ": "ʧ", "d^z": "ʣ", "t^s": "ʦ"}
COMMON |= {"o^ʊ": "O", "ə^ʊ": "Q", "d^ʑ": "ʥ", "t^ɕ": "ʨ"}
ENGLISH = {"ə^l": "ᵊl", "e": "A", "r": "ɹ", "x": "k", "ç": "k", "ɐ": "ə", "ɬ": "l", "ɚ": "əɹ"}
AMERICAN = {"ɜː": "ɜɹ", "ɪ^ə": "iə", "ɪə": "iə", "ɾ": "T", "ʔ": "t", "ː": ""}
SYMBOLS = {
    "en-us": COMMON | ENGLISH | {"ɜːɹ": "ɜɹ", "ɜː^ɹ": "ɜɹ"} | AMERICAN,
    "en-gb": COMMON | ENGLISH | {"e^ə": "ɛː", "i^ə": "ɪə"},
    "ja": COMMON | {"ũ": "ɴ"},
}
# hibari learned from an American; British readings are told to it in her sounds.
BRITISH = str.maketrans({"Q": "O", "ɒ": "ɑ", "a": "æ", "ː": None})


@functools.lru_cache(maxsize=4096)
def spoken(part: str, voice: str, tie: str) -> str:
    """IPA of words without punctuation. Words read in another language stand between marks such as (en)."""
    line = ["espeak-ng", "-q", "--ipa", *([f"--tie={tie}"] if tie else []), "-v", voice, "--stdin"]
    out = subprocess.run(line, input=part.encode(), capture_output=True, check=True).stdout.decode()
    return " ".join(re.sub(r"\([^)]*\)", "", out).split())


def phonemes(text: str, voice: str, tie: str = "") -> str:
    """IPA with the text's punctuation, which espeak-ng leaves out."""
    out = []
    for part, mark in re.findall(r"([^,.;:!?…。、]+)([,.;:!?…。、]*)", text):
        sound = spoken(part.strip(), voice, tie) if re.search(r"\w", part) else ""
        if sound:
            out.append(sound + mark[:1].translate({ord("。"): ".", ord("、"): ","}))
    return " ".join(out)


def renamed(ipa: str, symbols: Mapping[str, str]) -> str:
    """In one pass, the longest symbol first: what has been renamed is not renamed again."""
    pattern = "|".join(map(re.escape, sorted(symbols, key=len, reverse=True)))
    return re.sub(pattern, lambda found: symbols[found[0]], unicodedata.normalize("NFC", ipa)).replace("^", "")


def known(ipa: str, alphabet: Mapping[str, Any]) -> list[str]:
    """The symbols that an alphabet has; of a letter with a mark that it lacks, what it has of both."""
    out: list[str] = []
    for c in unicodedata.normalize("NFC", ipa):
        out += [c] if c in alphabet else [d for d in unicodedata.normalize("NFD", c) if d in alphabet]
    return out


def piper_ids(ipa: str, numbers: Mapping[str, Sequence[int]]) -> list[int]:
    """Piper's numbers: start, a pad after every symbol, end."""
    pad = numbers["_"]
    inner = itertools.chain.from_iterable([*numbers[c], *pad] for c in known(ipa, numbers))
    return [*numbers["^"], *pad, *inner, *numbers["$"]]
