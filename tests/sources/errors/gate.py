"""A gate before a server: shut, nobody comes through, and whoever had is thrown out."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

_CHUNK_BYTES = 65_536


class Gate:
    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        self.is_open = True
        self.lock = threading.Lock()
        self.passing: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def shut(self) -> None:
        with self.lock:
            self.is_open = False
            for each in self.passing:
                _close(each)
            self.passing.clear()

    def open(self) -> None:
        self.is_open = True

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._let_in(self.listener.accept()[0])

    def _let_in(self, client: socket.socket) -> None:
        with self.lock:
            if not self.is_open:
                _close(client)
                return
            server = socket.create_connection(self.target)
            self.passing += [client, server]
        for source, sink in ((client, server), (server, client)):
            threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


@contextlib.contextmanager
def gate_before(host: str, port: int) -> Iterator[Gate]:
    gate = Gate(host, port)
    try:
        yield gate
    finally:
        _close(gate.listener)
        gate.shut()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(_CHUNK_BYTES):
            sink.sendall(chunk)
    _close(source)
    _close(sink)


def _close(each: socket.socket) -> None:
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()
