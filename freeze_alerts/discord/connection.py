"""One HTTP session a thread, which knows whether a request had begun to leave when it failed.

That is the difference between "send it again" and "it may be there already", and the exception alone doesn't tell:
a broken TLS handshake and a TLS connection lost while waiting for the answer are the same class.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

FAILURES = (requests.RequestException, HTTPError, OSError, ValueError)
"""Whatever a request may raise."""

IDLE_LONGEST_SECONDS = 50.0
"""A connection idle for longer is not used again: what stands between may have dropped it without a word."""


@dataclass
class Call:
    """One request on its way."""

    began_to_leave: bool = False
    connection: socket.socket | None = field(default=None, repr=False)

    def abort(self) -> None:
        """Ends the connection, whatever another thread is waiting for on it."""
        if self.connection is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self.connection, socket.SHUT_RDWR)


class _State(threading.local):
    session: requests.Session | None = None
    process_id = 0
    used_at = 0.0
    call = Call()


_state = _State()


class _Watched:
    """Notes on the call that its bytes begin to leave; those of a proxy's or TLS handshake don't count."""

    sock: Any

    def connect(self) -> None:
        try:
            super().connect()  # type: ignore[misc]
        finally:
            _state.call.began_to_leave = False

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        _state.call.began_to_leave, _state.call.connection = True, self.sock
        super().send(data)  # type: ignore[misc]


class _HTTPConnection(_Watched, HTTPConnection):
    pass


class _HTTPSConnection(_Watched, HTTPSConnection):
    pass


class _HTTPConnectionPool(HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSConnectionPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


_POOLS = {"http": _HTTPConnectionPool, "https": _HTTPSConnectionPool}


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager


def session() -> requests.Session:
    """This thread's session, its connection kept alive from call to call; a new one after a fork or a long pause."""
    stale = time.monotonic() - _state.used_at > IDLE_LONGEST_SECONDS
    if _state.session is None or stale or _state.process_id != os.getpid():
        if _state.session is not None:
            _state.session.close()
        _state.session, _state.process_id = new_session(), os.getpid()
    _state.used_at = time.monotonic()
    return _state.session


@contextlib.contextmanager
def watched(seconds: float) -> Iterator[Call]:
    """A call that is aborted after so many seconds, however slowly its answer drips in."""
    _state.call = call = Call()
    timer = threading.Timer(seconds, call.abort)
    timer.daemon = True
    with contextlib.suppress(RuntimeError):  # a process that is ending starts no thread, and waits for no answer long
        timer.start()
    try:
        yield call
    finally:
        timer.cancel()


def body(response: requests.Response, longest_bytes: int) -> bytes:
    """The body, or as much of it as came: the status line has said whether the message was taken."""
    try:
        return response.raw.read(longest_bytes, decode_content=False) or b""
    except (HTTPError, OSError):
        return b""


def new_session() -> requests.Session:
    """A session without cookies, whose calls can be :func:`watched`."""
    made = requests.Session()
    made.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("https://", "http://"):
        made.mount(scheme, _Adapter())
    return made
