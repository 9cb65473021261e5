"""PostgreSQL: ``pg_dump`` from a snapshot that we exported, in which the rows are counted too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any, cast

from freeze_alerts.sources.backups import children, connection
from freeze_alerts.sources.backups.archive import Archive
from freeze_alerts.sources.backups.content import Content, newest_migrations
from freeze_alerts.sources.backups.engines import postgresql_restore, tools
from freeze_alerts.sources.backups.engines.copy_rows import CopyRows
from freeze_alerts.sources.backups.engines.engine import Dump, Engine, Server, Tool
from freeze_alerts.sources.backups.interruption import Standing
from freeze_alerts.sources.backups.trouble import Trouble, scrubbed

_KEPT_BACK = {"password", "sslpassword", "client_encoding"}
_LOCK_WAIT = "10min"  # a migration that hangs is told as that, instead of a dump that never ends

# Those whose rows pg_dump copies: not views, not foreign tables, not what an extension brings along. Rows of
# partitions are counted where they lie.
_TABLES = """
    SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), n.nspname || '.' || c.relname
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND c.relpersistence <> 't'
      AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
      AND NOT EXISTS (SELECT FROM pg_depend d
                      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY c.relpages
"""


class PostgreSQL(Engine):
    name = "postgresql"
    suffix = ".dump.zst"

    def server(self) -> Server:
        with connection.opened(self.alias) as own, own.cursor() as cursor:
            cursor.execute("SELECT current_setting('server_version'), current_database(),"
                           " pg_database_size(current_database())")  # fmt: skip
            version, database, size_bytes = cursor.fetchone()
            return Server(version.split()[0], f"postgresql:{_cluster(own, cursor)}/{database}", database, size_bytes)

    def dump_tool(self, server: Server) -> Tool:
        return tools.postgresql("pg_dump", server.major)

    def bytes_needed(self, server: Server, last_bytes: int | None) -> int:
        return int(last_bytes * 1.2) if last_bytes else 0

    @contextmanager
    def dump(self, server: Server, raw: Path) -> Iterator[Dump]:
        tool = self.dump_tool(server)
        with connection.opened(self.alias, stage="dump") as own, own.cursor() as cursor:
            snapshot_at, snapshot = datetime.now(UTC), _exported(cursor)
            conninfo, environment = reached(own)
            driver_error = cast("Any", own).Database.Error
            command = [
                tool.path, "-Fc", "-Z0", "--no-password", f"--snapshot={snapshot}",
                f"--lock-wait-timeout={_LOCK_WAIT}", *_role(own), "-d", conninfo,
            ]  # fmt: skip
            secrets = (environment.get("PGPASSWORD", ""),)
            with (
                children.running(command, stage="dump", environment=environment, secrets=secrets) as child,
                _counting(own) as counted,
            ):

                def finish() -> Content:
                    warnings = child.finish()
                    try:
                        found = counted.result()
                    except driver_error as problem:
                        said = scrubbed(str(problem), *secrets)
                        raise Trouble(f"its rows could not be counted: {said}", stage="dump") from problem
                    return Content(found.rows, found.migrations, warnings)

                yield Dump(child.output, snapshot_at, " ".join(command), tool.version, finish)

    def count(self, archive: Archive) -> Mapping[str, int]:
        tool = postgresql_restore.tool(archive)
        counter = CopyRows()
        command = [tool.path, "--data-only", "-f", "-"]
        with children.running(command, stage="proof", feed=True) as child:
            with _aside(counter, child):
                try:
                    archive.pour(child.input_all)
                    child.input.close()
                except BrokenPipeError:
                    child.finish()
                    raise Trouble(f"{child.name} stopped reading: {child.words()}", stage="proof") from None
            child.finish()
        # Some extensions have rows of their own tables dumped (PostGIS); the manifest counts none of them.
        return {table: count for table, count in counter.rows.items() if table in archive.manifest.rows}

    def drill(self, archive: Archive) -> Content:
        return postgresql_restore.drill(self.alias, archive)

    def restore(self, archive: Archive) -> str:
        return postgresql_restore.restore(self.alias, archive, self._swapped)

    def drop(self, name: str) -> None:
        postgresql_restore.drop(self.alias, name)

    def in_use(self) -> str:
        return postgresql_restore.in_use(self.alias)

    def _swapped(self) -> None:
        self.standing = Standing.REPLACED


@contextmanager
def _aside(counter: CopyRows, child: children.Child) -> Iterator[None]:
    """Count what the child writes in a thread of its own, to the end, while the block feeds it."""
    reading = Thread(target=counter.read, args=[child.output], daemon=True)
    reading.start()
    try:
        yield
    except BaseException:
        child.kill()
        raise
    finally:
        reading.join()


def content(own: Any) -> Content:
    """What is in the database of this connection."""
    raw = own.connection.cursor()
    raw.execute("SET LOCAL statement_timeout = 0")
    raw.execute(_TABLES)
    rows = {}
    for quoted, name in raw.fetchall():
        raw.execute(f"SELECT count(*) FROM ONLY {quoted}")  # noqa: S608 - quoted by the server
        rows[name] = raw.fetchone()[0]
    return Content(rows, _migrations(raw))


def reached(own: Any, *, database: str = "") -> tuple[str, dict[str, str]]:
    """The way of this connection for a tool: what may stand on a command line, and what only in its environment."""
    info = own.connection.info
    # Only what the project itself says: the driver's library may know more than the tool's does.
    known = info.get_parameters() if hasattr(info, "get_parameters") else info.dsn_parameters
    said = {key: value for key, value in own.get_connection_params().items() if key in known}
    parameters = {key: value for key, value in said.items() if key not in _KEPT_BACK}
    parameters |= {"application_name": "freeze-alerts backup", "dbname": database or info.dbname}
    conninfo = " ".join(f"{key}='{_escaped(value)}'" for key, value in parameters.items())
    return conninfo, {"PGPASSWORD": info.password} if info.password else {}


def _escaped(value: object) -> str:
    return re.sub(r"(['\\])", r"\\\1", str(value))


def _role(own: Any) -> list[str]:
    role = own.settings_dict["OPTIONS"].get("assume_role")
    return [f"--role={role}"] if role else []


def _exported(cursor: Any) -> str:
    for statement in (
        "SET statement_timeout = 0",
        "SET idle_in_transaction_session_timeout = 0",
        "SET row_security = off",
        "SET max_parallel_workers_per_gather = 0",  # the dump needs the other cores
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        "SELECT pg_export_snapshot()",
    ):
        cursor.execute(statement)
    return str(cursor.fetchone()[0])


@contextmanager
def _counting(own: Any) -> Iterator[Future[Content]]:
    """Count in the background, while the dump flows; given up when the block is left before."""
    with ThreadPoolExecutor(1, "freeze-alerts-count") as pool:
        counted = pool.submit(content, own)
        try:
            yield counted
        finally:
            if not counted.done():
                with suppress(own.Database.Error):
                    own.connection.cancel()


def _migrations(raw: Any) -> dict[str, str]:
    raw.execute("SELECT to_regclass('django_migrations') IS NOT NULL")
    if not raw.fetchone()[0]:
        return {}
    raw.execute("SELECT app, name FROM django_migrations ORDER BY id")
    return newest_migrations(raw.fetchall())


def _cluster(own: Any, cursor: Any) -> str:
    """The number that a cluster keeps for life; where that may not be asked, its address."""
    cursor.execute("SELECT has_function_privilege('pg_control_system()', 'EXECUTE')")
    if cursor.fetchone()[0]:
        cursor.execute("SELECT system_identifier FROM pg_control_system()")
        return str(cursor.fetchone()[0])
    settings = own.settings_dict
    return f"{settings['HOST'] or 'local'}:{settings['PORT'] or 5432}"
