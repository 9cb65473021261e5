"""A small Sentry: takes envelopes over HTTP as the protocol has them, and keeps what was in them."""

from __future__ import annotations

import contextlib
import gzip
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Sentry:
    def __init__(self, port: int) -> None:
        self.dsn = f"http://public@127.0.0.1:{port}/1"
        self.payloads: list[bytes] = []
        """The items of type event, byte by byte, in the order they came."""
        self.check_ins: list[dict[str, Any]] = []

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(payload) for payload in self.payloads]

    def take(self, body: bytes) -> None:
        """Raises ValueError for what is no envelope."""
        _, _, rest = body.partition(b"\n")
        while rest:
            head, _, rest = rest.partition(b"\n")
            header = json.loads(head)
            length = header["length"]
            payload, rest = rest[:length], rest[length:].removeprefix(b"\n")
            if header["type"] == "event":
                self.payloads.append(payload)
            elif header["type"] == "check_in":
                self.check_ins.append(json.loads(payload))


@contextlib.contextmanager
def sentry_server() -> Iterator[Sentry]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            sentry.take(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sentry = Sentry(server.server_port)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield sentry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
