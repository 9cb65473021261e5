"""``--check``: is the last good backup fresh, there, whole and of a sane size, and would the next one work?

It tells nobody, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from django.db import Error

from freeze_alerts import conf
from freeze_alerts.sources.backups import (
    cleanup,
    connection,
    engines,
    manifest,
    patrol,
    preflight,
    remarks,
    remote,
    running,
    sweeping,
    verify,
    words,
)  # fmt: skip
from freeze_alerts.sources.backups.content import compare_rows
from freeze_alerts.sources.backups.manifest import Directory, Manifest
from freeze_alerts.sources.backups.remarks import Level, Remark, Run, Seen
from freeze_alerts.sources.backups.trouble import Inconclusive, Trouble, Unread

DIRECTORY = "directory"


@dataclass(frozen=True)
class Checked:
    """One database, or the directory as such, and what there is to say of it."""

    name: str
    remarks: tuple[Remark, ...]
    newest: Manifest | None = field(default=None, hash=False)

    @property
    def level(self) -> Level:
        return remarks.worst(self.remarks)


def check(databases: Sequence[str], *, deep: bool = False) -> list[Checked]:
    """Look at each database and at the directory. ``deep`` reads the newest archive to its end and counts its rows."""
    directory, now = conf.current().backups.directory, datetime.now(UTC)
    try:
        found = manifest.read_all(directory)
        notes = running.read_notes(directory)
    except OSError as problem:
        return [Checked(DIRECTORY, (Remark(Level.UNKNOWN, "directory", f"{directory}: {problem.strerror}"),))]
    runs = [Run(note, sweeping.is_dead(note)) for note in notes]
    outlooks = {database: preflight.look(database) for database in databases}
    checked = [
        _checked(Seen(
            database, now, found, patrol.look(database, found, now), outlooks[database],
            runs=[run for run in runs if run.note.alias == database], journal=_journal(database),
            copies=_copies(database, found), **_read_through(database, found, now, deep=deep),
        ))
        for database in databases
    ]  # fmt: skip
    warnings = dict.fromkeys(warning for outlook in outlooks.values() for warning in outlook.warnings)
    return [*checked, _directory(found, list(warnings), databases, now)]


def _checked(seen: Seen) -> Checked:
    return Checked(seen.database, tuple(remarks.judge(seen)), seen.newest)


def _directory(found: Directory, warnings: Sequence[str], databases: Sequence[str], now: datetime) -> Checked:
    said = remarks.of_directory(found, warnings, now)
    if freed := cleanup.would_free(found, databases):
        said.append(Remark(Level.FINE, "cleanup", f"--cleanup would free {words.size(freed)}"))
    return Checked(DIRECTORY, tuple(said))


def _read_through(database: str, found: Directory, now: datetime, *, deep: bool) -> dict[str, str]:
    """What is wrong with the newest file by its hash; ``deep`` also by its content."""
    newest = next((each for each in found.of(database) if each.snapshot_at <= now), None)
    if newest is None:
        return {}
    directory = conf.current().backups.directory
    try:
        archive = verify.archive(newest, directory)
        archive.check_hash()
        if deep:
            compare_rows(newest, engines.reader(newest).count(archive), stage="proof")
    except (Inconclusive, Unread) as missing:
        return {"unread": str(missing)}
    except Trouble as problem:
        return {"damage": f"{newest.name} is damaged: {problem}"}
    except OSError as problem:
        return {"unread": f"{newest.file} can't be read: {problem.strerror or problem}"}
    return {}


def _journal(database: str) -> str:
    """SQLite's journal mode; "" for every other kind, and where it can't be asked: the outlook says that."""
    try:
        if connection.wrapper(database).vendor != "sqlite" or not Path(_file(database)).exists():
            return ""
        with connection.opened(database) as own, own.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode")
            return str(cursor.fetchone()[0])
    except (Trouble, Error):
        return ""


def _file(database: str) -> str:
    return str(connection.wrapper(database).settings_dict["NAME"])


def _copies(database: str, found: Directory) -> str:
    storage = conf.current().backups.storage
    known = found.of(database)
    if storage is None or not known:
        return ""
    try:
        there = set(remote.names(storage))
    except Trouble as problem:
        return str(problem)
    newest = known[0]
    copied = [each for each in newest.copies if each.storage == storage]
    if not copied:
        return f"{newest.name} has no second copy in {storage}"
    return "" if copied[0].name in there else f"the second copy of {newest.name} is not in {storage} any more"
