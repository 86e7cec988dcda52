"""Genuine speech that Debian packages, as further rows of a protocol: recordings.py PACKAGES OUT

People who read and act in studios, recorded from 1993 to 2012, before a machine could be mistaken for them: telephone
prompts of six speakers, without the recordings that samples/ is made of, and the casts of adventure games. On pages of
generators most of what was recorded in a studio is synthetic; these keep a network from taking studio and reading for
the machine. Copies of them (synthesise.py) belong beside them, so that neither their 8-bit noise nor their age says
anything about the class.

PACKAGES  a folder in which each package lies unpacked in a folder of its name (main section, Debian 12):
            for p in NAMES; do apt-get download $p; dpkg-deb -x ${p}_*.deb PACKAGES/$p; done
          NAMES: asterisk-core-sounds-en-wav asterisk-core-sounds-es-wav asterisk-core-sounds-fr-wav
          asterisk-core-sounds-it-wav asterisk-prompt-es-co asterisk-prompt-fr-armelle asterisk-prompt-it-menardi-wav
          beneath-a-steel-sky flight-of-the-amazon-queen drascula drascula-spanish fillets-ng-data-cs fillets-ng-data-nl
OUT       *.opus as the corpus has them (16 kHz, at most 4 s, little silence at the ends, -26 dBFS) and protocol.tsv
"""

import argparse
import csv
import glob
import io
import multiprocessing
import os
import struct
import subprocess

import numpy as np
import soundfile
import soxr

RATE, LONGEST_S, SHORTEST_S = 16000, 4, 1.5
# package: (language, kind, most clips)
PACKAGES = {
    "asterisk-core-sounds-en-wav": ("en", "phone", 250),
    "asterisk-core-sounds-es-wav": ("es", "phone", 250),
    "asterisk-core-sounds-fr-wav": ("fr", "phone", 250),
    "asterisk-core-sounds-it-wav": ("it", "phone", 250),
    "asterisk-prompt-es-co": ("es", "phone", 150),
    "asterisk-prompt-fr-armelle": ("fr", "phone", 150),
    "asterisk-prompt-it-menardi-wav": ("it", "phone", 250),
    "beneath-a-steel-sky": ("en", "studio", 600),
    "flight-of-the-amazon-queen": ("en", "studio", 600),
    "drascula": ("en", "studio", 200),
    "drascula-spanish": ("es", "studio", 200),
    "fillets-ng-data-cs": ("cs", "studio", 400),
    "fillets-ng-data-nl": ("nl", "studio", 400),
}
# What samples/make.sh takes, in all languages; then what is no speech, or single words by the hundred.
LEFT_OUT = (
    "vm-options",
    "queue-periodic-announce",
    "demo-echotest",
    "dir-intro",
    "dir-instr",
    "demo-abouttotry",
    "demo-nogo",
    "silence",
    "beep",
    "tt-monkeys",
    "tt-weasels",
    "phonetic/",
    "letters/",
    "digits/",
)


def unsigned(data):
    """8-bit samples as games of 1994 have them."""
    return (np.frombuffer(data, np.uint8).astype(np.float32) - 128) / 128


def unpacked(data):
    """Bytes packed by Rob Northen's ProPack, method 1. Format: ScummVM, engines/sky/rnc_deco.cpp"""
    at, held, count, out = 18, 0, 0, bytearray()

    def bits(n):
        nonlocal at, held, count
        while count < n:
            held |= int.from_bytes(data[at : at + 2], "little") << count
            at, count = at + 2, count + 16
        value = held & (1 << n) - 1
        held, count = held >> n, count - n
        return value

    def codes():
        """(length, code) -> value, canonical"""
        lengths, table, code = [bits(4) for _ in range(bits(5))], {}, 0
        for length in range(1, 17):
            for value in (v for v, n in enumerate(lengths) if n == length):
                table[length, code >> 16 - length] = value
                code += 1 << 16 - length
        return table

    def value(table):
        length = code = 0
        while (length, code) not in table:
            if length > 16:
                raise ValueError("not packed by ProPack")
            length, code = length + 1, code << 1 | bits(1)
        v = table[length, code]
        return v if v < 2 else bits(v - 1) | 1 << v - 1

    bits(2)
    for _ in range(data[17]):
        raw, offsets, lengths = codes(), codes(), codes()
        for left in range(bits(16), 0, -1):
            n = value(raw)
            out += data[at : at + n]
            at += n
            if left > 1:
                back = value(offsets) + 1
                for _ in range(value(lengths) + 2):
                    out.append(out[-back])
    return bytes(out)


def steel_sky(folder):
    """(name, samples, rate): files from number 50000 on are spoken, packed after 22 bytes of header. Layout: ScummVM,
    engines/sky/disk.cpp"""
    index, disk = (
        open(glob.glob(f"{folder}/**/sky.{kind}", recursive=True)[0], "rb").read() for kind in ("dnr", "dsk")
    )
    for k in range(struct.unpack_from("<I", index)[0]):
        (number,) = struct.unpack_from("<H", index, 4 + 8 * k)
        offset, size = (int.from_bytes(index[at : at + 3], "little") for at in (6 + 8 * k, 9 + 8 * k))
        size &= 0x3FFFFF
        if offset & 0x800000:
            offset = (offset & 0x7FFFFF) << 4
        if number >= 50000 and disk[offset + 22 : offset + 26] == b"RNC\x01":
            yield str(number), unsigned(unpacked(disk[offset + 22 : offset + size])), 11025


def amazon_queen(folder):
    """(name, samples, rate): table of names, offsets and sizes, then MP3 files. Layout: ScummVM,
    engines/queen/resource.cpp"""
    data = open(glob.glob(f"{folder}/**/queen.1c", recursive=True)[0], "rb").read()
    for k in range(struct.unpack_from(">H", data, 13)[0]):
        name, _, offset, size = struct.unpack_from(">12sBII", data, 15 + 21 * k)
        name = name.rstrip(b"\0").decode("ascii")
        if name.endswith(".SB") and size > 2000 * SHORTEST_S:
            yield name, *soundfile.read(io.BytesIO(data[offset : offset + size]), dtype="float32")


def files(folder):
    """(name, samples, rate) of the sound files of a package, at any depth."""
    for path in sorted(glob.glob(f"{folder}/**/*", recursive=True)):
        if not os.path.isfile(path):
            continue
        kind = path.rsplit(".", 1)[-1].lower()
        if kind == "als":
            yield path, unsigned(open(path, "rb").read()), 11025
        elif kind in ("ogg", "wav"):
            x, rate = soundfile.read(path, dtype="float32", always_2d=True)
            yield path, x.mean(1), rate
        elif kind == "gsm":
            raw = subprocess.run(
                ["ffmpeg", "-v", "error", "-f", "gsm", "-i", path, "-f", "s16le", "pipe:1"],
                check=True,
                capture_output=True,
            ).stdout
            yield path, np.frombuffer(raw, np.int16).astype(np.float32) / 32768, 8000


READERS = {"beneath-a-steel-sky": steel_sky, "flight-of-the-amazon-queen": amazon_queen}


def trimmed(x, rate):
    """Speech without the silence around it, at most LONGEST_S, at -26 dBFS; None where there is too little."""
    block = rate // 50
    x = x - x.mean() if len(x) else x
    power = np.square(x[: len(x) // block * block]).reshape(-1, block).mean(1)
    if not len(power) or power.max() < 1e-5:
        return None
    loud = np.flatnonzero(power > power.max() * 10**-3.5)
    if len(loud) * block < SHORTEST_S * rate * 0.6:
        return None
    x = x[max(0, (loud[0] - 5) * block) : (loud[-1] + 6) * block][: LONGEST_S * rate]
    return None if len(x) < SHORTEST_S * rate else np.clip(x * 0.05 / np.sqrt(np.mean(x**2)), -1, 1)


def encode(job):
    x, path = job
    subprocess.run(
        [
            "ffmpeg",
            "-v",
            "error",
            "-y",
            "-f",
            "f32le",
            "-ar",
            str(RATE),
            "-ac",
            "1",
            "-i",
            "pipe:0",
            "-c:a",
            "libopus",
            "-b:a",
            "28k",
            path,
        ],
        input=x.astype(np.float32).tobytes(),
        check=True,
    )


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("packages")
    a.add_argument("out")
    o = a.parse_args()
    os.makedirs(o.out, exist_ok=True)
    rng, rows, jobs = np.random.default_rng(0), [], []
    for package, (language, kind, most) in PACKAGES.items():
        folder = os.path.join(o.packages, package)
        if not os.path.isdir(folder):
            raise SystemExit(f"{folder}: no such folder; unpack the package there")
        clips = [
            (name, y, rate)
            for name, x, rate in READERS.get(package, files)(folder)
            if not any(word in name for word in LEFT_OUT) and (y := trimmed(x, rate)) is not None
        ]
        for n, k in enumerate(rng.permutation(len(clips))[:most]):
            name, x, rate = clips[k]
            path = f"{package}-{n:03d}.opus"
            jobs.append((soxr.resample(x, rate, RATE), os.path.join(o.out, path)))
            rows.append(
                {
                    "file": path,
                    "label": "bonafide",
                    "system": "-",
                    "kind": kind,
                    "speaker": "-",
                    "language": language,
                    "source": f"debian-{package}",
                    "dataset": "-",
                    "split": "train",
                    "duration_s": f"{len(x) / rate:.2f}",
                    "bandwidth_hz": round(min(0.48 * rate, RATE / 2)),
                    "source_rate": rate,
                    "source_codec": "-",
                    "note": os.path.basename(name),
                }
            )
        print(package, min(most, len(clips)), "of", len(clips), flush=True)
    with multiprocessing.Pool() as pool:
        pool.map(encode, jobs, chunksize=16)
    with open(os.path.join(o.out, "protocol.tsv"), "w") as f:
        w = csv.DictWriter(f, rows[0], delimiter="\t", quoting=csv.QUOTE_NONE)
        w.writeheader()
        w.writerows(rows)


if __name__ == "__main__":
    main()
