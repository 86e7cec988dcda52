#!/usr/bin/env python3
"""Live parties through real sockets: how late updates of `bonafide serve` are, and what a party takes.

    load.py COMMAND CALLS FILE.ulaw [--parties 1000] [--seconds 30] [--form audiosocket|twilio] [--full]

COMMAND is the program, CALLS what calls.c compiles to, FILE.ulaw samples at 8 kHz without a header. Needs nothing but Python.
"""
import argparse
import re
import signal
import subprocess
import time
import urllib.request


def metrics(port):
    with urllib.request.urlopen(f'http://127.0.0.1:{port}/metrics') as answer:
        return answer.read().decode()


def value(text, name):
    return float(re.search(rf'^{re.escape(name)} (\S+)$', text, re.M)[1])


def buckets(text):
    return [(float(bound), int(count)) for bound, count in
            re.findall(r'^bonafide_update_lateness_seconds_bucket\{le="([^"]+)"\} (\d+)$', text, re.M)]


def quantile(before, after, share):
    """The bound of the bucket that a share of the updates between two looks is at or below."""
    counts = [(bound, late - early) for (bound, late), (_, early) in zip(after, before)]
    return next(bound for bound, count in counts if count >= share * counts[-1][1])


def process(number):
    with open(f'/proc/{number}/status') as status:
        memory = int(re.search(r'VmRSS:\s+(\d+)', status.read())[1])
    with open(f'/proc/{number}/stat') as stat:
        fields = stat.read().rsplit(')', 1)[1].split()
    return memory, (int(fields[11]) + int(fields[12])) / 100


def main():
    parser = argparse.ArgumentParser()
    for name in ('command', 'calls', 'audio'):
        parser.add_argument(name)
    parser.add_argument('--parties', type=int, default=1000)
    parser.add_argument('--seconds', type=int, default=30)
    parser.add_argument('--form', default='audiosocket', choices=('audiosocket', 'twilio'))
    parser.add_argument('--full', action='store_true', help='with the second stage')
    options = parser.parse_args()
    host = subprocess.Popen(
        [options.command, 'serve', '--no-auth', '--http', '127.0.0.1:0', '--audiosocket', '127.0.0.1:0', '--max-calls', '100000',
         '--max-connections', '100000', '--drain', '1'] + ([] if options.full else ['--fast']),
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    ports = {}
    while len(ports) < 2:
        found = re.search(r'listening at (\w+)://.*:(\d+)$', host.stderr.readline().strip())
        ports[found[1]] = int(found[2])
    idle = process(host.pid)[0]
    load = subprocess.Popen(
        [options.calls, options.form, str(ports['http' if options.form == 'twilio' else 'audiosocket']), str(options.parties),
         str(options.seconds), options.audio], stdout=subprocess.PIPE, text=True)
    time.sleep(options.seconds * 0.3)
    first, (_, start) = metrics(ports['http']), process(host.pid)
    time.sleep(options.seconds * 0.6)
    text, (memory, end) = metrics(ports['http']), process(host.pid)
    behind = load.stdout.read().strip()
    load.wait()
    host.send_signal(signal.SIGTERM)
    host.wait()
    parties = value(text, 'bonafide_parties')
    print(f'{options.form}: {parties:.0f} parties under way, sender {behind}')
    print('lateness of updates: 50 % ≤ {:g} ms, 99 % ≤ {:g} ms'.format(
        *(1000 * quantile(buckets(first), buckets(text), share) for share in (0.5, 0.99))))
    print(f'host: {100 * (end - start) / (0.6 * options.seconds):.0f} % of a processor, {(memory - idle) / parties:.0f} kB a party')


if __name__ == '__main__':
    main()
