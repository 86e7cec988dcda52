"""Synthetic speech of Debian's own engines (espeak-ng, flite, festival), as further rows of a protocol.

python -m bonafide_models.data.engines OUT [--clips 700]

Texts are the prompts of asterisk-core-sounds-{en,es,fr} (their lists, not their recordings), read in the engine's
language or in a near one. Writes OUT/*.flac and OUT/protocol.tsv (label spoof, kind classic, split train). The
sentences of samples/ are not among them.

apt-get install espeak-ng flite festival festvox-kallpc16k festvox-kdlpc16k festvox-us-slt-hts festvox-italp16k \\
  festvox-itapc16k festvox-ca-ona-hts asterisk-core-sounds-en asterisk-core-sounds-es asterisk-core-sounds-fr
"""

import argparse
import gzip
import multiprocessing
import os
import re
import subprocess
import tempfile

import numpy as np
import soundfile
import soxr

from bonafide_models.arrays import Row
from bonafide_models.data import protocol

RATE = 16000
Job = tuple[str, str, str, int, str]

LISTS = "/usr/share/doc/asterisk-core-sounds-{0}/core-sounds-{0}.txt.gz"
FESTIVAL = {
    "kal_diphone": "en",
    "ked_diphone": "en",
    "cmu_us_slt_arctic_hts": "en",
    "lp_diphone": "es",
    "pc_diphone": "es",
    "upc_ca_ona_hts": "es",
}
FLITE = ("kal", "kal16", "awb", "rms", "slt")
ESPEAK = {
    "en-us": "en",
    "en-gb": "en",
    "en-gb-scotland": "en",
    "en-gb-x-rp": "en",
    "fr-fr": "fr",
    "fr-be": "fr",
    "es": "es",
    "es-419": "es",
    "it": "es",
    "pt-br": "es",
    "ca": "es",
    "de": "en",
    "nl": "en",
}
VARIANTS = ("", "", "+m1", "+m3", "+m4", "+m7", "+f1", "+f2", "+f3", "+f4", "+croak", "+klatt2")


def texts(language: str) -> list[str]:
    """Sentences of at least 25 letters; a list's lines are `name: text`."""
    with gzip.open(LISTS.format(language), "rt", encoding="utf-8", errors="replace") as file:
        lines = file.read().splitlines()
    parts = [t.strip() for t in (line.split(":", 1)[1] for line in lines if ":" in line and not line.startswith(";"))]
    return [t for t in parts if len(t) >= 25 and not re.search(r"[\[\]()<>]", t)]


def command(engine: str, voice: str, text: str, rng: np.random.Generator, out: str) -> tuple[list[str], bytes | None]:
    """The line that speaks, and its standard input."""
    if engine == "espeak":
        return [
            "espeak-ng",
            "-v",
            voice,
            "-s",
            str(rng.integers(130, 190)),
            "-p",
            str(rng.integers(25, 75)),
            "-w",
            out,
            text,
        ], None
    if engine == "flite":
        stretch = f"duration_stretch={rng.uniform(0.85, 1.2):.2f}"
        return ["flite", "-voice", voice, "--setf", stretch, "-t", text, "-o", out], None
    stretch = f"(Parameter.set 'Duration_Stretch {rng.uniform(0.85, 1.2):.2f})"
    return ["text2wave", "-eval", f"(voice_{voice})", "-eval", stretch, "-o", out], text.encode("latin-1", "replace")


def speak(job: Job) -> bool:
    """(engine, voice, text, seed, recording); whether it is there."""
    engine, voice, text, seed, out = job
    with tempfile.TemporaryDirectory() as folder:
        wav = os.path.join(folder, "speech.wav")
        line, stdin = command(engine, voice, text, np.random.default_rng(seed), wav)
        done = subprocess.run(line, input=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if done.returncode or not os.path.exists(wav):
            return False
        x, rate = soundfile.read(wav, dtype="float32")
    if len(x) < rate:
        return False
    x = soxr.resample(x, rate, RATE)[: 6 * RATE]
    soundfile.write(out, np.clip(x * 0.05 / np.sqrt(np.mean(x**2)), -1, 1), RATE)
    return True


def planned(count: int, out: str) -> tuple[list[Job], list[Row]]:
    """What is spoken, and its rows."""
    rng, lists = np.random.default_rng(0), {language: texts(language) for language in ("en", "es", "fr")}
    voices = {"espeak": list(ESPEAK), "flite": list(FLITE), "festival": list(FESTIVAL)}
    jobs: list[Job] = []
    rows: list[Row] = []
    for k in range(count):
        engine = list(voices)[k % len(voices)]
        voice = str(rng.choice(voices[engine]))
        language = ESPEAK.get(voice) or FESTIVAL.get(voice) or "en"
        variant = str(rng.choice(VARIANTS)) if engine == "espeak" else ""
        name = f"{k:04d}.flac"
        jobs.append((engine, voice + variant, str(rng.choice(lists[language])), k, os.path.join(out, name)))
        row = {"file": name, "label": "spoof", "system": f"{engine}-{voice}", "kind": "classic", "speaker": "-"}
        rows.append(row | {"language": language, "source": "debian-engines", "split": "train"})
    return jobs, rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--clips", type=int, default=700)
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    jobs, rows = planned(options.clips, options.out)
    with multiprocessing.Pool() as pool:
        made = pool.map(speak, jobs, chunksize=8)
    protocol.write_rows(os.path.join(options.out, "protocol.tsv"), [row for row, there in zip(rows, made) if there])
    print(sum(made), "of", len(made), "clips")


if __name__ == "__main__":
    main()
