"""Before anything is written: would a backup of this database work here?"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from freeze_alerts import conf
from freeze_alerts.sources.backups import encryption, engines, leftovers, manifest, words
from freeze_alerts.sources.backups.engines.engine import Server
from freeze_alerts.sources.backups.trouble import Trouble

_OTHERS = 0o077


@dataclass(frozen=True)
class Outlook:
    """``problems`` would stop the next backup, a sentence each; ``warnings`` would not."""

    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    server: Server | None
    tools: str
    free_bytes: int | None
    needed_bytes: int | None

    @property
    def server_version(self) -> str:
        return self.server.version if self.server else ""

    @property
    def identity(self) -> str:
        return self.server.identity if self.server else ""


def look(alias: str) -> Outlook:
    """Never raises for what is wrong with the backup."""
    chosen, problems = conf.current().backups, []
    server, tool, needed = None, "", None
    try:
        engine = engines.of(alias)
        server = engine.server()
        found = engine.dump_tool(server)
        tool = f"{found.path} {found.version}"
        needed = engine.bytes_needed(server, _last_bytes(alias, chosen.directory))
    except Trouble as problem:
        problems.append(str(problem))
    free = _free_bytes(chosen.directory)
    problems += filter(None, [leftovers.half_filled(alias, chosen.directory)])
    problems += filter(None, (_in_directory(chosen.directory), _of_room(chosen.directory, free, needed)))
    problems += _complaint(lambda: encryption.recipients(chosen.encrypt_to) if chosen.encrypt_to else None)
    warnings = tuple(filter(None, (_of_privacy(chosen.directory), _of_storage(chosen.storage))))
    return Outlook(tuple(problems), warnings, server, tool, free, needed)


def _last_bytes(alias: str, directory: Path) -> int | None:
    with suppress(OSError):
        if known := manifest.read_all(directory).of(alias):
            return known[0].stored_bytes
    return None


def _free_bytes(directory: Path) -> int | None:
    try:
        return shutil.disk_usage(_nearest(directory)).free
    except OSError:
        return None


def _in_directory(directory: Path) -> str:
    """Asked of the kernel, without leaving a trace."""
    nearest = _nearest(directory)
    if not nearest.is_dir():
        return f"{nearest} is not a directory, so no backup can be kept in {directory}"
    if os.access(nearest, os.R_OK | os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        return ""
    who = f"user {os.geteuid()}"
    return f"{nearest} can't be written to by {who}, so no backup can be kept in {directory}"


def _of_room(directory: Path, free: int | None, needed: int | None) -> str:
    if free is None or not needed or free >= needed:
        return ""
    return f"{directory} has {words.size(free)} free, and a backup needs about {words.size(needed)}"


def _of_privacy(directory: Path) -> str:
    try:
        mode = directory.stat().st_mode
    except OSError:
        return ""
    return f"{directory} can be read by others; type: chmod 700 {directory}" if mode & _OTHERS else ""


def _of_storage(alias: str | None) -> str:
    if alias is None or alias in getattr(settings, "STORAGES", {}):
        return ""
    return f"there is no {alias!r} in STORAGES, so no second copy is made"


def _complaint(attempt: Callable[[], object]) -> list[str]:
    try:
        attempt()
    except Trouble as problem:
        return [str(problem)]
    return []


def _nearest(path: Path) -> Path:
    """Itself, or the nearest place above that is there."""
    return next((each for each in (path, *path.absolute().parents) if each.exists()), Path("/"))
