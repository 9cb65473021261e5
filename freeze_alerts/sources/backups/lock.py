"""One backup or restore of a database at a time, on whichever host: a lock that is gone the moment its holder is.

PostgreSQL and MySQL keep it themselves, with a connection of ours; for SQLite the kernel does, with a file.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from freeze_alerts import conf
from freeze_alerts.sources.backups import connection, durable, names, words
from freeze_alerts.sources.backups.trouble import Trouble

KEY = 1718773093, 1650549611  # "free", "back": a lock of PostgreSQL's is one database's own
RUNNING = "a backup or a restore of it is running"
_WEEK_SECONDS = 604_800


@dataclass(frozen=True)
class Holder:
    """Who makes a backup right now, or restores one, and since when, as far as can be told."""

    who: str
    since: datetime | None

    def __str__(self) -> str:
        return self.who + (f", since {words.moment(self.since)}" if self.since else "")


class Taken(Trouble):
    """Somebody else is making a backup of this database, or restoring one into it."""

    def __init__(self, holder: Holder) -> None:
        super().__init__(f"{RUNNING}: {holder}", stage="lock")
        self.holder = holder


class _Lock(Protocol):
    def held(self, me: str) -> AbstractContextManager[None]: ...
    def holder(self) -> Holder | None: ...


@contextmanager
def hold(alias: str, *, doing: str = "") -> Iterator[None]:
    """Have the lock while the block runs; ``doing`` says what for, where it is no backup. Raises Taken, Trouble."""
    me = f"process {os.getpid()} on {socket.gethostname()}"
    with _lock(alias).held(f"{doing} by {me}" if doing else me):
        yield


def holder(alias: str) -> Holder | None:
    """Who has the lock; None where nobody does. Raises Trouble where that can't be asked."""
    return _lock(alias).holder()


def _lock(alias: str) -> _Lock:
    kinds: dict[str, Callable[[str], _Lock]] = {"postgresql": _InPostgreSQL, "mysql": _InMySQL}
    return kinds.get(connection.wrapper(alias).vendor, _InFile)(alias)


class _InPostgreSQL:
    def __init__(self, alias: str) -> None:
        self.alias = alias

    @contextmanager
    def held(self, me: str) -> Iterator[None]:
        with connection.opened(self.alias, stage="lock") as own, own.cursor() as cursor:
            cursor.execute("SELECT set_config('application_name', %s, false)", [me[:63]])
            cursor.execute("SET idle_session_timeout = 0")  # it says nothing for as long as the dump takes
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", KEY)
            if not cursor.fetchone()[0]:
                raise Taken(self._ask(cursor) or Holder("it ended just now", None))
            yield

    def holder(self) -> Holder | None:
        with connection.opened(self.alias, stage="lock") as own, own.cursor() as cursor:
            return self._ask(cursor)

    def _ask(self, cursor: Any) -> Holder | None:
        cursor.execute(
            "SELECT application_name, backend_start FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE locktype = 'advisory' AND granted AND classid = %s AND objid = %s"
            " AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            KEY,
        )
        row = cursor.fetchone()
        return Holder(row[0] or "another connection", row[1]) if row else None


class _InMySQL:
    def __init__(self, alias: str) -> None:
        self.alias = alias
        name = str(connection.wrapper(alias).settings_dict["NAME"])
        self._name = f"freeze_alerts.backup.{hashlib.sha256(name.encode()).hexdigest()[:32]}"

    @contextmanager
    def held(self, me: str) -> Iterator[None]:
        with self._opened() as own, own.cursor() as cursor:
            cursor.execute(f"SET SESSION wait_timeout = {_WEEK_SECONDS}")
            cursor.execute("SELECT GET_LOCK(%s, 0)", [self._name])
            if not cursor.fetchone()[0]:
                raise Taken(self._ask(cursor) or Holder("it ended just now", None))
            yield

    def holder(self) -> Holder | None:
        with self._opened() as own, own.cursor() as cursor:
            return self._ask(cursor)

    def _opened(self) -> AbstractContextManager[Any]:
        """In no database of the project: a restore drops the very one."""
        return connection.opened(self.alias, database="information_schema", stage="lock")

    def _ask(self, cursor: Any) -> Holder | None:
        cursor.execute("SELECT IS_USED_LOCK(%s)", [self._name])
        (number,) = cursor.fetchone()
        if number is None:
            return None
        cursor.execute("SELECT host, time FROM information_schema.processlist WHERE id = %s", [number])
        host, seconds = cursor.fetchone() or ("another connection", 0)
        return Holder(str(host), datetime.now(UTC) - timedelta(seconds=int(seconds)))


class _InFile:
    def __init__(self, alias: str) -> None:
        self._path = conf.current().backups.directory / f".{names.safe(alias)}.lock"

    @contextmanager
    def held(self, me: str) -> Iterator[None]:
        try:
            durable.make_directory(self._path.parent)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, durable.OURS_ALONE)
        except OSError as problem:
            raise Trouble(f"{self._path} can't be opened: {problem.strerror}", stage="lock") from problem
        with os.fdopen(descriptor, "r+") as file:
            self._take(file.fileno())
            file.truncate(0)
            json.dump({"who": me, "since": datetime.now(UTC).isoformat()}, file)
            file.flush()
            yield

    def holder(self) -> Holder | None:
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as problem:
            raise Trouble(f"{self._path} can't be opened: {problem.strerror}", stage="lock") from problem
        try:
            self._take(descriptor)
        except Taken as taken:
            return taken.holder
        finally:
            os.close(descriptor)
        return None

    def _take(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Taken(_written(self._path)) from None


def _written(path: Path) -> Holder:
    try:
        said = json.loads(path.read_text())
        return Holder(str(said["who"]), datetime.fromisoformat(said["since"]).astimezone(UTC))
    except (OSError, ValueError, KeyError, TypeError):
        return Holder("another process", None)
