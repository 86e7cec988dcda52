#!/usr/bin/env python3
"""Screens mutated recordings of each container, and looks for what must not be: the program traps, takes more than
ten seconds of processor time for a file (or ten minutes), or calls a party bona fide though ffmpeg decodes more than a second that
was not heard. Speech is judged by the first stage alone: what is looked for does not depend on the second.

    Tests/fuzz/fuzz.py .build/release/bonafide [--count 1000] [--containers wav,flac] [--seed 1] [--seconds 6] [--keep FOLDER]

Needs ffmpeg, sox with its formats (libsox-fmt-all), lame. The mutations of a seed are the same in every run. Exit status 1 where
something was found; the files are then in FOLDER.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "samples"
FF = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", "{wav}"]
# How each container is written; without dither, which is another one in each run.
CONTAINERS = {
    "wav": ["sox", "-D", "{wav}", "-e", "signed", "-b", "16", "-t", "wav", "{out}"],
    "wav-ulaw": ["sox", "-D", "{wav}", "-e", "mu-law", "-t", "wav", "{out}"],
    "wav-gsm": ["sox", "-D", "{wav}", "-e", "gsm-full-rate", "-t", "wav", "{out}"],
    "wav-g726": FF + ["-c:a", "g726", "-b:a", "32k", "-f", "wav", "{out}"],
    "rf64": FF + ["-rf64", "always", "-f", "wav", "{out}"],
    "wav-mp3": FF + ["-c:a", "libmp3lame", "-b:a", "32k", "-f", "wav", "{out}"],
    "w64": ["sox", "-D", "{wav}", "-t", "w64", "{out}"],
    "au": ["sox", "-D", "{wav}", "-e", "mu-law", "-t", "au", "{out}"],
    "aiff": ["sox", "-D", "{wav}", "-t", "aiff", "{out}"],
    "caf": FF + ["-f", "caf", "{out}"],
    "flac": ["sox", "-D", "{wav}", "-t", "flac", "{out}"],
    "ogg": FF + ["-c:a", "libvorbis", "-f", "ogg", "{out}"],
    "ogg-flac": FF + ["-c:a", "flac", "-f", "ogg", "{out}"],
    "speex": FF + ["-c:a", "libspeex", "-f", "ogg", "{out}"],
    "opus": FF + ["-c:a", "libopus", "-f", "ogg", "{out}"],
    "mp3": ["lame", "--quiet", "-b", "32", "{wav}", "{out}"],
    "aac": FF + ["-c:a", "aac", "-f", "adts", "{out}"],
    "m4a": FF + ["-c:a", "aac", "-f", "ipod", "{out}"],
    "mov": FF + ["-c:a", "pcm_s16le", "-f", "mov", "{out}"],
    "mkv": FF + ["-c:a", "aac", "-f", "matroska", "{out}"],
    "webm": FF + ["-c:a", "libopus", "-f", "webm", "{out}"],
    "avi": FF + ["-c:a", "pcm_mulaw", "-f", "avi", "{out}"],
    "wma": FF + ["-c:a", "wmav2", "-f", "asf", "{out}"],
    "flv": FF + ["-ar", "11025", "-c:a", "libmp3lame", "-f", "flv", "{out}"],
    "nist": ["sox", "-D", "{wav}", "-t", "sph", "{out}"],
    "voc": ["sox", "-D", "{wav}", "-t", "voc", "{out}"],
    "8svx": ["sox", "-D", "{wav}", "-t", "8svx", "{out}"],
    "avr": ["sox", "-D", "{wav}", "-t", "avr", "{out}"],
    "amr": ["sox", "-D", "{wav}", "-C", "7", "-t", "amr-nb", "{out}"],
    "3gp": ["sh", "-c", "sox -D '{wav}' -C 7 -t amr-nb - | ffmpeg -v error -y -f amr -i - -c copy -f 3gp '{out}'"],
}


def mutated(data: bytes, random: random.Random) -> bytes:
    """The file with one to three changes."""
    out = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 3))):
        size = len(out)
        if size < 64:
            break
        kind = random.choice(("cut", "header", "header", "flip", "double", "swap", "zero", "append"))
        a, b = sorted(random.randrange(size) for _ in range(2))
        if kind == "cut":
            del out[random.randrange(16, size) :]
        elif kind == "header":
            for _ in range(random.randint(1, 6)):
                out[random.randrange(min(size, random.choice((48, 512))))] = random.choice((0, 0xFF, 0x7F, random.randrange(256)))
        elif kind == "flip":
            for _ in range(random.randint(1, 40)):
                out[random.randrange(size)] = random.randrange(256)
        elif kind == "double":
            out[b:b] = out[a:b]
        elif kind == "swap":
            c = random.randrange(b, size)
            out[a:c] = out[b:c] + out[a:b]
        elif kind == "zero":
            out[a : min(b, a + 20000)] = bytes(min(b, a + 20000) - a)
        elif kind == "append":
            out += data[: random.randrange(len(data))]
    return bytes(out)


# Of a file.
PROCESSOR_SECONDS = 10
WALL_SECONDS = 600


def screened(program: str, paths: list[str], work: pathlib.Path) -> tuple[dict[str, dict], int | None, str, float]:
    """Results by path, the exit status (None: too slow), what was written to standard error, and seconds of processor time."""
    command = [program, "scan", "--fast", "--jobs", "1", "--format", "jsonl", *paths]
    # Other programs on the machine do not count, so that it is not the clock that tells; nobody waits for ever all the same.
    with open(work / "out", "wb") as out, open(work / "err", "wb") as err:
        child = subprocess.Popen(command, stdout=out, stderr=err, start_new_session=True)
        deadline = time.monotonic() + WALL_SECONDS
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid or time.monotonic() > deadline:
                break
            time.sleep(0.02)
        if not pid:
            os.killpg(child.pid, signal.SIGKILL)
            _, status, usage = os.wait4(child.pid, 0)
            return {}, None, "", 0
    child.returncode = os.waitstatus_to_exitcode(status)
    lines = [json.loads(line) for line in (work / "out").read_text().splitlines()]
    seconds = usage.ru_utime + usage.ru_stime
    return {line["path"]: line for line in lines}, child.returncode, (work / "err").read_text(errors="replace"), seconds


def decoded(path: str, tracks: int) -> float:
    """Seconds that ffmpeg decodes of the longest of the first audio tracks."""
    seconds = 0.0
    for track in range(tracks):
        command = ["ffmpeg", "-nostdin", "-v", "quiet", "-i", path, "-map", f"0:a:{track}", "-ar", "8000", "-ac", "1", "-f", "s16le", "-"]
        try:
            run = subprocess.run(command, capture_output=True, timeout=WALL_SECONDS)
        except subprocess.TimeoutExpired:
            break
        seconds = max(seconds, len(run.stdout) / 16000)
    return seconds


class Findings:
    """Files with which something was found, said at once and kept where a folder is given for them."""

    def __init__(self, folder: pathlib.Path | None) -> None:
        self.folder = folder
        self.count = 0

    def add(self, path: pathlib.Path, what: str) -> None:
        self.count += 1
        print(f"  {path.name}: {what}", flush=True)
        if self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, self.folder)


def results_of(program: str, paths: list[pathlib.Path], work: pathlib.Path, findings: Findings) -> tuple[dict[str, dict], int]:
    """Results by path, and how many lines libraries wrote; files that trap or take too long are found."""
    results, status, errors, seconds = screened(program, [str(path) for path in paths], work)
    if status not in (0, 1, 2) or seconds > PROCESSOR_SECONDS:
        # One by one, to find which.
        results = {}
        for path in paths:
            one, status, message, seconds = screened(program, [str(path)], work)
            results |= one
            if status is None or seconds > PROCESSOR_SECONDS:
                findings.add(path, f"takes {seconds:.0f} s of processor time" if seconds else f"takes more than {WALL_SECONDS} s")
            elif status not in (0, 1, 2):
                findings.add(path, f"ends with status {status}: {message[-200:]}")
    return results, sum(not line.startswith("bonafide:") for line in errors.splitlines())


def look_for_unheard(path: pathlib.Path, result: dict, findings: Findings) -> None:
    """What is bona fide must be heard to the end."""
    if not any(party["verdict"] == "bonafide" for party in result["channels"]):
        return
    beyond = decoded(str(path), max(party["track"] for party in result["channels"])) - result["heard_s"]
    if beyond > 1:
        findings.add(path, f"is bona fide, and ffmpeg decodes {beyond:.1f} s more than the {result['heard_s']} s heard")


def screen_mutations(arguments: argparse.Namespace, container: str, data: bytes, work: pathlib.Path, findings: Findings) -> None:
    """All mutated files of a container, of which a line tells."""
    verdicts: dict[str, int] = {}
    noisy, started = 0, time.monotonic()
    for first in range(0, arguments.count, 25):
        paths = []
        for number in range(first, min(first + 25, arguments.count)):
            path = work / f"{container}-{arguments.seed}-{number}.bin"
            path.write_bytes(mutated(data, random.Random(f"{container} {arguments.seed} {number}")) or b"\0")
            paths.append(path)
        results, lines = results_of(arguments.program, paths, work, findings)
        noisy += lines
        for path in paths:
            result = results.get(str(path))
            if result is None:
                continue
            verdict = result["verdict"] or "error"
            verdicts[verdict] = verdicts.get(verdict, 0) + 1
            look_for_unheard(path, result, findings)
            path.unlink()
    counts = ", ".join(f"{verdicts[name]} {name}" for name in sorted(verdicts))
    print(f"{container}: {counts}; {noisy} lines of libraries; {time.monotonic() - started:.0f} s", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--count", type=int, default=1000, help="mutated files of each container")
    parser.add_argument("--containers", default=",".join(CONTAINERS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=6, help="of the recording that is mutated")
    parser.add_argument("--keep", type=pathlib.Path, help="folder for files with which something was found")
    arguments = parser.parse_args()
    findings = Findings(arguments.keep)
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        wav, base = work / "base.wav", work / "base"
        subprocess.run(
            ["sox", "-D", SAMPLES / "genuine-es.gsm.wav", "-e", "signed", "-b", "16", wav, "trim", "0", str(arguments.seconds)], check=True)
        for container in arguments.containers.split(","):
            subprocess.run([part.format(wav=wav, out=base) for part in CONTAINERS[container]], check=True, capture_output=True)
            screen_mutations(arguments, container, base.read_bytes(), work, findings)
    print(f"{findings.count} found" if findings.count else "nothing found")
    return 1 if findings.count else 0


if __name__ == "__main__":
    sys.exit(main())
