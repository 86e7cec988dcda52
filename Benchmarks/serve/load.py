#!/usr/bin/env python3
"""Live parties through real sockets: how late updates of `bonafide serve` are, and what a party takes.

    load.py COMMAND CALLS FILE.ulaw [--parties 1000] [--seconds 30] [--form audiosocket|twilio|rtp] [--full] [--talk 0.5] [--life 60]
    load.py COMMAND CALLS FILE.ulaw --form audiosocket,twilio,rtp --parties 24 --seconds 4000 --life 20 --full --talk 0.45
    load.py COMMAND CALLS FILE.ulaw --refused 10000

COMMAND is the program, CALLS what calls.c compiles to, FILE.ulaw samples at 8 kHz without a header. With --talk a party speaks for that share
of the time, in turns of some seconds. With --life calls come and go, and memory is told each half minute, and at the end how it grew: the
second line does so for an hour. --refused opens so many connections at once to a host that takes 100. Needs nothing but Python.
"""
import argparse
import os
import random
import re
import resource
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
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
    # What it says later is read, and left alone.
    threading.Thread(target=host.stderr.read, daemon=True).start()
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


def senders(options, ports, audio):
    """A program for each form, which share the parties."""
    forms = options.form.split(',')
    return [subprocess.Popen(
        [options.calls, form, str(ports['http' if form == 'twilio' else form]), str(options.parties // len(forms)), str(options.seconds),
         audio] + ([str(options.life)] if options.life else []), stdout=subprocess.PIPE, text=True) for form in forms]


def looks(options, host, port, lasting):
    """Memory from here on, by seconds: each half minute, ten times at least. Where calls come and go it is told."""
    begun, found = time.monotonic(), []
    step = min(30, lasting / 10)
    while (passed := time.monotonic() - begun) < lasting:
        time.sleep(step)
        found.append((passed + step, process(host.pid)[0]))
        if options.life:
            text = metrics(port)
            print('{:5.0f} s: {:.0f} calls begun, {:.0f} under way, {} kB'.format(
                found[-1][0], value(text, 'bonafide_calls_started_total'), value(text, 'bonafide_calls'), found[-1][1]), flush=True)
    return found


def growth(looks):
    """Kilobytes an hour, by the line of least squares."""
    return 3600 * statistics.linear_regression(*zip(*looks)).slope


def main():
    parser = argparse.ArgumentParser()
    for name in ('command', 'calls', 'audio'):
        parser.add_argument(name)
    parser.add_argument('--parties', type=int, default=1000)
    parser.add_argument('--seconds', type=int, default=30)
    parser.add_argument('--form', default='audiosocket', help='audiosocket, twilio, rtp, or several with commas between')
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
    load = senders(options, ports, audio)
    # The sender stays for two seconds behind its last packet.
    ahead, lasting = (options.seconds * share for share in ((0.05, 0.9) if options.life else (0.3, 0.6)))
    time.sleep(ahead)
    first, (_, begin) = metrics(ports['http']), process(host.pid)
    memories = looks(options, host, ports['http'], lasting)
    text, (memory, end) = metrics(ports['http']), process(host.pid)
    behind = '; '.join(sender.stdout.read().strip() for sender in load)
    for sender in load:
        sender.wait()
    host.send_signal(signal.SIGTERM)
    host.wait()
    if audio != options.audio:
        os.unlink(audio)
    parties = value(text, 'bonafide_parties')
    print(f'{options.form}: {parties:.0f} parties under way, sender {behind}; load of the machine {os.getloadavg()[0]:.1f}')
    print('lateness of updates: 50 % ≤ {:g} ms, 99 % ≤ {:g} ms'.format(
        *(1000 * quantile(buckets(first), buckets(text), share) for share in (0.5, 0.99))))
    print(f'host: {100 * (end - begin) / lasting:.0f} % of a processor, {(memory - idle) / parties:.0f} kB a party, '
          f'{memory - memories[0][1]:+d} kB from first to last look, {growth(memories):+.0f} kB an hour')


if __name__ == '__main__':
    main()
