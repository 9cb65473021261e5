"""What ``--check`` makes of what it saw. Pure: everything seen in, a remark for each thing out.

Critical is what makes the last backup useless or the next one impossible; all else that is not as it should be is a
warning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from freeze_alerts.sources.backups import freshness, words
from freeze_alerts.sources.backups.freshness import Freshness
from freeze_alerts.sources.backups.manifest import Directory, Manifest
from freeze_alerts.sources.backups.preflight import Outlook
from freeze_alerts.sources.backups.running import Note

PROVED_WITHIN = timedelta(days=8)
RUNS_LONG_AFTER = timedelta(hours=24)
COMPARED_WITH = 7
_EMPTY_BELOW, _SMALL_BELOW, _LARGE_ABOVE = 0.1, 0.5, 2.0
_WAL_FROM_BYTES = 1 << 30
_NAMED = 3


class Level(StrEnum):
    FINE = "fine"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Remark:
    level: Level
    about: str
    text: str


@dataclass(frozen=True)
class Run:
    """A run that left its note. ``dead``: its process is gone, or nobody holds its lock."""

    note: Note
    dead: bool


@dataclass(frozen=True)
class Seen:
    """Everything that was looked at for one database.

    ``damage``: what is wrong with the newest file, read through; ``unread``: why it could not be read through;
    ``journal``: SQLite's mode; ``copies``: what is wrong with the second copies.
    """

    database: str
    now: datetime
    found: Directory
    freshness: Freshness
    outlook: Outlook
    runs: Sequence[Run] = ()
    damage: str = ""
    unread: str = ""
    journal: str = ""
    copies: str = ""

    @property
    def backups(self) -> tuple[Manifest, ...]:
        """The complete ones that are not from the future, the newest first."""
        return tuple(each for each in self.found.of(self.database) if each.snapshot_at <= self.now)

    @property
    def newest(self) -> Manifest | None:
        return self.backups[0] if self.backups else None


def judge(seen: Seen) -> list[Remark]:
    """The remarks on one database, in the order in which one asks."""
    return [remark for rule in _RULES for remark in rule(seen)]


def of_directory(found: Directory, warnings: Sequence[str], now: datetime) -> list[Remark]:
    """The remarks on the directory as such, whatever database its files are of."""
    newest = {each.database: each.snapshot_at for each in reversed(found.backups)}
    old = [each.name for each in found.missing if each.snapshot_at < newest.get(each.database, each.snapshot_at)]
    said = [
        ("files", "whose file is gone or has another size", old),
        ("manifests", "that can't be read", [path.name for path in found.damaged]),
        ("orphans", "without a manifest, so no backup", [path.name for path in found.orphans]),
        ("clock", "from the future", [each.name for each in found.backups if each.snapshot_at > now]),
    ]
    remarks = [Remark(Level.WARNING, about, _counted(names, what)) for about, what, names in said if names]
    remarks += [Remark(Level.WARNING, "directory", text) for text in warnings]
    if found.foreign:
        names = [path.name for path in found.foreign]
        remarks.append(Remark(Level.FINE, "foreign", _counted(names, "of other tools, left alone")))
    return remarks


def worst(remarks: Sequence[Remark]) -> Level:
    """Critical before unknown before a warning: what is known to be bad is worse than what is not known."""
    order = (Level.CRITICAL, Level.UNKNOWN, Level.WARNING)
    levels = {each.level for each in remarks}
    return next((level for level in order if level in levels), Level.FINE)


def _of_age(seen: Seen) -> Iterator[Remark]:
    bad = seen.freshness.newest_at is None or seen.freshness.stale
    yield Remark(Level.CRITICAL if bad else Level.FINE, "age", seen.freshness.sentence)


def _of_file(seen: Seen) -> Iterator[Remark]:
    gone = [each for each in seen.found.missing if each.database == seen.database]
    for each in gone:
        if seen.newest is None or each.snapshot_at > seen.newest.snapshot_at:
            yield Remark(Level.CRITICAL, "file", f"{each.file} is gone, or has not the size that was written")
    if seen.damage:
        yield Remark(Level.CRITICAL, "file", seen.damage)
    if seen.unread:
        yield Remark(Level.UNKNOWN, "file", seen.unread)


def _of_size(seen: Seen) -> Iterator[Remark]:
    """An empty dump is made without an error: a volume that was not mounted, the wrong database."""
    if seen.newest is None:
        return
    if not seen.newest.rows:
        yield Remark(Level.CRITICAL, "size", f"{seen.newest.name} is empty: there is not one table in it")
        return
    from statistics import median  # late, and heavy

    earlier = seen.backups[1 : COMPARED_WITH + 1]
    usual = median(each.raw_bytes for each in earlier) if earlier else 0
    lost_rows = not seen.newest.total_rows and any(each.total_rows for each in earlier)
    share = seen.newest.raw_bytes / usual if usual else 1.0
    told = f"{seen.newest.name} has {words.size(seen.newest.raw_bytes)} unpacked, and the last {len(earlier)} had"
    told += f" {words.size(usual)}"
    if lost_rows or share < _EMPTY_BELOW:
        yield Remark(Level.CRITICAL, "size", f"{told}: it is as good as empty")
    elif not _SMALL_BELOW <= share <= _LARGE_ABOVE:
        yield Remark(Level.WARNING, "size", told)


def _of_the_next(seen: Seen) -> Iterator[Remark]:
    for problem in seen.outlook.problems:
        yield Remark(Level.CRITICAL, "next", problem)
    free, needed = seen.outlook.free_bytes, seen.outlook.needed_bytes
    if free is not None and needed and needed <= free < 2 * needed:
        yield Remark(Level.WARNING, "space", f"{words.size(free)} free: room for the next backup, not for two")


def _of_runs(seen: Seen) -> Iterator[Remark]:
    for run in seen.runs:
        since = (
            f"{run.note.name}, begun {words.moment(run.note.started_at)} by process {run.note.pid} on {run.note.host}"
        )
        if run.dead:
            yield Remark(Level.WARNING, "run", f"a run died: {since}")
        elif seen.now - run.note.started_at > RUNS_LONG_AFTER:
            yield Remark(Level.WARNING, "run", f"a run has been on for more than a day: {since}")
        else:
            yield Remark(Level.FINE, "run", f"one is being made: {since}")


def _of_proof(seen: Seen) -> Iterator[Remark]:
    """Wanted only once there are backups that old: a week is the distance of the restores into a scratch database."""
    if not seen.backups or seen.now - seen.backups[-1].snapshot_at <= PROVED_WITHIN:
        return
    proved = max((each.verified_at for each in seen.backups if each.verified_at), default=None)
    if proved is None:
        yield Remark(Level.WARNING, "proof", "none was ever read back or restored; type: backup_database --verify")
    elif seen.now - proved > PROVED_WITHIN:
        yield Remark(Level.WARNING, "proof", f"the last proof is {freshness.in_words(seen.now - proved)} old")


def _of_journal(seen: Seen) -> Iterator[Remark]:
    server = seen.outlook.server
    if seen.journal and seen.journal != "wal" and server and server.size_bytes > _WAL_FROM_BYTES:
        yield Remark(
            Level.WARNING, "journal",
            f"the journal mode is {seen.journal}, so writers wait while {words.size(server.size_bytes)} are copied; "
            "type once: PRAGMA journal_mode=wal",
        )  # fmt: skip


def _of_copies(seen: Seen) -> Iterator[Remark]:
    if seen.copies:
        yield Remark(Level.WARNING, "copies", seen.copies)


_RULES: tuple[Callable[[Seen], Iterator[Remark]], ...] = (
    _of_age, _of_file, _of_size, _of_the_next, _of_runs, _of_proof, _of_journal, _of_copies,
)  # fmt: skip


def _counted(names: Sequence[str], what: str) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{len(names)} {what}: {', '.join(names[:_NAMED])}{more}"
