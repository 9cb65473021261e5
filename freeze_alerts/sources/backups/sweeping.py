"""What runs that died have left behind: found by their notes, told, and swept away once the lock is ours."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

from freeze_alerts import conf
from freeze_alerts.sources.backups import deletion, leftovers, lock, manifest, others, running, tell, words
from freeze_alerts.sources.backups.running import Note
from freeze_alerts.sources.backups.trouble import Trouble

STALE_AFTER_SECONDS = 86_400


def tell_the_dead(directory: Path) -> list[Note]:
    """Tell of each run whose process died, and remove what it left. Gives their notes. Raises OSError."""
    dead = []
    for note in running.read_notes(directory):
        try:
            with lock.hold(note.alias):
                dead += bury(note.alias, directory)
        except lock.Taken:
            continue  # it lives, or another has begun, and tells of this one itself
        except Trouble:
            if others.is_gone(note.host, note.pid):
                dead += bury(note.alias, directory)
    return dead


def bury(database: str, directory: Path) -> list[Note]:
    """Tell of a run that left its note, and remove what it left. Only for who has the lock. Raises OSError."""
    left = [note for note in running.read_notes(directory) if note.alias == database]
    for note in left:
        found = manifest.read_all(directory)
        for partial in found.partials:
            if partial.name.startswith(f".{note.name}."):
                deletion.shrink_away(partial)
        running.remove(note)
        if found.find(note.name) is not None:
            continue  # all was done, but for taking the note away
        trouble = Trouble(
            f"its process ({note.pid} on {note.host}) began at {words.moment(note.started_at)} and is gone: it was "
            "killed, ran out of memory, or its machine went down", stage="died",
        )  # fmt: skip
        tell.failed(database, trouble, directory=directory, name=note.name, task_id=note.task_id)
    return left


def is_dead(note: Note) -> bool:
    """Whether a note speaks of a run that is no more. Changes nothing, and tells nobody."""
    try:
        return lock.holder(note.alias) is None
    except Trouble:
        return others.is_gone(note.host, note.pid)


def sweep(directory: Path) -> list[str]:
    """Remove what deletions and runs that ended badly left behind; gives the names of the files. Raises OSError."""
    found = manifest.read_all(directory)
    swept = [*deletion.finish(found, directory), *leftovers.clear(directory)]
    stale = [path for path in found.partials if path.name not in swept and _is_stale(path)]
    if stale and (alone := _alone()) is not None:
        with alone:
            for path in stale:
                deletion.shrink_away(path)
                swept.append(path.name)
    return swept


def _alone() -> ExitStack | None:
    """The locks of all our databases, or None: then a run is on, or can't be ruled out."""
    with ExitStack() as held:
        try:
            for database in conf.current().backups.databases:
                held.enter_context(lock.hold(database))
        except Trouble:
            return None
        return held.pop_all()


def _is_stale(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > STALE_AFTER_SECONDS
    except FileNotFoundError:
        return False
