"""A file for what the database can't take: one line each, synced to disk before anybody relies on it.

Any number of processes may append while one takes. A line that a crash tore off is passed over: whoever wrote it was
not told that it is safe. Nobody holds the file's lock for longer than it takes to read or to shorten it, and taking
needs no room on the disk. What even the disk does not take is kept in memory, for as long as the process lives.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from freeze_alerts import conf

logger = logging.getLogger("freeze_alerts")

Line = dict[str, Any]

LONGEST_LINE_BYTES = 64_000
REMEMBERED_MOST = 1_000

memory: deque[Line] = deque(maxlen=REMEMBERED_MOST)
"""What the disk did not take. It dies with this process, unless that lives to see it booked."""


def keep(line: Mapping[str, Any], *, behind: bool = False) -> bool:
    """Append a line and sync it; False where the disk doesn't take it: then memory has it. Never raises.

    What is told of a line in memory stays with it there, so that the two are taken together; and so does what must
    come ``behind`` all of its key.
    """
    what = "key" if behind else "id"
    belongs = any(each.get(what) == line.get(what) for each in tuple(memory))
    safe = not belongs and _keep(_path(), line)
    if not safe:
        memory.append(dict(line))
    return safe


def fits(line: Mapping[str, Any]) -> bool:
    """Whether it is short enough to be kept as one line."""
    return len(_raw(line)) <= LONGEST_LINE_BYTES


def reject(line: Mapping[str, Any]) -> bool:
    """Put a line aside that can't be booked, so that it is neither lost nor in the way of the others."""
    return _keep(rejected_path(), line)


def take(book: Callable[[list[Line]], None]) -> int:
    """Hand all lines to ``book``, and forget them when it returns; returns how many they were.

    A crash in between hands them over again, so ``book`` must know what it has booked. What it raises is raised,
    and the lines are kept. 0 while another process is at it.
    """
    count = 0
    try:
        count += _take_from_file(book)
    finally:
        count += _take_from_memory(book)
    return count


def mentioning(word: str) -> list[Line]:
    """The waiting lines in which this word stands, oldest first."""
    content = b""
    with contextlib.suppress(OSError):
        content = _path().read_bytes()
    needle = json.dumps(word)[1:-1].encode()  # as the file writes it
    found = [raw for raw in content.splitlines(keepends=True) if needle in raw] if needle in content else []
    return _parsed(b"".join(found)) + [line for line in tuple(memory) if word in line.values()]


def is_empty() -> bool:
    return not (memory or _has_lines())


def rejected_path() -> Path:
    return Path(f"{_path()}.rejected")


def _take_from_file(book: Callable[[list[Line]], None]) -> int:
    if not _has_lines():
        return 0
    try:
        with _locked(Path(f"{_path()}.booking"), wait=False):  # a file of its own: who appends must not wait for us
            with _locked(_path()) as spool:
                content = _content(spool)
            lines = _parsed(content)
            book(lines)
            _forget(len(content))
            return len(lines)
    except BlockingIOError:
        return 0


def _take_from_memory(book: Callable[[list[Line]], None]) -> int:
    lines: list[Line] = []
    with contextlib.suppress(IndexError):  # another thread may take as well: each line is one's alone
        while True:
            lines.append(memory.popleft())
    if lines:
        try:
            book(lines)
        except BaseException:
            memory.extendleft(reversed(lines))
            raise
    return len(lines)


def _path() -> Path:
    return conf.current().delivery.spool


def _has_lines() -> bool:
    with contextlib.suppress(OSError):
        return _path().stat().st_size > 0
    return False


def _keep(path: Path, line: Mapping[str, Any]) -> bool:
    raw = _raw(line)
    try:
        if len(raw) > LONGEST_LINE_BYTES:
            raise OSError(f"a line of {len(raw)} bytes is too long")
        with _locked(path) as file:
            _append(file, raw)
    except OSError as error:
        logger.error("the spool %s can't be written: %s", path, error)
        return False
    return True


def _raw(line: Mapping[str, Any]) -> bytes:
    return json.dumps(line, default=str).encode() + b"\n"


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


def _forget(size: int) -> None:
    """Take the first ``size`` bytes out of the spool, in place: a full disk has no room for a copy."""
    with _locked(_path()) as spool, _path().open("r+b") as file:  # what is locked only appends
        file.write(_content(spool)[size:])
        file.truncate()
        os.fsync(file.fileno())


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
