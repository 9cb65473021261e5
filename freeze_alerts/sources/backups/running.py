"""The note of a run that is on, beside the backups: one whose lock is free tells of a process that died."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from freeze_alerts.sources.backups import durable, names


@dataclass(frozen=True)
class Note:
    """``alias`` is the database, ``name`` the backup that is being made."""

    alias: str
    name: str
    host: str
    pid: int
    started_at: datetime
    task_id: str
    path: Path


@contextmanager
def noted(alias: str, name: str, started_at: datetime, task_id: str, directory: Path) -> Iterator[None]:
    """Leave a note while the block runs. Only who has the lock may do that. Raises OSError."""
    path = directory / f".{names.safe(alias)}.running"
    said = {"alias": alias, "name": name, "host": socket.gethostname(), "pid": os.getpid(), "task_id": task_id,
            "started_at": started_at.astimezone(UTC).isoformat()}  # fmt: skip
    durable.write(path, json.dumps(said).encode())
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def read_notes(directory: Path) -> tuple[Note, ...]:
    """Those that can be read. Raises OSError."""
    found = []
    for path in sorted(directory.glob(".*.running")):
        with suppress(ValueError, TypeError, FileNotFoundError):
            said = json.loads(path.read_bytes())
            started_at = datetime.fromisoformat(said.pop("started_at"))
            found.append(Note(**said, started_at=started_at, path=path))
    return tuple(found)


def remove(note: Note) -> None:
    """Raises OSError."""
    note.path.unlink(missing_ok=True)
