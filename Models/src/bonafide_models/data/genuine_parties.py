"""Genuine parties of voices that the model of their band was not trained on, to count false alarms.

python -m bonafide_models.data.genuine_parties PROTOCOL OUT

Writes 8-kHz µ-law WAVs to OUT/prompts (Debian's asterisk-core-sounds-ru-wav, prompts joined to parties of 15 s),
prompts at 16 kHz to OUT/wideband (asterisk-core-sounds-{en,es,fr,it}-g722, where they are installed), and to OUT/dev
(genuine telephone clips of split dev, the clips of one speaker joined). Then:

bonafide scan --format csv OUT/prompts | cut -d, -f5 | sort | uniq -c
"""

import argparse
import glob
import os
import subprocess
from collections.abc import Callable, Sequence

import numpy as np
import soundfile

from bonafide_models.arrays import Pcm
from bonafide_models.data import protocol
from bonafide_models.data.clips import decode
from bonafide_models.data.sampling import on_line

RATE, WIDE = 8000, 16000  # Hz
PROMPTS = "/usr/share/asterisk/sounds/{}/**/*.{}"
NARROWBAND_VOICES = ("ru_RU_f_IvrvoiceRU",)
WIDEBAND_VOICES = ("en_US_f_Allison", "es_MX_f_Allison", "fr_CA_f_June", "it_IT_m_Carlo")
NO_SPEECH = ("/silence/", "beep", "tt-monkeys", "tt-weasels", "/phonetic/", "/letters/", "/digits/")
PARTY_S = 15


def write(folder: str, name: str, clips: Sequence[Pcm], rate: int = RATE, encoding: str = "ULAW") -> None:
    """A party of clips, with pauses."""
    os.makedirs(folder, exist_ok=True)
    pause = np.zeros(int(0.4 * rate), np.int16)
    soundfile.write(
        os.path.join(folder, name + ".wav"), np.concatenate([v for c in clips for v in (c, pause)]), rate, encoding
    )


def decode_narrow(path: str) -> Pcm:
    return decode(path, RATE)


def decode_g722(path: str) -> Pcm:
    """Samples at 16 kHz."""
    command = ["ffmpeg", "-v", "error", "-f", "g722", "-i", path, "-f", "s16le", "-ar", "16000", "pipe:1"]
    return np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, np.int16)


def prompts(
    out: str, voices: Sequence[str], extension: str, rate: int, encoding: str, read: Callable[[str], Pcm]
) -> None:
    """Parties of the prompts of each voice."""
    for voice in voices:
        clips: list[Pcm] = []
        n = 0
        for path in sorted(glob.glob(PROMPTS.format(voice, extension), recursive=True)):
            if any(word in path for word in NO_SPEECH):
                continue
            clips.append(read(path))
            if sum(map(len, clips)) >= PARTY_S * rate:
                write(out, f"{voice}-{n:03d}", clips, rate, encoding)
                clips, n = [], n + 1


def main() -> None:
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("protocol")
    a.add_argument("out")
    o = a.parse_args()
    prompts(os.path.join(o.out, "prompts"), NARROWBAND_VOICES, "wav", RATE, "ULAW", decode_narrow)
    prompts(os.path.join(o.out, "wideband"), WIDEBAND_VOICES, "g722", WIDE, "PCM_16", decode_g722)
    groups: dict[tuple[str, str], list[str]] = {}
    for r in protocol.read_rows(o.protocol, "dev"):
        if r["label"] == "bonafide" and on_line(r):
            key = r["speaker"] if r["speaker"] != "-" else r["file"]
            groups.setdefault((r["source"], key), []).append(os.path.join(os.path.dirname(o.protocol), r["file"]))
    for n, paths in enumerate(groups.values()):
        for k in range(0, len(paths), 5):
            write(os.path.join(o.out, "dev"), f"{n:03d}-{k:03d}", [decode_narrow(p) for p in paths[k : k + 5]])


if __name__ == "__main__":
    main()
