"""Ports for servers of a test's own, which must be told theirs before they listen."""

from __future__ import annotations

import secrets
import socket

_BELOW_THE_KERNELS = range(20000, 32000)
"""Where no connection that others begin meanwhile is given its port: the kernel's own begin at 32768."""


def free_port() -> int:
    """A port of this machine that nobody listens on, and that stays free while its server starts, or starts anew."""
    while True:
        port = secrets.choice(_BELOW_THE_KERNELS)  # `random` is seeded alike in all test processes at once
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
