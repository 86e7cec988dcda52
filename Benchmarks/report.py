#!/usr/bin/env python3
"""What a page takes beside the scan: calls of two machines, flagged from end to end, with and without, in turns.

    Benchmarks/report.py BONAFIDE [--rounds 7] [--minutes 1 5 11] [--embed-audio flagged]

One thread. Processor time is what counts: clocks on the wall tell of what else the machine does, too. Figures are medians of
pairs; in brackets the medians without a page and with.
"""
import argparse
import json
import os
import resource
import statistics
import struct
import subprocess
import tempfile
import time
from pathlib import Path

SAMPLES = Path(__file__).resolve().parents[1] / 'samples'


def mulaw(path):
    content = path.read_bytes()
    return content[content.index(b'data') + 8:]


def call(minutes):
    """A WAV file of µ-law: another part of a machine's speech on each side, all the time."""
    left = mulaw(SAMPLES / 'synthetic-hts.ulaw.wav')
    caller = mulaw(SAMPLES / 'call-agent-caller.ulaw.wav')[1::2]
    right = caller[8000 * 13:8000 * 19] + caller[8000 * 27:8000 * 32]
    count = 8000 * 60 * minutes
    audio = bytearray(2 * count)
    audio[0::2] = (left * (count // len(left) + 1))[:count]
    audio[1::2] = (right * (count // len(right) + 1))[:count]
    head = struct.pack('<4sI4s4sIHHIIHHH4sI', b'RIFF', 38 + len(audio), b'WAVE', b'fmt ', 18, 7, 2, 8000, 16000, 2, 8, 0, b'data', len(audio))
    return head + bytes(audio)


def used():
    """Processor seconds of all processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def scan(*arguments):
    """Processor seconds and seconds on the wall."""
    before, start = used(), time.monotonic()
    status = subprocess.run(arguments, stdout=subprocess.DEVNULL).returncode
    wall = time.monotonic() - start
    if status not in (0, 1):
        raise SystemExit(f'{arguments}: status {status}')
    return used() - before, wall


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('bonafide')
    parser.add_argument('--rounds', type=int, default=7)
    parser.add_argument('--minutes', type=int, nargs='+', default=[1, 5, 11])
    parser.add_argument('--embed-audio', default='flagged')
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        page = Path(scratch, 'page.html')
        for minutes in options.minutes:
            recording = Path(scratch, 'call.wav')
            recording.write_bytes(call(minutes))
            run = subprocess.run([options.bonafide, 'scan', '--fast', '--format', 'json', recording], capture_output=True)
            flagged = [round(100 * channel['flagged_s'] / 60 / minutes) for channel in json.loads(run.stdout)['files'][0]['channels']]
            for stages in ([], ['--fast']):
                command = (options.bonafide, 'scan', '-j', '1', '--quiet', *stages, recording)
                pairs = []
                for _ in range(options.rounds):
                    without = scan(*command, '--format', 'json')
                    pairs.append((without, scan(*command, '--format', 'html', '--embed-audio', options.embed_audio, '-o', page)))
                more = [statistics.median(after[kind] / before[kind] - 1 for before, after in pairs) for kind in (0, 1)]
                times = [statistics.median(pair[side][0] for pair in pairs) for side in (0, 1)]
                print(f'{minutes} min, {"first stage alone" if stages else "both stages"}, {flagged[0]} and {flagged[1]} % flagged: {more[0]:+.0%} of the '
                      f'processor ({times[0]:.3f} s, {times[1]:.3f} s), {more[1]:+.0%} on the wall; page of {page.stat().st_size / 1e3:.0f} kB; '
                      f'load {os.getloadavg()[0]:.0f}', flush=True)


if __name__ == '__main__':
    main()
