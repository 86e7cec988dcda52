#!/usr/bin/env python3
"""Live parties through real sockets: how late updates of `bonafide serve` are, and what a party takes.

    load.py COMMAND CALLS FILE.ulaw [--parties 1000] [--seconds 30] [--form audiosocket|twilio|rtp] [--full] [--talk 0.5] [--life 60]
    load.py COMMAND CALLS FILE.ulaw --refused 10000

COMMAND is the program, CALLS what calls.c compiles to, FILE.ulaw samples at 8 kHz without a header. With --talk a party speaks for that share
of the time, in turns of some seconds. With --life calls come and go, and memory is told along the way. --refused opens so many connections
at once to a host that takes 100. Needs nothing but Python.
"""
import argparse
import os
import random
import re
import resource
import signal
import socket
import subprocess
import tempfile
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


def with_pauses(path, share):
    """A minute of the samples of a file in turns of 2 to 6 s, with noise of a line between them."""
    chance = random.Random(1)
    with open(path, 'rb') as file:
        samples = file.read()
    audio, position = bytearray(), 0
    while len(audio) < 8000 * 60:
        turn = chance.randrange(2 * 8000, 6 * 8000)
        audio += bytes(samples[(position + at) % len(samples)] for at in range(turn))
        position += turn
        audio += bytes(chance.choices((0xFF, 0x7F, 0xFE, 0x7E, 0xFD, 0x7D), k=int(turn * (1 / share - 1))))
    with tempfile.NamedTemporaryFile(suffix='.ulaw', delete=False) as file:
        file.write(audio)
    return file.name


def start(command, *options):
    host = subprocess.Popen(
        [command, 'serve', '--no-auth', '--http', '127.0.0.1:0', '--audiosocket', '127.0.0.1:0', '--rtp', '127.0.0.1:0', '--drain', '1', *options],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    ports = {}
    while len(ports) < 3:
        found = re.search(r'listening at (\w+)://.*:(\d+)$', host.stderr.readline().strip())
        ports[found[1]] = int(found[2])
    return host, ports


def refused(command, count):
    """Connections beyond the limit, all open at once: what they are told."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    host, ports = start(command, '--fast', '--max-connections', '200')
    before, answers = process(host.pid)[0], {}
    begun = time.time()
    clients = []
    for _ in range(count):
        clients.append(socket.create_connection(('127.0.0.1', ports['http']), timeout=20))
        clients[-1].sendall(b'GET /twilio HTTP/1.1\r\nHost: localhost\r\n\r\n')
    for client in clients:
        try:
            answer = client.recv(64).split(b'\r\n')[0].decode()
        except OSError as error:
            answer = type(error).__name__
        answers[answer] = answers.get(answer, 0) + 1
    print(f'{count} connections in {time.time() - begun:.1f} s: {answers}; host {before} kB before, {process(host.pid)[0]} kB behind them')
    for client in clients:
        client.close()
    time.sleep(1)
    print('healthz behind them:', urllib.request.urlopen(f'http://127.0.0.1:{ports["http"]}/healthz').read().decode().strip())
    host.send_signal(signal.SIGTERM)
    host.wait()


def main():
    parser = argparse.ArgumentParser()
    for name in ('command', 'calls', 'audio'):
        parser.add_argument(name)
    parser.add_argument('--parties', type=int, default=1000)
    parser.add_argument('--seconds', type=int, default=30)
    parser.add_argument('--form', default='audiosocket', choices=('audiosocket', 'twilio', 'rtp'))
    parser.add_argument('--full', action='store_true', help='with the second stage')
    parser.add_argument('--talk', type=float, default=1, help='share of the time in which a party speaks')
    parser.add_argument('--life', type=int, default=0, help='seconds after which a call gives way to another')
    parser.add_argument('--refused', type=int, default=0, help='connections that are too many')
    options = parser.parse_args()
    if options.refused:
        return refused(options.command, options.refused)
    audio = options.audio if options.talk >= 1 else with_pauses(options.audio, options.talk)
    host, ports = start(options.command, '--max-calls', '100000', '--max-connections', '100000', *([] if options.full else ['--fast']))
    idle = process(host.pid)[0]
    load = subprocess.Popen(
        [options.calls, options.form, str(ports['http' if options.form == 'twilio' else options.form]), str(options.parties),
         str(options.seconds), audio] + ([str(options.life)] if options.life else []), stdout=subprocess.PIPE, text=True)
    time.sleep(options.seconds * 0.3)
    first, (early, begin) = metrics(ports['http']), process(host.pid)
    for _ in range(10):
        time.sleep(options.seconds * 0.06)
        if options.life:
            text = metrics(ports['http'])
            print('{:.0f} calls begun, {:.0f} under way, {} kB'.format(
                value(text, 'bonafide_calls_started_total'), value(text, 'bonafide_calls'), process(host.pid)[0]), flush=True)
    text, (memory, end) = metrics(ports['http']), process(host.pid)
    behind = load.stdout.read().strip()
    load.wait()
    host.send_signal(signal.SIGTERM)
    host.wait()
    if audio != options.audio:
        os.unlink(audio)
    parties = value(text, 'bonafide_parties')
    print(f'{options.form}: {parties:.0f} parties under way, sender {behind}; load of the machine {os.getloadavg()[0]:.1f}')
    print('lateness of updates: 50 % ≤ {:g} ms, 99 % ≤ {:g} ms'.format(
        *(1000 * quantile(buckets(first), buckets(text), share) for share in (0.5, 0.99))))
    print(f'host: {100 * (end - begin) / (0.6 * options.seconds):.0f} % of a processor, {(memory - idle) / parties:.0f} kB a party, '
          f'{memory - early:+d} kB from first to last look')


if __name__ == '__main__':
    main()
