#!/usr/bin/env python3
"""Debian's rtpengine forwards a copy of a call's media to `bonafide serve`: rtpengine.py COMMAND.

Two ffmpegs talk by it, a person and a synthetic voice; each side is subscribed to, as docs/live/rtp.md says, and sent to one port.
"""

import shutil
import socket
import subprocess
import sys
import time

from host import Host, compare, mu_law, scanned

SECONDS = 12
PORTS = {"a": 15900, "b": 15910}


def encoded(value):
    """Bencode, which the ng protocol is in."""
    if isinstance(value, str):
        return b"%d:%s" % (len(value.encode()), value.encode())
    if isinstance(value, list):
        return b"l" + b"".join(map(encoded, value)) + b"e"
    return b"d" + b"".join(encoded(key) + encoded(value[key]) for key in sorted(value)) + b"e"


def decoded(data):
    """A value, and what is behind it."""
    if data[:1] == b"i":
        number, rest = data[1:].split(b"e", 1)
        return int(number), rest
    if data[:1] in (b"l", b"d"):
        items, rest = [], data[1:]
        while rest[:1] != b"e":
            item, rest = decoded(rest)
            items.append(item)
        return (items if data[:1] == b"l" else dict(zip(items[::2], items[1::2]))), rest[1:]
    count, rest = data.split(b":", 1)
    return rest[:int(count)].decode(), rest[int(count):]


class Engine:
    """rtpengine in userspace."""

    def __init__(self, port=15920):
        self.process = subprocess.Popen(
            ["rtpengine", "--interface=127.0.0.1", f"--listen-ng=127.0.0.1:{port}", "--table=-1", "--foreground", "--log-stderr", "--log-level=3",
             "--port-min=15930", "--port-max=15990", "--no-redis-required"], stderr=subprocess.DEVNULL)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))
        self.socket.settimeout(0.5)
        self.asked = 0

    def ask(self, **command):
        request = encoded({key.replace("_", "-"): value for key, value in command.items()})
        for _ in range(60):
            try:
                # A name of its own: to one that it knows it answers as before.
                self.asked += 1
                self.socket.send(b"%d %s" % (self.asked, request))
                answer = decoded(self.socket.recv(65_536).split(b" ", 1)[1])[0]
            except (ConnectionRefusedError, TimeoutError):
                time.sleep(0.2)
                continue
            assert answer["result"] in ("ok", "pong"), answer
            return answer
        raise AssertionError("rtpengine does not answer")


def sdp(port, way="sendrecv"):
    return f"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\na={way}\r\n"


def port_of(description):
    return int(next(line for line in description.splitlines() if line.startswith("m=audio ")).split()[1])


def main(command):
    if missing := [name for name in ("rtpengine", "ffmpeg") if not shutil.which(name)]:
        return print(f"test-live: rtpengine left out, for there is no {' and no '.join(missing)}")
    with Host(command) as host:
        engine = Engine()
        try:
            engine.ask(command="ping")
            call = {"call_id": "call-1", "from_tag": "a"}
            towards_b = port_of(engine.ask(command="offer", sdp=sdp(PORTS["a"]), **call)["sdp"])
            towards_a = port_of(engine.ask(command="answer", sdp=sdp(PORTS["b"]), to_tag="b", **call)["sdp"])
            for tag in ("a", "b"):
                offered = engine.ask(command="subscribe request", call_id="call-1", from_tag=tag)
                engine.ask(command="subscribe answer", call_id="call-1", to_tag=offered["to-tag"], sdp=sdp(host.rtp, "recvonly"))
            voices = [mu_law(f"{name}.ulaw.wav", host.folder, SECONDS) for name in ("genuine-en", "synthetic-hts")]
            # Each sends to the port that rtpengine has for it, from the one that it said.
            senders = [
                subprocess.Popen(["ffmpeg", "-v", "error", "-readrate", "4", "-f", "mulaw", "-ar", "8000", "-i", voice, "-c:a", "copy", "-f", "rtp",
                                  "-rtpflags", "send_bye", f"rtp://127.0.0.1:{port}?pkt_size=172&localrtpport={PORTS[tag]}"], stdout=subprocess.DEVNULL)
                for voice, port, tag in ((voices[0], towards_a, "a"), (voices[1], towards_b, "b"))]
            for sender in senders:
                assert sender.wait() == 0
            compare("rtpengine", host.ended(f"rtp-{host.rtp}"), [scanned(command, voice) for voice in voices], SECONDS, within=1e-3)
        finally:
            engine.process.terminate()
            engine.process.wait()


if __name__ == "__main__":
    main(sys.argv[1])
