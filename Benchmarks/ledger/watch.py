#!/usr/bin/env python3
"""A thousand recordings come into a watched folder at once, by different ways, while `bonafide watch` is killed twice.

    Benchmarks/ledger/watch.py BONAFIDE [RECORDINGS]

They come by cp, by mv, as hard links, from slow writers, in folders that are made and in folders that are moved in. The run fails unless
each has one result in the ledger and was screened once, and was reported once, but for the line in work at each kill, which may come twice.
"""
import collections
import json
import os
import random
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

SAMPLE = Path(__file__).resolve().parents[2] / 'samples/genuine-en.ulaw.wav'
WAYS = ('cp', 'mv', 'link', 'slow', 'made-folder', 'moved-folder')
SETTLING = 0.5


def calls(count):
    """WAV files of a second of µ-law, each of other samples."""
    content = SAMPLE.read_bytes()
    audio = content[content.index(b'data') + 8:]
    step = (len(audio) - 8000) // count
    for number in range(count):
        samples = audio[number * step:number * step + 8000]
        head = struct.pack('<4sI4s4sIHHIIHHH4sI', b'RIFF', 38 + 8000, b'WAVE', b'fmt ', 18, 7, 1, 8000, 8000, 1, 8, 0, b'data', 8000)
        yield head + samples


class Slow(threading.Thread):
    """Writes files side by side, a piece of each at a time, with rests that are shorter and longer than a watch waits."""

    def __init__(self, files):
        super().__init__()
        self.files = files

    def run(self):
        opened = [(open(path, 'wb'), content) for path, content in self.files]
        for part in range(5):
            for file, content in opened:
                file.write(content[part * len(content) // 5:(part + 1) * len(content) // 5])
                file.flush()
            time.sleep(SETTLING * (0.4, 2.4)[part % 2])
        for file, _ in opened:
            file.close()


def drop(folder, outside, count):
    """Has all recordings come; their paths in the watched folder."""
    by_way = collections.defaultdict(list)
    for number, content in enumerate(calls(count)):
        by_way[WAYS[number % len(WAYS)]].append((f'{number:04}.wav', content))
    for way in WAYS:
        (outside / way).mkdir()
        for name, content in by_way[way]:
            (outside / way / name).write_bytes(content)
    slow = Slow([(folder / f'slow-{name}', content) for name, content in by_way['slow']])
    slow.start()
    subprocess.run(['cp', *[outside / 'cp' / name for name, _ in by_way['cp']], folder], check=True)
    subprocess.run(['mv', *[outside / 'mv' / name for name, _ in by_way['mv']], folder], check=True)
    for name, _ in by_way['link']:
        os.link(outside / 'link' / name, folder / name)
    for place, (name, content) in enumerate(by_way['made-folder']):
        path = folder / 'made' / str(place % 20) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    os.rename(outside / 'moved-folder', folder / 'moved')
    slow.join()
    return {str(path) for path in folder.rglob('*.wav')}


def watch(bonafide, ledger, folder, output):
    command = [bonafide, 'watch', '--fast', '--ledger', ledger, '--settle', str(SETTLING), folder]
    return subprocess.Popen(command, stdout=output.open('ab'), stderr=subprocess.PIPE)


def lines(output):
    """Paths that were reported, one for each whole line."""
    return [json.loads(line)['path'] for line in output.read_text().split('\n') if line.startswith('{') and line.endswith('}')]


def kept(ledger):
    """Recordings with a result; the greatest number that a result was given."""
    if not ledger.exists():
        return 0, 0
    with sqlite3.connect(f'file:{ledger}?mode=ro', uri=True) as database:
        return database.execute('SELECT count(DISTINCT recording_id), coalesce(max(id), 0) FROM result').fetchone()


def main():
    bonafide, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    with tempfile.TemporaryDirectory() as scratch:
        folder, outside, ledger = (Path(scratch, name) for name in ('calls', 'outside', 'state.sqlite'))
        folder.mkdir(), outside.mkdir()
        outputs = [Path(scratch, f'{run}.jsonl') for run in range(3)]
        start = time.monotonic()
        process = watch(bonafide, ledger, folder, outputs[0])
        dropped = []
        dropping = threading.Thread(target=lambda: dropped.append(drop(folder, outside, count)))
        dropping.start()
        for run, share in ((0, 0.2), (1, 0.6)):
            while len(lines(outputs[run])) + sum(len(lines(output)) for output in outputs[:run]) < share * count:
                if process.poll() is not None:
                    sys.exit(f'watch has ended: {process.stderr.read().decode()}')
                time.sleep(0.02)
            # At any moment, and not as a batch of results is through.
            time.sleep(random.uniform(0, 0.4))
            process.send_signal(signal.SIGKILL)
            process.wait()
            outputs[run].open('a').write('\n')
            process = watch(bonafide, ledger, folder, outputs[run + 1])
        dropping.join()
        paths = dropped[0]
        while len({path for output in outputs for path in lines(output)}) < count and time.monotonic() - start < 900:
            time.sleep(0.1)
        seconds = time.monotonic() - start
        # For what is told too often.
        time.sleep(3)
        process.terminate()
        process.wait()
        reported = collections.Counter(path for output in outputs for path in lines(output))
        twice = [path for path, times in reported.items() if times > 1]
        recordings, numbers = kept(ledger)
        print(f'{count} recordings in {seconds:.0f} s: {len(reported)} reported, {len(twice)} twice; {recordings} in the ledger, results were '
              f'numbered to {numbers}; lines of the three runs: {", ".join(str(len(lines(output))) for output in outputs)}')
        shutil.rmtree(folder)
        if set(reported) != paths or recordings != count or numbers != count or len(twice) > 2 or max(reported.values()) > 2:
            sys.exit('not each was screened and reported once')


if __name__ == '__main__':
    main()
