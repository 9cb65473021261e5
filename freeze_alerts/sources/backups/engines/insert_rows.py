"""Counting the rows in the script that ``mariadb-dump`` and ``mysqldump`` write, as it passes."""

from __future__ import annotations

import re

from freeze_alerts.sources.backups.trouble import Trouble

_MARKER = b"-- Dump completed"
_INSERT = re.compile(rb"INSERT INTO `((?:[^`]|``)+)` (?:\([^)]*\) )?VALUES")
_CREATE = re.compile(rb"CREATE TABLE `((?:[^`]|``)+)`")
_STRING = re.compile(rb"'(?:[^'\\]|\\.)*'", re.DOTALL)


class InsertRows:
    """``rows`` by table. Strings hold no line break of their own, so a line is never half a row."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self._left: list[bytes] = []
        self._table = ""
        self._in_program = False
        self._last = b""

    def feed(self, chunk: bytes) -> None:
        lines = chunk.split(b"\n")
        self._left.append(lines[0])
        if len(lines) == 1:
            return
        lines[0] = b"".join(self._left)
        self._left = [lines.pop()]
        for line in lines:
            self._look_at(line)

    def refuse_if_cut(self, stage: str) -> None:
        """Raises Trouble where the script does not end as a whole one does."""
        if not (b"".join(self._left).strip() or self._last).startswith(_MARKER):
            raise Trouble("the dump ends without its end marker (-- Dump completed): it is not whole", stage=stage)

    def _look_at(self, line: bytes) -> None:
        if line:
            self._last = line
        if line.startswith(b"("):
            if self._table:
                self.rows[self._table] += 1
        elif line.startswith(b"DELIMITER "):
            self._table = ""
            self._in_program = line.rstrip() != b"DELIMITER ;"
        elif self._in_program:
            return
        elif found := _INSERT.match(line):
            self._table = _unquoted(found[1])
            self.rows.setdefault(self._table, 0)
            self.rows[self._table] += _STRING.sub(b"", line[found.end() :]).count(b"(")
        elif found := _CREATE.match(line):
            self._table = ""
            self.rows.setdefault(_unquoted(found[1]), 0)
        else:
            self._table = ""


def _unquoted(name: bytes) -> str:
    return name.decode().replace("``", "`")
