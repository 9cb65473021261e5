"""Brokers as ill as they come: each a URL of a port where something is wrong."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from tests.ports import free_port


@contextlib.contextmanager
def refusing() -> Iterator[int]:
    """A port where nobody listens: the container is stopped."""
    yield free_port()


@contextlib.contextmanager
def silent() -> Iterator[int]:
    """A port that takes connections and never says a word: the container is paused."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


@contextlib.contextmanager
def dropping() -> Iterator[int]:
    """A port whose connections are never made: a firewall drops the packets. Here the kernel does, its queue full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = int(listener.getsockname()[1])
        for _ in range(20):
            filler = stack.enter_context(socket.socket())
            filler.settimeout(0.5)
            try:
                filler.connect(("127.0.0.1", port))
            except TimeoutError:
                break
        else:
            raise AssertionError("the queue of a port that accepts nobody is never full")
        yield port


ILL: dict[str, Callable[[], AbstractContextManager[int]]] = {
    "refusing": refusing,
    "silent": silent,
    "dropping": dropping,
}
