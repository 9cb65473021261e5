"""HTTP/1.1 with keep-alive around the API and the page, with a place for everything that can go wrong."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

from freeze_alerts.testing import answers, api, calls, page
from freeze_alerts.testing.answers import Answer
from freeze_alerts.testing.api import Api
from freeze_alerts.testing.calls import Call
from freeze_alerts.testing.failures import Failure, Point
from freeze_alerts.testing.state import State

LARGEST_BODY_BYTES = 10 * 1024 * 1024


class HttpServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """One thread a connection; :meth:`end` leaves none behind."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], state: State, served: Api) -> None:
        self.state = state
        self.api = served
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._all_closed = threading.Condition()
        super().__init__(address, Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._all_closed:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._all_closed:
            self._open.discard(request)
            self._all_closed.notify_all()

    def end(self) -> None:
        """Stops listening, wakes what hangs, closes every connection."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        with self._all_closed:
            for each in self._open:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
            self._all_closed.wait_for(lambda: not self._open, timeout=2)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves early is no error here."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: HttpServer

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path.startswith("/api/"):
            self._serve_api()
        else:
            self._read()
            self._send(page.answer(self.server.state, parts.path, parts.query))

    def do_POST(self) -> None:
        self._serve_api()

    def do_PATCH(self) -> None:
        self._serve_api()

    def do_DELETE(self) -> None:
        self._serve_api()

    def do_PUT(self) -> None:
        self._serve_api()

    def _serve_api(self) -> None:
        call = calls.parse(self.command, self.path, self.headers)
        finish, failure = self.server.state.begin(call)
        if self._goes_wrong(failure, Point.BEFORE_READING):
            return
        body = self._read()
        if body is None:
            finish(413, None)
            self._send(answers.refusal(413, 40005, "Request entity too large"))
            return
        if failure and failure.point is Point.BEFORE_READING and self._is_client_gone():
            self.close_connection = True
            return
        answer = self._answer(call, body, failure)
        if self._goes_wrong(failure, Point.AFTER_SAVING):
            finish(0, _readable(body))
            return
        finish(answer.status, _readable(body))
        self._send(answer)

    def _answer(self, call: Call, body: bytes, failure: Failure | None) -> Answer:
        self.server.state.complain(calls.complaints(call, _readable(body)))
        instead = failure.answer_to(call.version) if failure else None
        if failure and failure.is_unsaved_message and call.is_post and not call.waits:
            instead = Answer(204)
        return self.server.api.answer(call, body, instead)

    def _goes_wrong(self, failure: Failure | None, point: Point) -> bool:
        """Lives through what fails at this point. Returns whether the connection is to end without an answer."""
        if failure is None or failure.point is not point:
            return False
        is_stopping = bool(failure.seconds) and self.server.stopping.wait(failure.seconds)
        self.close_connection = self.close_connection or failure.is_drop or is_stopping
        return failure.is_drop or is_stopping

    def _read(self) -> bytes | None:
        """The whole body; None when it is too large to be read, or of no honest length."""
        size = self.headers.get("Content-Length", "0")
        if not size.isdecimal() or int(size) > LARGEST_BODY_BYTES or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            return None
        return self.rfile.read(int(size))

    def _is_client_gone(self) -> bool:
        try:
            return not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in ({} if answer.is_cloudflares else {**answer.headers, "Via": "1.1 google"}).items():
            self.send_header(name, value)
        if 300 <= answer.status < 400:
            self.send_header("Location", self.path)
        if answer.status != 204:
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if answer.status != 204:
            self.wfile.write(answer.body)

    def version_string(self) -> str:
        return "cloudflare"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Says nothing: a request line holds the token."""


def _readable(body: bytes) -> Any:
    """The body for people and tests: JSON where it is some, else text."""
    try:
        return api.parsed(body) if body else None
    except ValueError:
        return body.decode(errors="replace")
