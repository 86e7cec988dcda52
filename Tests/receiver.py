#!/usr/bin/env python3
"""Takes what is posted to it, for tests of webhooks: receiver.py FOLDER SECRET [CERTIFICATE].

FOLDER/port has the port. What is to be answered is taken line by line from FOLDER/plan, and is 200 when there is nothing left: a status, a
status and headers (`503 Retry-After:1`), `drop` (hangs up) or `stall` (says nothing for ten seconds). FOLDER/log has a line of JSON for
each message: what was answered, its name, whether its signature is right, its body.
"""

import base64
import hashlib
import hmac
import http.server
import json
import pathlib
import ssl
import sys
import time

folder, secret = pathlib.Path(sys.argv[1]), sys.argv[2].encode()


def next_answer() -> str:
    plan = folder / "plan"
    lines = plan.read_text().splitlines() if plan.exists() else []
    if len(lines) > 1 or (lines and lines[0] != "always 500"):
        plan.write_text("".join(line + "\n" for line in lines[1:]))
    return lines[0].removeprefix("always ") if lines else "200"


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer("GET")

    def do_POST(self) -> None:
        self.answer("POST")

    def answer(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        name, sent = self.headers.get("webhook-id", ""), self.headers.get("webhook-timestamp", "0")
        code = hmac.new(secret, f"{name}.{sent}.".encode() + body, hashlib.sha256).digest()
        is_signed = hmac.compare_digest(self.headers.get("webhook-signature", ""), "v1," + base64.b64encode(code).decode())
        answer = next_answer()
        with (folder / "log").open("a") as log:
            log.write(json.dumps({
                "answer": answer, "method": method, "path": self.path, "id": name, "signed": is_signed and abs(time.time() - int(sent)) < 60,
                "type": self.headers.get("content-type"), "agent": self.headers.get("user-agent"), "body": body.decode(),
            }) + "\n")
        if answer == "drop":
            self.close_connection = True
            return
        if answer == "stall":
            time.sleep(10)
        status, *headers = "200" if answer == "stall" else answer, *answer.split()[1:]
        self.send_response(int(status.split()[0]))
        for header in headers:
            self.send_header(*header.split(":", 1))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        pass


server = Server(("127.0.0.1", 0), Receiver)
if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3])
    server.socket = context.wrap_socket(server.socket, server_side=True)
(folder / "port.part").write_text(str(server.server_address[1]))
(folder / "port.part").rename(folder / "port")
server.serve_forever()
