"""Backups that another tool makes while we look on: begun, alive, ended well, or never heard of again."""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connections
from django.utils import timezone

from freeze_alerts import signals
from freeze_alerts.sources.backups import history, tell, words
from freeze_alerts.sources.backups.models import BackupRun

BEAT_SECONDS = 30.0
SILENT_AFTER = timedelta(minutes=2)
"""Four beats."""


@dataclass(frozen=True)
class Run:
    """One run that has begun in this process. The table knows of it, so that its death can be noticed elsewhere."""

    database: str
    made_by: str
    at: datetime
    row: uuid.UUID = field(default_factory=uuid.uuid4)
    started: float = field(default_factory=time.monotonic)
    over: threading.Event = field(default_factory=threading.Event)


def begin(database: str, made_by: str) -> Run:
    """Note that a run has begun, and give signs of life until it is over."""
    run = Run(database, made_by, timezone.now())
    history.remember(
        run.row, database=database, made_by=made_by, state=BackupRun.State.RUNNING, at=run.at, heartbeat_at=run.at,
        host=socket.gethostname(), pid=os.getpid(),
    )  # fmt: skip
    threading.Thread(target=_beat, args=(run,), name="freeze-alerts backup heartbeat", daemon=True).start()
    return run


def succeeded(run: Run, *, name: str, stored_bytes: int | None) -> None:
    _end(run)
    tell.tell(
        signals.backup_made, database=run.database, name=name, snapshot_at=_aware(run.at),
        duration_seconds=time.monotonic() - run.started, stored_bytes=stored_bytes, task_id="", made_by=run.made_by,
    )  # fmt: skip


def failed(run: Run, error: str) -> None:
    _end(run)
    _tell_failed(run.database, run.made_by, "dump", error)


def tell_the_dead() -> int:
    """Tell of each run of others that has given no sign of life, or whose process is gone; returns how many."""
    running = BackupRun.objects.filter(state=BackupRun.State.RUNNING)
    rows = history.attempt("look for backups that died", lambda: list(running)) or []
    return sum(_bury(row) for row in rows if _is_dead(row))


def is_gone(host: str, pid: int) -> bool:
    """Whether a process is not there any more, as far as that can be seen from here."""
    if host != socket.gethostname():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # somebody else's, so it is there
        return False
    return False


def _is_dead(row: BackupRun) -> bool:
    silent = timezone.now() - (row.heartbeat_at or row.at) > SILENT_AFTER
    return silent or (row.pid is not None and is_gone(row.host, row.pid))


def _bury(row: BackupRun) -> bool:
    """False where somebody else was quicker, or it has just ended."""
    same = BackupRun.objects.filter(pk=row.pk, state=BackupRun.State.RUNNING, heartbeat_at=row.heartbeat_at)
    gone = history.attempt("note that a backup died", same.delete)
    if not gone or not gone[0]:
        return False
    began = words.moment(_aware(row.at))
    error = f"its process ({row.pid} on {row.host}) began at {began} and was never heard of again"
    _tell_failed(row.database, row.made_by, "died", error)
    return True


def _tell_failed(database: str, made_by: str, stage: str, error: str) -> None:
    tell.tell(
        signals.backup_failed, database=database, name="", stage=stage, error=error, signal_name="", task_id="",
        untouched="", made_by=made_by,
    )  # fmt: skip


def _end(run: Run) -> None:
    """The row of what is running goes: what became of it is told, and gets a row of its own."""
    run.over.set()
    history.attempt("note that a backup ended", BackupRun.objects.filter(pk=run.row).delete)


def _beat(run: Run) -> None:
    try:
        while not run.over.wait(BEAT_SECONDS):
            same = BackupRun.objects.filter(pk=run.row)
            history.attempt("give a sign of life", lambda: same.update(heartbeat_at=timezone.now()))  # noqa: B023
            connections.close_all()
    finally:
        connections.close_all()


def _aware(moment: Any) -> datetime:
    aware: datetime = timezone.make_aware(moment) if timezone.is_naive(moment) else moment
    return aware
