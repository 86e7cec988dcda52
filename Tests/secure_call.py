#!/usr/bin/env python3
"""A call over a secure WebSocket, for tests: secure_call.py PORT AUTHORITY.pem FILE.s16 (16-bit samples at 8 kHz)."""

import pathlib
import socket
import ssl
import struct
import sys

port, audio = int(sys.argv[1]), pathlib.Path(sys.argv[3]).read_bytes()
context = ssl.create_default_context(cafile=sys.argv[2])
with socket.create_connection(("127.0.0.1", port), timeout=20) as plain, context.wrap_socket(plain, server_hostname="127.0.0.1") as secure:
    secure.sendall(b"GET /audio-fork?id=tls-1 HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
    if not secure.recv(4096).startswith(b"HTTP/1.1 101 "):
        sys.exit("no WebSocket")

    def send(kind: int, payload: bytes) -> None:
        head = bytes([0x80 | kind, 0x80 | 126]) + struct.pack(">H", len(payload))
        secure.sendall(head + bytes(4) + payload)

    send(1, b'{"to":"100"}'.ljust(126))
    for start in range(0, len(audio), 3200):
        send(2, audio[start:start + 3200])
    # 1000: all is said.
    secure.sendall(bytes([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8]))
    if secure.recv(4096)[:1] != b"\x88":
        sys.exit("no close")
