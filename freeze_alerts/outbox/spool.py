"""A file for what the database can't take: one line each, synced to disk before anybody relies on it.

Any number of processes may append while one takes. A line that a crash tore off is passed over: whoever wrote it was
not told that it is safe. Nobody holds the file's lock for longer than it takes to copy it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from freeze_alerts import conf

logger = logging.getLogger("freeze_alerts")

Line = dict[str, Any]

LONGEST_LINE_BYTES = 64_000


def keep(line: Mapping[str, Any]) -> bool:
    """Append a line and sync it; False where the disk doesn't take it, which is logged. Never raises."""
    return _keep(_path(), line)


def reject(line: Mapping[str, Any]) -> bool:
    """Put a line aside that can't be booked, so that it is neither lost nor in the way of the others."""
    return _keep(_beside("rejected"), line)


def take(book: Callable[[list[Line]], None]) -> int:
    """Hand all lines to ``book``, and forget them when it returns; returns how many they were.

    A crash in between hands them over again, so ``book`` must know what it has booked. What it raises is raised,
    and the lines are kept. 0 while another process is at it.
    """
    if not (_has_lines(_path()) or _has_lines(_beside("booking"))):
        return 0
    try:
        with _locked(_beside("booking"), wait=False) as booking:
            with _locked(_path()) as spool:
                _append(booking, _content(spool))
                os.ftruncate(spool, 0)
            lines = _parsed(_content(booking))
            book(lines)
            os.ftruncate(booking, 0)
            return len(lines)
    except BlockingIOError:
        return 0


def holds(line_id: str) -> bool:
    """Whether a line of this id still waits to be booked."""
    return any(line.get("id") == line_id for line in _waiting())


def holds_key(key: str) -> bool:
    """Whether a line about this trouble waits to be booked."""
    return first_of(key) is not None


def first_of(key: str) -> str | None:
    """The id of the line that was the first to tell of this trouble, of those that wait to be booked."""
    return next((line["id"] for line in _waiting() if line.get("key") == key), None)


def is_empty() -> bool:
    return not (_has_lines(_path()) or _has_lines(_beside("booking")))


def _waiting() -> list[Line]:
    found: list[Line] = []
    for path in (_path(), _beside("booking")):
        with contextlib.suppress(OSError):
            found += _parsed(path.read_bytes())
    return found


def _path() -> Path:
    return conf.current().delivery.spool


def _beside(name: str) -> Path:
    return Path(f"{_path()}.{name}")


def _has_lines(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return path.stat().st_size > 0
    return False


def _keep(path: Path, line: Mapping[str, Any]) -> bool:
    raw = json.dumps(line, default=str).encode() + b"\n"
    try:
        if len(raw) > LONGEST_LINE_BYTES:
            raise OSError(f"a line of {len(raw)} bytes is too long")
        with _locked(path) as file:
            _append(file, raw)
    except OSError as error:
        logger.error("the spool %s can't be written: %s", path, error)
        return False
    return True


@contextlib.contextmanager
def _locked(path: Path, *, wait: bool = True) -> Iterator[int]:
    """The file, readable by nobody else, and ours alone for the moment. Raises OSError, BlockingIOError if taken."""
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield file
    finally:
        os.close(file)


def _append(file: int, raw: bytes) -> None:
    """All of it or nothing: a full disk may take a part, which is taken back."""
    size = os.fstat(file).st_size
    torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
    whole = b"\n" + raw if torn else raw
    try:
        if os.write(file, whole) < len(whole):
            raise OSError("the disk is full")
        os.fsync(file)
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(file, size)
        raise


def _content(file: int) -> bytes:
    return os.pread(file, os.fstat(file).st_size, 0)


def _parsed(content: bytes) -> list[Line]:
    lines = []
    for raw in content.splitlines(keepends=True):
        with contextlib.suppress(ValueError):
            line = json.loads(raw)
            if isinstance(line, dict) and raw.endswith(b"\n"):
                lines.append(line)
    return lines
