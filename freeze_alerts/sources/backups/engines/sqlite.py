"""SQLite: a pinned snapshot, copied by SQLite's own online backup, so that no writer waits for it in WAL mode."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.db import connections

from freeze_alerts.sources.backups import connection, durable, lock
from freeze_alerts.sources.backups.archive import Archive
from freeze_alerts.sources.backups.content import Content, compare, newest_migrations
from freeze_alerts.sources.backups.engines.engine import Dump, Engine, Server, Tool
from freeze_alerts.sources.backups.interruption import Standing, unbroken
from freeze_alerts.sources.backups.trouble import Trouble

_PAGES_A_STEP = 16384
_PATIENCE_SECONDS = 10.0


class SQLite(Engine):
    name = "sqlite"
    suffix = ".sqlite3.zst"

    def server(self) -> Server:
        path = self._path()
        with _told(self.alias, "preflight"), _opened(path, "ro") as own:
            own.execute("SELECT count(*) FROM sqlite_master").fetchone()
        size_bytes = sum(each.stat().st_size for each in (path, _beside(path, "-wal")) if each.exists())
        return Server(sqlite3.sqlite_version, f"sqlite:{path.resolve()}", str(path), size_bytes)

    def dump_tool(self, server: Server) -> Tool:
        return Tool("sqlite3", sqlite3.sqlite_version)

    def bytes_needed(self, server: Server, last_bytes: int | None) -> int:
        """The plain copy, and what becomes of it."""
        return server.size_bytes + int((last_bytes or server.size_bytes / 2) * 1.2)

    @contextmanager
    def dump(self, server: Server, raw: Path) -> Iterator[Dump]:
        try:
            with _told(self.alias, "dump"):
                snapshot_at = _copied(self._path(), raw)
                found = content(raw)
            with open(raw, "rb", buffering=0) as stream:
                command = "sqlite3 online backup of a pinned snapshot"
                yield Dump(stream, snapshot_at, command, sqlite3.sqlite_version, lambda: found)
        finally:
            raw.unlink(missing_ok=True)

    def count(self, archive: Archive) -> Mapping[str, int]:
        with archive.unpacked() as unpacked, _told(self.alias, "proof"):
            return content(unpacked).rows

    def drill(self, archive: Archive) -> Content:
        with archive.unpacked() as unpacked, _told(self.alias, "proof"):
            _refuse_if_malformed(unpacked, "proof")
            return content(unpacked)

    def restore(self, archive: Archive) -> str:
        """Into the file as it stands, in one transaction: it is as it was until all is there."""
        connections[self.alias].close()
        path = self._path(may_be_missing=True)
        with lock.hold(self.alias, doing="a restore"), archive.unpacked() as unpacked, _told(self.alias, "restore"):
            _refuse_if_malformed(unpacked, "restore")
            compare(archive.manifest, content(unpacked), stage="restore")
            with unbroken():
                said = _put(unpacked, path, self.alias)
                self.standing = Standing.REPLACED
            return said

    def in_use(self) -> str:
        path = self._path(may_be_missing=True)
        return "somebody who holds a lock" if path.exists() and _is_locked(path) else ""

    def _path(self, *, may_be_missing: bool = False) -> Path:
        named = str(connection.wrapper(self.alias).settings_dict["NAME"])
        if ":memory:" in named or "mode=memory" in named:
            raise Trouble(f"the database {self.alias} is in memory; there is nothing to back up", stage="preflight")
        path = Path(named)
        if not may_be_missing and not path.is_file():
            raise Trouble(f"the database {self.alias} has no file {path}; nothing was made", stage="preflight")
        return path


def content(path: Path) -> Content:
    """What is in a copy that nobody writes to."""
    with _opened(path, "ro&immutable=1") as own:
        tables = own.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
            " AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
        ).fetchall()
        rows = {name: _count(own, name) for (name,) in tables}
        migrations = (
            own.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()
            if "django_migrations" in rows
            else []
        )
    return Content(rows, newest_migrations(migrations))


def _count(own: sqlite3.Connection, table: str) -> int:
    count: int = own.execute(f"SELECT count(*) FROM {_quoted(table)}").fetchone()[0]  # noqa: S608 - quoted
    return count


def _copied(path: Path, raw: Path) -> Any:
    """Copy what the database is now. A copy that is not pinned would begin anew with each commit of others."""
    os.close(durable.create(raw))
    with _opened(path, "ro") as source, closing(sqlite3.connect(raw, isolation_level=None)) as target:
        source.execute("BEGIN")
        source.execute("SELECT 1 FROM sqlite_master").fetchone()
        snapshot_at = datetime.now(UTC)
        target.execute("PRAGMA journal_mode = OFF")
        target.execute("PRAGMA synchronous = OFF")
        source.backup(target, pages=_PAGES_A_STEP)
    return snapshot_at


def _put(unpacked: Path, path: Path, alias: str) -> str:
    said = f"It took the place of what was in {path}."
    if not path.exists():
        said = f"{path} was not there before."
    elif _is_no_database(path):
        said = f"What was in {path} was no database; it is kept as {_set_aside(path)}."
    mode = "rw" if path.exists() else "rwc"
    with _opened(unpacked, "ro&immutable=1") as source, _opened(path, mode) as target:
        source.backup(target, pages=-1, progress=_impatient(alias))
    return said


def _impatient(alias: str) -> Callable[[int, int, int], None]:
    """A backup into a database that is locked would wait for ever."""
    give_up_at = time.monotonic() + _PATIENCE_SECONDS

    def progress(status: int, remaining: int, total: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() > give_up_at:
            raise Trouble(
                f"the database {alias} is in use by somebody who holds a lock; stop it, and restore again",
                stage="restore",
            )

    return progress


def _is_locked(path: Path) -> bool:
    try:
        with _opened(path, "rw", timeout_seconds=1) as own:
            own.execute("BEGIN EXCLUSIVE")
            own.execute("ROLLBACK")
    except sqlite3.OperationalError as problem:
        return "locked" in str(problem)
    return False


def _is_no_database(path: Path) -> bool:
    try:
        with _opened(path, "rw") as own:
            own.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        return False  # it is locked, say, and that is for the restore to tell
    except sqlite3.DatabaseError:
        return True
    return False


def _set_aside(path: Path) -> Path:
    suffix = f".before_{datetime.now(UTC):%Y%m%d_%H%M%S}"
    for each in (path, _beside(path, "-wal"), _beside(path, "-shm"), _beside(path, "-journal")):
        if each.exists():
            each.rename(_beside(each, suffix))
    return _beside(path, suffix)


def _refuse_if_malformed(path: Path, stage: str) -> None:
    with _opened(path, "ro&immutable=1") as own:
        said = own.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if said != "ok":
        raise Trouble(f"SQLite says of the copy: {said}", stage=stage)


@contextmanager
def _opened(path: Path, mode: str, *, timeout_seconds: float = _PATIENCE_SECONDS) -> Iterator[sqlite3.Connection]:
    """Never a new, empty database where there was none, unless ``mode`` says so."""
    address = f"file:{quote(str(path.absolute()))}?mode={mode}"
    with closing(sqlite3.connect(address, uri=True, timeout=timeout_seconds, isolation_level=None)) as own:
        yield own


@contextmanager
def _told(alias: str, stage: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as problem:
        raise Trouble(f"SQLite refused {alias}: {problem}", stage=stage) from problem
    except OSError as problem:
        raise Trouble(f"a copy of {alias} could not be written: {problem.strerror}", stage=stage) from problem


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
