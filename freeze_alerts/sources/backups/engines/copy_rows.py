"""Counting the rows in the script that ``pg_restore`` writes, as fast as it writes it."""

from __future__ import annotations

import re
from typing import IO

_CHUNK_BYTES = 1 << 20
_HEADER = re.compile(rb"^COPY (.+?) (?:\([^\n]*\) )?FROM stdin;$", re.MULTILINE)
_END = b"\n\\.\n"
_PART = re.compile(r'"((?:[^"]|"")*)"|([^."]+)')


class CopyRows:
    """``rows`` by table, unquoted: ``public.orders``. Nothing in the data can be taken for anything else."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self._table: str | None = None
        self._left = b""

    def read(self, script: IO[bytes]) -> None:
        """To its end."""
        while chunk := script.read(_CHUNK_BYTES):
            self.feed(chunk)

    def feed(self, chunk: bytes) -> None:
        rest = self._left + chunk
        while True:
            if self._table is None:
                found = _HEADER.search(rest)
                if found is None or found.end() == len(rest):
                    self._left = rest[rest.rfind(b"\n") + 1 :] if found is None else rest[found.start() :]
                    return
                self._table = unquoted(found[1].decode())
                self.rows.setdefault(self._table, 0)
                rest = rest[found.end() :]  # from the end of the header's line on, so that no row is a special case
            end = rest.find(_END)
            if end < 0:
                keep = len(_END) - 1
                self._count(self._table, rest[: max(0, len(rest) - keep)])
                self._left = rest[max(0, len(rest) - keep) :]
                return
            self._count(self._table, rest[:end])
            self._table, rest = None, rest[end + 1 :]

    def _count(self, table: str, lines: bytes) -> None:
        self.rows[table] += lines.count(b"\n")


def unquoted(name: str) -> str:
    """As ``quote_ident`` quoted it, each part: ``public."Odd one"`` → ``public.Odd one``."""
    parts = [found[2] if found[1] is None else found[1].replace('""', '"') for found in _PART.finditer(name)]
    return ".".join(parts)
