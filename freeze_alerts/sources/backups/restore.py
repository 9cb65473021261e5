"""Putting a backup in the place of a database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from freeze_alerts import signals
from freeze_alerts.sources.backups import engines, manifest, tell, verify, words
from freeze_alerts.sources.backups.interruption import Standing, stopped_by
from freeze_alerts.sources.backups.lock import Taken
from freeze_alerts.sources.backups.manifest import Manifest
from freeze_alerts.sources.backups.trouble import Trouble

LATEST = "latest"


def choose(
    directory: Path, name: str, *, into: str, database: str | None = None, before: datetime | None = None
) -> Manifest:
    """The backup that is meant: by its name, or the ``latest``, of those from before a moment if one is given.

    ``latest`` is of ``database``, else of the one that it goes into. Raises Trouble.
    """
    try:
        found = manifest.read_all(directory)
    except OSError as problem:
        raise Trouble(f"{directory} can't be read: {problem.strerror}", stage="restore") from problem
    if name != LATEST:
        if (named := found.find(name)) is None:
            raise Trouble(_no_such(found, name, directory), stage="restore")
        return named
    whose = database or into
    known = [each for each in found.of(whose) if before is None or each.snapshot_at <= before]
    if not known:
        since = f" from before {words.moment(before)}" if before else ""
        raise Trouble(
            f"there is no complete backup of {whose}{since} in {directory}{_others(found, whose)}", stage="restore"
        )
    return known[0]


def restore(made: Manifest, directory: Path, into: str) -> str:
    """Gives a sentence about what became of the old one. Raises Trouble, and tells it."""
    engine = engines.of(into)
    if engine.name != made.engine:
        raise Trouble(f"{made.name} is of {made.engine}, and {into} is {engine.name}", stage="restore")
    verify.clear(directory)
    try:
        said = engine.restore(verify.archive(made, directory))
    except Taken:
        raise
    except (SystemExit, KeyboardInterrupt) as ended:
        _tell_stopped(made, directory, into, engine.standing, ended)
        raise
    except Trouble as problem:
        problem.stage = "restore"
        tell.failed(into, problem, directory=directory, name=made.name)
        raise
    tell.tell(signals.backup_restored, database=into, name=made.name)
    return said


def passed_over(made: Manifest, directory: Path, before: datetime | None) -> list[Manifest]:
    """Those that would have been chosen, were their files there. Raises OSError."""
    missing = [each for each in manifest.read_all(directory).missing if each.database == made.database]
    return [
        each
        for each in missing
        if each.snapshot_at > made.snapshot_at and (before is None or each.snapshot_at <= before)
    ]


def instead(made: Manifest, directory: Path, into: str) -> str:
    """What to do where one is damaged. Raises OSError."""
    known = [each for each in manifest.read_all(directory).of(made.database) if each.snapshot_at < made.snapshot_at]
    if not known:
        return f"{made.name} is damaged, and there is no earlier one of {made.database}."
    return (
        f"{made.name} is damaged; the one before it: manage.py backup_database --restore {known[0].name} --into {into}"
    )


def again(made: Manifest, into: str) -> str:
    """What to do where the old one is gone, and the new one not whole."""
    return (
        "Nobody may use it before it is whole, and no backup is made of it. The backup is still there; restore again:"
        f" manage.py backup_database --restore {made.name} --into {into}"
    )


def _tell_stopped(made: Manifest, directory: Path, into: str, standing: Standing, ended: BaseException) -> None:
    """Where it was left, as a note of what ends the process: for the door to say."""
    left = {
        Standing.UNTOUCHED: f"The database {into} is as it was.",
        Standing.HALF: f"The old database {into} is gone, and the new one not whole. {again(made, into)}",
        Standing.REPLACED: f"All was done by then: {into} is as it was at {words.moment(made.snapshot_at)}.",
    }[standing]
    said = (
        f"the restore of {made.name} into {into} was stopped by {stopped_by(ended)}. {left}{verify.leaves(directory)}"
    )
    ended.add_note(said)
    if standing is Standing.REPLACED:
        tell.tell(signals.backup_restored, database=into, name=made.name)
    else:
        tell.failed(into, Trouble(said, stage="restore"), directory=directory, name=made.name)


def _no_such(found: manifest.Directory, name: str, directory: Path) -> str:
    for each in found.missing:
        if name in (each.name, each.file):
            return f"the file of {name} is not there, or has not the size it should have: it is damaged"
    if any(each.stem == name for each in found.damaged):
        return f"the manifest of {name} can't be read: it is damaged"
    return f"there is no backup {name} in {directory}; --list shows those that are there"


def _others(found: manifest.Directory, whose: str) -> str:
    if known := found.of(whose):
        return f"; the oldest is {known[-1].name}, of {words.moment(known[-1].snapshot_at)}"
    names: Sequence[str] = sorted({each.database for each in found.backups})
    return f"; there are some of {', '.join(names)} (name one with --database)" if names else ""
