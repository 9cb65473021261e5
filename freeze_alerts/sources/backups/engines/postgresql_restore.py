"""PostgreSQL, on the way back: into a new database, compared with the manifest, and only then given the name."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db import DatabaseError, connections

from freeze_alerts.sources.backups import children, connection, cores, leftovers, lock, names
from freeze_alerts.sources.backups.archive import Archive
from freeze_alerts.sources.backups.content import Content, compare
from freeze_alerts.sources.backups.engines import postgresql, tools
from freeze_alerts.sources.backups.engines.copy_rows import unquoted
from freeze_alerts.sources.backups.engines.engine import Tool
from freeze_alerts.sources.backups.interruption import unbroken
from freeze_alerts.sources.backups.trouble import Inconclusive, Trouble, scrubbed

_PATIENCE_SECONDS = 10.0  # a server takes a moment to see that somebody has left
_TIMEOUT_CAME_WITH = 17
_DOING = "a restore"
_MISSING_HERE = re.compile(
    r"extension \"[^\"]+\" is not available|extension control file|permission denied to create extension"
)
_GRANT = re.compile(r"^(?:GRANT|REVOKE) .+ (?:TO|FROM) (.+?)(?: WITH GRANT OPTION)?;$", re.MULTILINE)
_HARMLESS = re.compile(r"^pg_restore: error: .*unrecognized configuration parameter \"transaction_timeout\"")


def tool(archive: Archive) -> Tool:
    """An archive can be read by the ``pg_restore`` of the version that wrote it, and later ones."""
    return tools.postgresql("pg_restore", int(archive.manifest.client_version.split(".")[0]), stage="proof")


def drill(alias: str, archive: Archive) -> Content:
    """Raises Inconclusive where this server lacks what it takes."""
    name = names.scratch(datetime.now(UTC))
    with archive.unpacked() as unpacked, _scratch(alias, name, archive):
        try:
            _fill(alias, name, archive, unpacked, ["--no-owner", "--no-privileges"], stage="proof")
        except Trouble as problem:
            if _MISSING_HERE.search(str(problem)):
                raise Inconclusive(f"this server lacks an extension: {problem}", stage="proof") from problem
            raise
        return _content(alias, name, stage="proof")


def restore(alias: str, archive: Archive, swapped: Callable[[], object]) -> str:
    """The database of this name is set aside, not dropped. ``swapped`` is called when the new one has the name."""
    database = str(connection.wrapper(alias).settings_dict["NAME"])
    connections[alias].close()
    fresh = names.restored(database, datetime.now(UTC))
    with ExitStack() as locked:
        if had_one := _is_there(alias, database):
            locked.enter_context(lock.hold(alias, doing=_DOING))
        _refuse_if_used(alias)
        with archive.unpacked() as unpacked:
            ownership, note = _ownership(alias, archive, unpacked)
            with _made(alias, fresh, archive, like=database):
                _fill(alias, fresh, archive, unpacked, ownership, stage="restore")
                compare(archive.manifest, _content(alias, fresh, stage="restore"), stage="restore")
                locked.close()  # a database that anybody is connected to, we included, can't be renamed
                _refuse_if_used(alias)
                with unbroken():
                    kept = _swap(alias, database, fresh, had_one=had_one)
                    swapped()
    return " ".join(filter(None, (kept, note)))


def in_use(alias: str) -> str:
    """Who is connected, but for who holds the lock of a restore: that is us."""
    database = connection.wrapper(alias).settings_dict["NAME"]
    with _server(alias, "restore") as cursor:
        cursor.execute(
            "SELECT coalesce(nullif(application_name, ''), 'unnamed') || ' (' || usename || ')', count(*)"
            " FROM pg_stat_activity a WHERE datname = %s AND backend_type = 'client backend'"
            " AND pid <> pg_backend_pid() AND NOT EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND"
            " locktype = 'advisory' AND granted AND classid = %s AND objid = %s AND l.database = a.datid"
            " AND a.application_name LIKE %s) GROUP BY 1 ORDER BY 2 DESC",
            [database, *lock.KEY, f"{_DOING}%"],
        )
        return ", ".join(f"{count} × {who}" for who, count in cursor.fetchall())


def _refuse_if_used(alias: str) -> None:
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while who := in_use(alias):
        if time.monotonic() > give_up_at:
            raise Trouble(
                f"the database {alias} is in use by {who}; stop what uses it, and restore again", stage="restore"
            )
        time.sleep(0.1)


@contextmanager
def _server(alias: str, stage: str) -> Iterator[Any]:
    """A cursor in another database of the same server, from where this one can be renamed."""
    elsewhere = "postgres" if connection.wrapper(alias).settings_dict["NAME"] != "postgres" else "template1"
    with connection.opened(alias, database=elsewhere, stage=stage) as own, own.cursor() as cursor:
        try:
            yield cursor
        except DatabaseError as problem:
            said = scrubbed(str(problem), connection.password_of(alias))
            raise Trouble(f"PostgreSQL refused: {said}", stage=stage) from problem


@contextmanager
def _scratch(alias: str, name: str, archive: Archive) -> Iterator[None]:
    with _server(alias, "proof") as cursor:
        _drop_forgotten(cursor)
        cursor.execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
        if not cursor.fetchone()[0]:
            raise Inconclusive("this role may not create the scratch database (it needs CREATEDB)", stage="proof")
    with _made(alias, name, archive, like=str(connection.wrapper(alias).settings_dict["NAME"])):
        yield


@contextmanager
def _made(alias: str, name: str, archive: Archive, *, like: str) -> Iterator[None]:
    """A new database of that name, which is gone afterwards, unless it was given another name."""
    with leftovers.scratch(alias, archive.manifest.name, name, archive.directory, lambda: drop(alias, name)):
        with _server(alias, "restore") as cursor:
            _create(cursor, name, like=like)
        yield


def _drop_forgotten(cursor: Any) -> None:
    """Scratch databases whose drill was killed: a day old, so that no drill still works in them."""
    cursor.execute(
        "SELECT datname FROM pg_database WHERE datname ~ '^freeze_alerts_drill_[0-9]{8}t[0-9]{6}_[0-9a-f]{8}$'"
        " AND pg_get_userbyid(datdba) = current_user"
        " AND substr(datname, 21, 15) < to_char(now() AT TIME ZONE 'UTC' - interval '1 day', 'YYYYMMDD\"t\"HH24MISS')"
    )
    for (forgotten,) in cursor.fetchall():
        cursor.execute(f"DROP DATABASE IF EXISTS {_quoted(forgotten)}")


def _create(cursor: Any, name: str, *, like: str) -> None:
    """A new, empty database that sorts as that one does and belongs to the same role, where that one exists."""
    cursor.execute("SELECT to_jsonb(d), pg_encoding_to_char(encoding), pg_get_userbyid(datdba),"
                   " pg_has_role(datdba, 'MEMBER') FROM pg_database d WHERE datname = %s", [like])  # fmt: skip
    row = cursor.fetchone()
    more = _alike(*row) if row else ""
    cursor.execute(f"CREATE DATABASE {_quoted(name)} TEMPLATE template0{more}")


def _alike(described: Any, encoding: str, owner: str, may_own: bool) -> str:
    seen = json.loads(described) if isinstance(described, str) else described
    parts = [f"ENCODING {_literal(encoding)}", f"LC_COLLATE {_literal(seen['datcollate'])}",
             f"LC_CTYPE {_literal(seen['datctype'])}"]  # fmt: skip
    if seen.get("datlocprovider") == "i":
        parts += ["LOCALE_PROVIDER icu", f"ICU_LOCALE {_literal(seen.get('datlocale') or seen.get('daticulocale'))}"]
    if may_own:
        parts.append(f"OWNER {_quoted(owner)}")
    return " " + " ".join(parts)


def drop(alias: str, name: str) -> None:
    """Whoever may be in it: it is ours, and was never anybody's."""
    give_up_at = time.monotonic() + 6 * _PATIENCE_SECONDS
    while True:
        try:
            with _server(alias, "restore") as cursor:
                cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
                cursor.execute(f"DROP DATABASE IF EXISTS {_quoted(name)}")
            return
        except Trouble:
            if time.monotonic() > give_up_at:
                raise


def _fill(alias: str, name: str, archive: Archive, unpacked: Path, options: list[str], *, stage: str) -> None:
    program = tool(archive)
    with connection.opened(alias, database=name, stage=stage) as own:
        conninfo, environment = postgresql.reached(own, database=name)
        forgiving = program.major >= _TIMEOUT_CAME_WITH > own.connection.info.server_version // 10000
    command = [program.path, "-j", str(max(2, cores.usable())), "--no-password", *options, "-d", conninfo]
    command += [] if forgiving else ["--exit-on-error"]
    secrets = (environment.get("PGPASSWORD", ""),)
    with children.running(
        [*command, str(unpacked)], stage=stage, environment=environment, secrets=secrets, output=subprocess.DEVNULL
    ) as child:
        code = child.process.wait()
        if code and not (forgiving and code == 1 and only_harmless(child.words())):
            raise child.trouble(code)


def only_harmless(said: str) -> bool:
    """``pg_restore`` 17 exits 1 at an older server, though all is there: that server lacks a setting it wants."""
    errors = [line for line in said.splitlines() if line.startswith("pg_restore: error:")]
    return bool(errors) and all(map(_HARMLESS.match, errors))


def _content(alias: str, name: str, *, stage: str) -> Content:
    with connection.opened(alias, database=name, stage=stage) as own:
        own.set_autocommit(False)
        try:
            return postgresql.content(own)
        finally:
            own.rollback()


def _ownership(alias: str, archive: Archive, unpacked: Path) -> tuple[list[str], str]:
    """Owners and rights come back where all their roles are here; else all belongs to who restores, and it is said."""
    script = children.run([tool(archive).path, "--schema-only", "-f", "-", str(unpacked)], stage="restore")
    owners = {unquoted(name) for name in re.findall(r" OWNER TO (.+);$", script, re.MULTILINE)}
    granted = {unquoted(name) for name in _GRANT.findall(script)} - {"PUBLIC"}
    with _server(alias, "restore") as cursor:
        cursor.execute("SELECT rolname, pg_has_role(oid, 'MEMBER') FROM pg_roles")
        roles = dict(cursor.fetchall())
        strange = {name for name in owners if not roles.get(name)} | (granted - set(roles))
        if not strange:
            return [], ""
        cursor.execute("SELECT current_user")
        mine = cursor.fetchone()[0]
    return ["--no-owner", "--no-privileges"], (
        f"Owners and rights were left out: {', '.join(sorted(strange))} can't be used here; all belongs to {mine}."
    )


def _is_there(alias: str, database: str) -> bool:
    with _server(alias, "restore") as cursor:
        cursor.execute("SELECT count(*) FROM pg_database WHERE datname = %s", [database])
        return bool(cursor.fetchone()[0])


def _swap(alias: str, database: str, fresh: str, *, had_one: bool) -> str:
    """Both names at once: whoever is killed in between leaves the old database where it was."""
    aside = f"{database[:40]}_before_{datetime.now(UTC):%Y%m%d_%H%M%S}"
    with _server(alias, "restore") as cursor:
        cursor.execute("BEGIN")
        if had_one:
            cursor.execute(f"ALTER DATABASE {_quoted(database)} RENAME TO {_quoted(aside)}")
        cursor.execute(f"ALTER DATABASE {_quoted(fresh)} RENAME TO {_quoted(database)}")
        cursor.execute("COMMIT")
    if not had_one:
        return "There was no database of this name before."
    return f'The old database is kept as {aside}; once all is well: DROP DATABASE "{aside}";'


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
