"""MariaDB and MySQL: one consistent snapshot by the server's own dump program, its rows counted as they pass."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from io import RawIOBase
from pathlib import Path
from typing import Any

from django.db import DatabaseError, connections

from freeze_alerts.sources.backups import children, connection, leftovers, lock, names
from freeze_alerts.sources.backups.archive import Archive
from freeze_alerts.sources.backups.content import Content, compare_rows, newest_migrations
from freeze_alerts.sources.backups.engines import tools
from freeze_alerts.sources.backups.engines.engine import Dump, Engine, Server, Tool
from freeze_alerts.sources.backups.engines.insert_rows import InsertRows
from freeze_alerts.sources.backups.interruption import Standing
from freeze_alerts.sources.backups.trouble import HalfDone, Inconclusive, Trouble, scrubbed

_PATIENCE_SECONDS = 10.0
_OPTIONS = (
    "--single-transaction", "--quick", "--routines", "--events", "--triggers", "--hex-blob", "--no-tablespaces",
    "--default-character-set=utf8mb4",
)  # fmt: skip
_DROP = "DROP DATABASE IF EXISTS {0}"
_REFUSED = (1044, 1142, 1227)  # access denied: to a database, of a command, without a privilege


class MySQL(Engine):
    name = "mysql"
    suffix = ".sql.zst"

    def server(self) -> Server:
        with connection.opened(self.alias) as own, own.cursor() as cursor:
            cursor.execute(
                "SELECT version(), database(), (SELECT sum(data_length + index_length)"
                " FROM information_schema.tables WHERE table_schema = database())"
            )
            version, database, size_bytes = cursor.fetchone()
            return Server(version, f"mysql:{_instance(own, cursor)}/{database}", database, int(size_bytes or 0))

    def dump_tool(self, server: Server) -> Tool:
        return tools.mysql(_ordered(server.version, "mariadb-dump", "mysqldump"), server.version)

    def bytes_needed(self, server: Server, last_bytes: int | None) -> int:
        return int(last_bytes * 1.2) if last_bytes else 0

    @contextmanager
    def dump(self, server: Server, raw: Path) -> Iterator[Dump]:
        tool = self.dump_tool(server)
        with connection.opened(self.alias, stage="dump") as own, own.cursor() as cursor:
            snapshot_at, migrations = datetime.now(UTC), _migrations(cursor)
            with _client(own, [tool.path], [*_OPTIONS, server.database_name], "dump") as child:
                watched = _Watched(child.output)

                def finish() -> Content:
                    warnings = child.finish()
                    watched.seen.refuse_if_cut("dump")
                    return Content(watched.seen.rows, migrations, warnings)

                command = " ".join([tool.path, *_OPTIONS, server.database_name])
                yield Dump(watched, snapshot_at, command, tool.version, finish)

    def count(self, archive: Archive) -> Mapping[str, int]:
        counter = InsertRows()
        archive.pour(counter.feed)
        counter.refuse_if_cut("proof")
        return counter.rows

    def drill(self, archive: Archive) -> Content:
        # Begins as the database does: rights are often given for all that begins so.
        database = connection.wrapper(self.alias).settings_dict["NAME"]
        name = f"{database[:19]}_{names.scratch(datetime.now(UTC))}"[:64]
        with (
            connection.opened(self.alias, stage="proof") as own,
            own.cursor() as cursor,
            leftovers.scratch(
                self.alias, archive.manifest.name, name, archive.directory, lambda: self.drop(name)
            ),
        ):  # fmt: skip
            try:
                cursor.execute(f"CREATE DATABASE {_quoted(name)}")
            except DatabaseError as problem:
                if problem.args and problem.args[0] in _REFUSED:
                    raise Inconclusive("this user may not create the scratch database", stage="proof") from problem
                raise
            return self._filled(own, name, archive, "proof")

    def restore(self, archive: Archive) -> str:
        """Read back whole first: MySQL can't rename a database, so the old one goes before the new one is there."""
        connections[self.alias].close()
        with lock.hold(self.alias, doing="a restore"):
            compare_rows(archive.manifest, self.count(archive), stage="restore")
            self._refuse_if_used()
            return self._put(archive)

    def drop(self, name: str) -> None:
        with self._server("restore") as own, own.cursor() as cursor:
            cursor.execute(_DROP.format(_quoted(name)))

    def _put(self, archive: Archive) -> str:
        """From the drop on a note says that nobody may use it, until all is there."""
        name = str(connection.wrapper(self.alias).settings_dict["NAME"])
        with self._server("restore") as own, own.cursor() as cursor:
            cursor.execute("SELECT default_character_set_name, default_collation_name"
                           " FROM information_schema.schemata WHERE schema_name = %s", [name])  # fmt: skip
            charset = cursor.fetchone()
            alike = f" CHARACTER SET {charset[0]} COLLATE {charset[1]}" if charset else ""
            with leftovers.in_place(self.alias, archive.manifest.name, archive.directory) as note:
                self._drop_old(cursor, name, note)
                try:
                    cursor.execute(f"CREATE DATABASE {_quoted(name)}{alike}")
                    found = self._filled(own, name, archive, "restore")
                    compare_rows(archive.manifest, found.rows, stage="restore")
                except (Trouble, DatabaseError) as problem:
                    raise HalfDone(
                        f"the old database is gone, and the new one not whole: {problem}", stage="restore"
                    ) from problem
                self.standing = Standing.REPLACED
        return "The old database was dropped." if charset else "There was no database of this name before."

    def _drop_old(self, cursor: Any, name: str, note: Path) -> None:
        """Whose right is missing has dropped nothing; whoever fails in another way may have dropped some of it."""
        self.standing = Standing.HALF
        try:
            cursor.execute(_DROP.format(_quoted(name)))
        except DatabaseError as problem:
            if problem.args and problem.args[0] in _REFUSED:
                self.standing = Standing.UNTOUCHED
                note.unlink(missing_ok=True)
                raise
            raise HalfDone(f"the old database is gone, at least in part: {problem}", stage="restore") from problem

    def in_use(self) -> str:
        with self._server("restore") as own, own.cursor() as cursor:
            cursor.execute(
                "SELECT user, host FROM information_schema.processlist WHERE db = %s AND id <> connection_id()",
                [connection.wrapper(self.alias).settings_dict["NAME"]],
            )
            return ", ".join(f"{user} from {host}" for user, host in cursor.fetchall())

    def _refuse_if_used(self) -> None:
        give_up_at = time.monotonic() + _PATIENCE_SECONDS
        while who := self.in_use():
            if time.monotonic() > give_up_at:
                raise Trouble(
                    f"the database {self.alias} is in use by {who}; stop what uses it, and restore again",
                    stage="restore",
                )
            time.sleep(0.1)

    @contextmanager
    def _server(self, stage: str) -> Iterator[Any]:
        """A connection that is in no database of the project."""
        with connection.opened(self.alias, database="information_schema", stage=stage) as own:
            try:
                yield own
            except DatabaseError as problem:
                said = scrubbed(str(problem), connection.password_of(self.alias))
                raise Trouble(f"the server refused: {said}", stage=stage) from problem

    def _filled(self, own: Any, name: str, archive: Archive, stage: str) -> Content:
        server = str(own.mysql_server_data["version"])
        tool = tools.mysql(_ordered(server, "mariadb", "mysql"), server, stage=stage)
        with _client(own, [tool.path], ["--default-character-set=utf8mb4", name], stage, feed=True) as child:
            try:
                archive.pour(child.input_all)
                child.input.close()
            except BrokenPipeError:
                child.finish()
                raise Trouble(f"{child.name} stopped reading: {child.words()}", stage=stage) from None
            child.finish()
        with own.cursor() as cursor:
            return _content(cursor, name)


class _Watched(RawIOBase):
    """A dump whose rows are counted as it passes."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.seen = InsertRows()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count: int = self._stream.readinto(buffer) or 0
        self.seen.feed(bytes(memoryview(buffer)[:count]))
        return count


@contextmanager
def _client(
    own: Any, program: list[str], arguments: list[str], stage: str, *, feed: bool = False
) -> Iterator[children.Child]:
    """Start a client that reads where to go, and the password, from a pipe that only it can read."""
    reading, writing = os.pipe()
    try:
        with os.fdopen(writing, "w", encoding="utf-8") as pipe:
            pipe.write(_login(own.get_connection_params()))
        secrets = (connection.password_of(own.alias),)
        with children.running(
            [*program, f"--defaults-extra-file=/dev/fd/{reading}", *arguments], stage=stage, secrets=secrets,
            feed=feed, output=subprocess.DEVNULL if feed else subprocess.PIPE, hand_over=(reading,),
        ) as child:  # fmt: skip
            yield child
    finally:
        os.close(reading)


def _login(parameters: Mapping[str, Any]) -> str:
    tls = parameters.get("ssl") or {}
    said = {
        "user": parameters.get("user"),
        "password": parameters.get("password") or parameters.get("passwd"),
        "host": parameters.get("host"),
        "port": parameters.get("port"),
        "socket": parameters.get("unix_socket"),
        **{f"ssl-{key}": tls.get(key) for key in ("ca", "cert", "key") if isinstance(tls, Mapping)},
    }
    included = parameters.get("read_default_file")
    lines = [f"!include {included}"] if included else []
    return (
        "\n".join([*lines, "[client]", *(f'{key}="{_escaped(value)}"' for key, value in said.items() if value)]) + "\n"
    )


def _escaped(value: object) -> str:
    return str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _instance(own: Any, cursor: Any) -> str:
    """MySQL's own number; MariaDB has none, so its address in the settings: a container's name would change."""
    cursor.execute("SHOW GLOBAL VARIABLES LIKE 'server_uuid'")
    if (row := cursor.fetchone()) is not None:
        return str(row[1])
    return f"{own.settings_dict['HOST'] or 'local'}:{own.settings_dict['PORT'] or 3306}"


def _ordered(server: str, mariadb: str, mysql: str) -> list[str]:
    return [mariadb, mysql] if "mariadb" in server.lower() else [mysql, mariadb]


def _content(cursor: Any, name: str) -> Content:
    cursor.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = %s"
        " AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')",
        [name],
    )
    rows = {}
    for (table,) in cursor.fetchall():
        cursor.execute(f"SELECT count(*) FROM {_quoted(name)}.{_quoted(table)}")  # noqa: S608 - quoted
        rows[table] = cursor.fetchone()[0]
    return Content(rows, _migrations(cursor, name))


def _migrations(cursor: Any, database: str = "") -> dict[str, str]:
    cursor.execute("SELECT count(*) FROM information_schema.tables WHERE table_name = 'django_migrations'"
                   " AND table_schema = coalesce(nullif(%s, ''), database())", [database])  # fmt: skip
    if not cursor.fetchone()[0]:
        return {}
    where = f"{_quoted(database)}." if database else ""
    cursor.execute(f"SELECT app, name FROM {where}django_migrations ORDER BY id")  # noqa: S608 - quoted
    return newest_migrations(cursor.fetchall())


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
