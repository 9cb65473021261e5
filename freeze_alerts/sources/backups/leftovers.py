"""What a restore or a proof has beside it while it works, noted so that the next run can clean up after a killed one.

Each holds its note, and the copy it unpacked, by a lock that is gone the moment the process is.
"""

from __future__ import annotations

import json
import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from freeze_alerts.sources.backups import deletion, durable, engines, names, words
from freeze_alerts.sources.backups.trouble import Trouble

logger = logging.getLogger(__name__)

UNPACKED = ".unpacked.partial"
_NOTE = ".scratch"


@dataclass(frozen=True)
class Note:
    """``scratch`` is a database of our own making; empty where the database itself is filled anew, in its place."""

    alias: str
    backup: str
    scratch: str
    host: str
    pid: int
    started_at: datetime
    path: Path


@contextmanager
def scratch(alias: str, backup: str, name: str, directory: Path, drop: Callable[[], object]) -> Iterator[None]:
    """Have a database of our own while the block runs; one that can't be dropped is left to the next run."""
    with _noted(alias, backup, name, directory) as path:
        try:
            yield
        finally:
            try:
                drop()
            except Trouble as problem:
                logger.warning("the database %s could not be dropped, the next run will: %s", name, problem)
            else:
                path.unlink(missing_ok=True)


@contextmanager
def in_place(alias: str, backup: str, directory: Path) -> Iterator[Path]:
    """The old database goes, and a new one comes; where the block does not end well, the note says so from then on.

    Gives the note, to be removed by who finds that the old one could not go.
    """
    with _noted(alias, backup, "", directory) as path:
        yield path
    for note in notes(directory):
        if note.alias == alias and not note.scratch:
            note.path.unlink(missing_ok=True)


def notes(directory: Path) -> list[Note]:
    """Those that can be read. Raises OSError."""
    found = []
    for path in sorted(directory.glob(f".*{_NOTE}")):
        with suppress(ValueError, TypeError, KeyError, FileNotFoundError):
            said = json.loads(path.read_bytes())
            found.append(Note(**{**said, "started_at": datetime.fromisoformat(said["started_at"])}, path=path))
    return found


def half_filled(alias: str, directory: Path) -> str:
    """Why nobody may use this database now, nor back it up, in words; empty where all is well."""
    with suppress(OSError):
        tries = [each for each in notes(directory) if each.alias == alias and not each.scratch]
        if left := [each for each in tries if durable.is_deserted(each.path)]:
            note = max(left, key=lambda each: each.started_at)
            return (
                f"a restore of {note.backup} into it (process {note.pid} on {note.host}, begun"
                f" {words.moment(note.started_at)}) ended when the old database was gone and the new one not"
                f" whole; restore again: manage.py backup_database --restore {note.backup} --into {alias}"
                f" (if it is whole after all: rm {' '.join(str(each.path) for each in left)})"
            )
    return ""


def clear(directory: Path) -> list[str]:
    """Drop and remove what processes left that are gone; gives the names of it all. Raises OSError."""
    gone = []
    for path in sorted(directory.glob(f".*{UNPACKED}")):
        if durable.is_deserted(path):
            deletion.shrink_away(path)
            gone.append(path.name)
    dead = [note for note in notes(directory) if note.scratch and durable.is_deserted(note.path)]
    return [*gone, *(f"database {note.scratch}" for note in dead if _dropped(note))]


def _dropped(note: Note) -> bool:
    """Only what has a name as we give them: whatever the note says, it is never anybody else's."""
    if not names.is_scratch(note.scratch):
        return False
    try:
        engines.of(note.alias).drop(note.scratch)
    except Trouble as problem:
        logger.warning("the database %s, left by a killed process, could not be dropped: %s", note.scratch, problem)
        return False
    note.path.unlink(missing_ok=True)
    logger.warning("dropped the database %s: process %d on %s was killed before it could", note.scratch, note.pid,
                   note.host)  # fmt: skip
    return True


@contextmanager
def _noted(alias: str, backup: str, name: str, directory: Path) -> Iterator[Path]:
    """The note alone; whoever asks for it removes it."""
    path = directory / f".{names.safe(alias)}.{os.urandom(4).hex()}{_NOTE}"
    said = {"alias": alias, "backup": backup, "scratch": name, "host": socket.gethostname(), "pid": os.getpid(),
            "started_at": datetime.now(UTC).isoformat()}  # fmt: skip
    with ExitStack() as held:
        try:
            file = held.enter_context(os.fdopen(durable.create_held(path), "wb", buffering=0))
            file.write(json.dumps(said).encode())
            os.fsync(file.fileno())
        except OSError as problem:
            with suppress(OSError):
                path.unlink()
            raise Trouble(f"{path} can't be written: {problem.strerror}", stage="restore") from problem
        yield path
