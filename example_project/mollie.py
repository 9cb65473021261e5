"""A stand-in for Mollie: its payments API as far as the shop uses it, a page to pay at, and ways to be ill.

``python mollie.py [PORT]`` runs it by itself. It keeps its payments in memory.
"""

from __future__ import annotations

import itertools
import json
import sys
import threading
import time
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode
from urllib.request import ProxyHandler, Request, build_opener

PAGE = """<!doctype html><meta charset="utf-8"><title>Pay</title>
<body style="font: 1rem/1.6 system-ui; max-width: 30rem; margin: 12vh auto; padding: 0 1rem">
<h1>{description}: € {value}</h1>
<form method="post"><button name="status" value="paid">Pay</button>
<button name="status" value="failed">Let it fail</button></form>"""
SLOW_SECONDS = 30


class Mood(Enum):
    WELL = "well"
    DECLINES = "declines"
    """Every new payment is refused with 422."""
    KEY_REVOKED = "key revoked"
    DOWN = "down"
    SLOW = "slow"


@dataclass
class Mollie:
    """The running stand-in. ``mood`` may be changed at any time."""

    port: int = 0
    mood: Mood = Mood.WELL
    payments: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __enter__(self) -> Mollie:
        self.server = _Server(("127.0.0.1", self.port), self)
        self.numbers = itertools.count(1)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    @property
    def api_url(self) -> str:
        return f"{self.url}/v2"

    def create(self, asked: dict[str, Any]) -> dict[str, Any]:
        name = f"tr_{next(self.numbers):06d}"
        self.payments[name] = {
            **asked, "resource": "payment", "id": name, "status": "open",
            "_links": {"checkout": {"href": f"{self.url}/pay/{name}", "type": "text/html"}},
        }  # fmt: skip
        return self.payments[name]

    def finish(self, name: str, status: str) -> None:
        """The customer pays or gives up: note it, and call the shop's webhook as Mollie does."""
        payment = self.payments[name]
        payment["status"] = status
        body = urlencode({"id": name}).encode()
        called = Request(payment["webhookUrl"], data=body, method="POST")  # noqa: S310 - the shop's own address
        build_opener(ProxyHandler({})).open(called, timeout=20).close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], mollie: Mollie) -> None:
        self.mollie = mollie
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    @property
    def mollie(self) -> Mollie:
        return self.server.mollie

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind, name = self._asked()
        if kind == "pay" and name in self.mollie.payments:
            self.mollie.finish(name, parse_qs(body.decode())["status"][0])
            self._redirect(self.mollie.payments[name]["redirectUrl"])
        elif not self._is_ill(creates=True):
            self._say(201, self.mollie.create(json.loads(body)))

    def do_GET(self) -> None:
        kind, name = self._asked()
        payment = self.mollie.payments.get(name)
        if payment is None:
            self._say(404, {"status": 404, "title": "Not Found", "detail": f"No payment exists with token {name}."})
        elif kind == "pay":
            self._page(PAGE.format(description=payment["description"], value=payment["amount"]["value"]))
        elif not self._is_ill(creates=False):
            self._say(200, payment)

    def _asked(self) -> tuple[str, str]:
        parts = self.path.strip("/").split("/")
        return ("pay", parts[-1]) if parts[0] == "pay" else ("api", parts[-1])

    def _is_ill(self, *, creates: bool) -> bool:
        if self.mollie.mood is Mood.SLOW:
            time.sleep(SLOW_SECONDS)
        refusals = {
            Mood.DOWN: (503, "Service Unavailable", "The service is temporarily unavailable."),
            Mood.KEY_REVOKED: (401, "Unauthorized Request", "Missing authentication, or failed to authenticate"),
        }
        if creates:
            refusals[Mood.DECLINES] = (422, "Unprocessable Entity", "The payment was declined.")
        if self.mollie.mood not in refusals:
            return False
        status, title, detail = refusals[self.mollie.mood]
        self._say(status, {"status": status, "title": title, "detail": detail})
        return True

    def _say(self, status: int, body: dict[str, Any]) -> None:
        self._answer(status, "application/hal+json", json.dumps(body).encode())

    def _page(self, html: str) -> None:
        self._answer(200, "text/html; charset=utf-8", html.encode())

    def _redirect(self, address: str) -> None:
        self.send_response(303)
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    with Mollie(int(sys.argv[1]) if len(sys.argv) > 1 else 8098) as standin:
        print(f"MOLLIE_API_URL={standin.api_url}", flush=True)
        threading.Event().wait()
