"""Listening to django-dbbackup, where the project uses it: its backups are watched like ours.

It tells of a beginning and of a good end, and of a failure only in its log; a beginning without an end is a failure
too. ``database`` in its signals holds the password: only the alias is taken from there.
https://github.com/Archmonger/django-dbbackup/blob/master/dbbackup/signals.py
"""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import Any

from freeze_alerts.sources.backups import others
from freeze_alerts.sources.backups.others import Run
from freeze_alerts.sources.backups.trouble import scrubbed

logger = logging.getLogger(__name__)

MADE_BY = "django-dbbackup"
_LOGGER = "dbbackup"


class _Open(threading.local):
    """The run that this thread is at, and the password that must not be told. It makes one backup after another."""

    run: Run | None = None
    password: str = ""


_open = _Open()


def listen() -> None:
    """Plug into its signals. Doing it twice changes nothing."""
    from dbbackup import signals  # type: ignore[import-untyped]  # only where it is installed

    signals.pre_backup.connect(_on_begin, dispatch_uid="freeze_alerts.dbbackup.begin", weak=False)
    signals.post_backup.connect(_on_end, dispatch_uid="freeze_alerts.dbbackup.end", weak=False)


def _on_begin(*, database: Any, connector: Any, **_: Any) -> None:
    try:
        _hear_its_log()
        if _open.run is not None:
            _fail("it never said how it ended, and another has begun")
        _open.password = str(database.get("PASSWORD") or "")
        _open.run = others.begin(connector.database_name, MADE_BY)
    except Exception:  # a door inside somebody's backup, which must go on
        logger.exception("a beginning backup of %s is not watched", MADE_BY)


def _on_end(*, filename: str, storage: Any, **_: Any) -> None:
    try:
        run, _open.run = _open.run, None
        if run is not None:
            others.succeeded(run, name=str(filename)[:255], stored_bytes=_size(storage, filename))
    except Exception:  # a door inside somebody's backup, which has just ended well
        logger.exception("the end of a backup of %s was not taken in", MADE_BY)


def _fail(error: str) -> None:
    run, _open.run = _open.run, None
    if run is not None:
        others.failed(run, scrubbed(error, _open.password))


class _Handler(logging.Handler):
    """An error in its log, while it makes a backup, is how that ended."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            _fail(record.getMessage())
        except Exception:  # noqa: BLE001 - as logging does it
            self.handleError(record)


_handler = _Handler(logging.ERROR)


def _hear_its_log() -> None:
    """Late, since its ``ready()`` puts its own handler in the place of whatever is there."""
    its = logging.getLogger(_LOGGER)
    if _handler not in its.handlers:
        its.addHandler(_handler)


def _size(storage: Any, filename: str) -> int | None:
    """The storage may call it otherwise, or may not tell."""
    with contextlib.suppress(Exception):
        return int(storage.storage.size(filename))
    return None
