"""Status pages on loopback, and what Statuspage's and Instatus' answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DIGITALOCEAN: dict[str, Any] = {
    "page": {"id": "s2k7tnzlhrpw", "name": "DigitalOcean", "url": "http://status.digitalocean.com"},
    "components": [
        {"id": "g", "name": "Spaces", "status": "partial_outage", "group": True, "group_id": None},
        {"id": "a", "name": "AMS3", "status": "operational", "group": False, "group_id": "g"},
        {"id": "b", "name": "NYC3", "status": "major_outage", "group": False, "group_id": "g"},
        {"id": "c", "name": "API", "status": "degraded_performance", "group": False, "group_id": None},
    ],
    "incidents": [
        {"name": "Spaces in NYC3", "status": "identified", "impact": "major", "created_at": "2026-03-04T11:02:00Z",
         "shortlink": "https://stspg.io/abc"},
    ],
    "status": {"indicator": "major", "description": "Partial System Outage"},
}  # fmt: skip
MOLLIE_CALM: dict[str, Any] = {
    "page": {"name": "Mollie", "url": "https://status.mollie.com", "status": "UP"},
    "activeMaintenances": [],
}
MOLLIE_ILL: dict[str, Any] = {
    "page": {"name": "Mollie", "url": "https://status.mollie.com", "status": "HASISSUES"},
    "activeIncidents": [
        {"name": "Delayed webhooks", "started": "Wed Mar 04 2026 11:02:00 GMT+0000", "status": "INVESTIGATING",
         "impact": "PARTIALOUTAGE", "url": "https://status.mollie.com/1"},
    ],
}  # fmt: skip
MOLLIE_TREE: dict[str, Any] = {
    "components": [
        {"name": "Mollie API", "status": "OPERATIONAL"},
        {"name": "Payments", "status": "PARTIALOUTAGE", "children": [
            {"name": "Webhook", "status": "DEGRADEDPERFORMANCE"},
            {"name": "Hosted checkout", "status": "OPERATIONAL"},
        ]},
    ],
}  # fmt: skip
DRIP = b"drip"


class StatusPages(ThreadingHTTPServer):
    """Answers what it is told to at each path, and 404 elsewhere."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []
        self.released = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, path: str, body: Any, status: int = 200, **headers: str) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers[path] = (status, headers, raw)


class _Handler(BaseHTTPRequestHandler):
    server: StatusPages

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        status, headers, body = self.server.answers.get(self.path, (404, {}, b"<html>not here</html>"))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(1_000_000 if body == DRIP else len(body)))
        self.end_headers()
        if body == DRIP:
            self._drip()
        else:
            self.wfile.write(body)

    def _drip(self) -> None:
        """A byte now and then, for ever: each of them is an answer in time."""
        try:
            while not self.server.released.wait(0.2):
                self.wfile.write(b" ")
                self.wfile.flush()
        except OSError:
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving() -> Iterator[StatusPages]:
    with StatusPages() as pages:
        thread = threading.Thread(target=pages.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield pages
        finally:
            pages.released.set()
            pages.shutdown()
            thread.join()
