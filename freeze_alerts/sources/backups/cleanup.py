"""Retention carried out: what the rule lets go is deleted, here and among the second copies.

Only what a manifest names is ever deleted, and only of the very database that bears the alias now.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from freeze_alerts import conf, signals
from freeze_alerts.sources.backups import (
    deletion,
    engines,
    history,
    manifest,
    remote,
    retention,
    sweeping,
    tell,
    verify,
)
from freeze_alerts.sources.backups.manifest import Directory, Manifest
from freeze_alerts.sources.backups.retention import Candidate, Decision
from freeze_alerts.sources.backups.trouble import Trouble

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Cleaned:
    """What became of the backups of one database; in a dry run, what would.

    ``decisions`` has each that was judged, the newest first; ``others`` those of another database that once bore this
    alias, which are left alone; ``swept`` the left-overs of runs that died.
    """

    database: str
    decisions: tuple[Decision, ...] = ()
    others: tuple[str, ...] = ()
    freed_bytes: int = 0
    swept: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()

    @property
    def deleted(self) -> list[str]:
        return [each.backup.name for each in self.decisions if not each.stays]


@dataclass(frozen=True)
class _Plan:
    """The backups of one database, here and elsewhere, by name, and what is decided of each."""

    backups: dict[str, Manifest]
    decisions: tuple[Decision, ...]
    others: tuple[str, ...]

    def going(self) -> list[Manifest]:
        return [self.backups[each.backup.name] for each in self.decisions if not each.stays]


def clean(database: str, *, dry_run: bool = False) -> Cleaned:
    """Delete what retention lets go. What goes wrong is told, and stands in ``troubles``; nothing is raised."""
    directory = conf.current().backups.directory
    troubles: list[str] = []
    try:
        found = manifest.read_all(directory)
        elsewhere = _only_elsewhere(found, troubles)
        plan = _plan(found, database, identity_of(database, found), elsewhere)
    except (OSError, Trouble) as problem:
        return _told(Cleaned(database, troubles=(str(problem),)), dry_run=dry_run)
    here = {each.name for each in found.backups}
    freed = sum(each.stored_bytes for each in plan.going() if each.name in here)
    swept: list[str] = []
    if not dry_run:
        freed = _delete(plan.going(), here, directory, troubles)
        swept = _swept(directory, troubles)
        history.agree_with(manifest.read_all(directory))
        history.forget()
    cleaned = Cleaned(database, plan.decisions, plan.others, freed, tuple(swept), tuple(troubles))
    return _told(cleaned, dry_run=dry_run)


def would_free(found: Directory, databases: Sequence[str]) -> int:
    """What ``--cleanup`` would give back on this disk, by the manifests alone."""
    total = 0
    for database in databases:
        known = found.of(database)
        if known:
            plan = _plan(found, database, known[0].identity, ())
            total += sum(each.stored_bytes for each in plan.going())
    return total


def identity_of(database: str, found: Directory) -> str:
    """Which database bears this alias: asked of itself, else what all its backups agree upon. Raises Trouble."""
    try:
        return engines.of(database).server().identity
    except Trouble as problem:
        known = {each.identity for each in found.of(database)}
        if len(known) != 1:
            raise
        logger.info("the database %s can't be asked, its backups agree on one: %s", database, problem)
        return known.pop()


def _plan(found: Directory, database: str, identity: str, elsewhere: Sequence[Manifest]) -> _Plan:
    mine = [
        each for each in (*found.of(database), *elsewhere) if (each.database, each.identity) == (database, identity)
    ]
    backups = {each.name: each for each in mine}
    decisions = retention.decide([_candidate(each) for each in mine], conf.current().backups, datetime.now(UTC))
    others = tuple(each.name for each in found.of(database) if each.identity != identity)
    return _Plan(backups, tuple(decisions), others)


def _candidate(made: Manifest) -> Candidate:
    level = max((each.level for each in made.proofs if each.outcome == manifest.PROOF_FINE), default=0)
    return Candidate(
        made.name, made.snapshot_at, made.stored_bytes, proved=level >= verify.READ_BACK,
        restored=level >= verify.DRILL, pinned=made.pinned,
    )  # fmt: skip


def _only_elsewhere(found: Directory, troubles: list[str]) -> list[Manifest]:
    """The second copies of backups that are not here any more, each with what is needed to delete it."""
    storage = conf.current().backups.storage
    if storage is None:
        return []
    known = {each.name for each in (*found.backups, *found.missing)} | {path.stem for path in found.damaged}
    try:
        return remote.manifests(storage, but=known)
    except Trouble as problem:
        troubles.append(str(problem))
        return []


def _delete(going: Sequence[Manifest], here: set[str], directory: Path, troubles: list[str]) -> int:
    return sum(_deleted(each, here, directory, troubles) for each in going)


def _deleted(going: Manifest, here: set[str], directory: Path, troubles: list[str]) -> int:
    """The bytes that were freed here. First here, where room is wanted; a copy that stays goes the next time."""
    freed = 0
    try:
        if going.name in here:
            deletion.delete(going, directory)
            freed = going.stored_bytes
        for copied in going.copies:
            remote.delete(copied)
    except OSError as problem:
        troubles.append(f"{going.name} could not be deleted: {problem.strerror or problem}")
    except Trouble as problem:
        troubles.append(f"the copy of {going.name} could not be deleted: {problem}")
    return freed


def _swept(directory: Path, troubles: list[str]) -> list[str]:
    try:
        return sweeping.sweep(directory)
    except OSError as problem:
        troubles.append(f"left-overs could not be deleted: {problem.strerror or problem}")
        return []


def _told(cleaned: Cleaned, *, dry_run: bool) -> Cleaned:
    if dry_run:
        return cleaned
    if cleaned.troubles:
        trouble = Trouble("\n".join(cleaned.troubles), stage="cleanup")
        tell.failed(cleaned.database, trouble, directory=conf.current().backups.directory)
    else:
        tell.tell(
            signals.backups_cleaned, database=cleaned.database, deleted=cleaned.deleted,
            freed_bytes=cleaned.freed_bytes,
        )  # fmt: skip
    return cleaned
