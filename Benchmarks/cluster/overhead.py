#!/usr/bin/env python3
"""What Spark takes beside the command: processor time of all processes, for the same recordings on the same cores, in turns.

    Benchmarks/cluster/overhead.py BONAFIDE PYTHON FOLDER [--rounds 3] [--fast] [--conf NAME=VALUE ...]

PYTHON has PySpark, and the package or PYTHONPATH and BONAFIDE_LIBRARY. Clocks on the wall tell of what else the machine does, too; they
are told beside it. What Spark takes to start, both workers included, is measured with two recordings, a task each, and taken off.
"""
import argparse
import ctypes
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

SUBMIT = Path(__file__).resolve().parents[2] / 'examples/spark/screen.py'
PR_SET_CHILD_SUBREAPER = 36


def processes():
    """Processor seconds so far of each process that comes of this one, orphans too, by its number and start."""
    ticks, parents, used = os.sysconf('SC_CLK_TCK'), {}, {}
    for path in Path('/proc').glob('[0-9]*/stat'):
        try:
            fields = path.read_text().rsplit(') ', 1)[1].split()
        except OSError:
            continue
        number = int(path.parent.name)
        parents[number] = int(fields[1])
        used[number] = (fields[19], (int(fields[11]) + int(fields[12])) / ticks)
    ours = {os.getpid()}
    while more := {number for number, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return {(number, used[number][0]): used[number][1] for number in ours - {os.getpid()}}


def times(command, statuses):
    """Processor seconds of a command and of all that it starts, looked up while they run, and seconds on the wall."""
    start, used = time.monotonic(), {}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall = None
    while wall is None or len(processes()):
        used.update(processes())
        if wall is None and process.poll() is not None:
            wall = time.monotonic() - start
        # Spark's workers may outlive it.
        if wall is not None:
            try:
                os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
        time.sleep(0.05)
    if process.returncode not in statuses:
        raise SystemExit(f'{command[0]} has failed: {process.returncode}')
    return sum(used.values()), wall


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('bonafide')
    parser.add_argument('python')
    parser.add_argument('folder', type=Path)
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--fast', action='store_true')
    parser.add_argument('--conf', action='append', default=[])
    parser.add_argument('--files-per-task', default='16')
    options = parser.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    fast = ['--fast'] if options.fast else []
    submit = [str(Path(options.python).with_name('spark-submit')), '--master', 'local[2]', '--conf', 'spark.ui.enabled=false']
    for conf in options.conf:
        submit += ['--conf', conf]
    os.environ['PYSPARK_PYTHON'] = os.path.abspath(options.python)
    ratios = []
    with tempfile.TemporaryDirectory() as scratch:
        few = Path(scratch, 'few')
        few.mkdir()
        for path in sorted(options.folder.glob('*.wav'))[:2]:
            (few / path.name).symlink_to(path.resolve())
        for number in range(options.rounds):
            found = {}
            for name, folder, files in (('few', few, '1'), ('all', options.folder, options.files_per_task)):
                command = [options.bonafide, 'scan', '-j', '2', '--quiet', '--format', 'jsonl', *fast, str(folder)]
                spark = [*submit, str(SUBMIT), str(folder), str(Path(scratch, f'{name}{number}')), '--files-per-task', files, *fast]
                found[name] = times(command, (0, 1)), times(spark, (0,))
            (command_few, spark_few), (command_all, spark_all) = ([cpu for cpu, _ in found[name]] for name in ('few', 'all'))
            ratios.append((spark_all - spark_few) / (command_all - command_few))
            walls = ', '.join(f'{wall:.0f}' for name in found for _, wall in found[name])
            print(f'command {command_all:.1f} s, Spark {spark_all:.1f} s, of which start and two calls {spark_few:.1f} s: '
                  f'{ratios[-1]:.3f} beyond (load {os.getloadavg()[0]:.0f}; on the wall, command and Spark of two, of all: {walls} s)', flush=True)
    print(f'median {statistics.median(ratios):.3f} of {len(ratios)}')


if __name__ == '__main__':
    main()
