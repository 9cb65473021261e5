"""Deleting a large file so that nobody who writes beside it has to wait: a little at a time.

Freeing many gigabytes at once keeps a file system's journal busy for that long.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

from freeze_alerts.sources.backups import durable, manifest
from freeze_alerts.sources.backups.manifest import Directory, Manifest

SUFFIX = ".gone.partial"
_STEP_BYTES = 32 << 20
_PAUSE_SECONDS = 0.005


class InUse(OSError):
    """It is being read, by a restore or a proof: it goes the next time."""


def delete(going: Manifest, directory: Path) -> None:
    """The file takes a name that is no backup's, then the manifest goes, then the file. Raises OSError."""
    path = manifest.file_path(going, directory)
    gone = path.with_name(f".{path.name}{SUFFIX}")
    with suppress(FileNotFoundError):
        _refuse_if_read(path)
        path.rename(gone)
    manifest.manifest_path(going.name, directory).unlink(missing_ok=True)
    durable.sync_directory(directory)
    shrink_away(gone)


def finish(found: Directory, directory: Path) -> list[str]:
    """End what a process began that died in between; gives the names of the files. Raises OSError."""
    begun = [path for path in found.partials if path.name.endswith(SUFFIX)]
    files = {path.name.removeprefix(".").removesuffix(SUFFIX) for path in begun}
    for each in found.missing:
        if each.file in files:
            manifest.manifest_path(each.name, directory).unlink(missing_ok=True)
    for path in begun:
        shrink_away(path)
    return [path.name for path in begun]


def shrink_away(path: Path) -> None:
    """Raises OSError; a file that is not there is gone already."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        size = os.fstat(descriptor).st_size
        while size > _STEP_BYTES:
            size -= _STEP_BYTES
            os.ftruncate(descriptor, size)
            time.sleep(_PAUSE_SECONDS)
    finally:
        os.close(descriptor)
    path.unlink(missing_ok=True)


def _refuse_if_read(path: Path) -> None:
    """Whoever reads a backup holds its file by a shared lock."""
    with open(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse(0, "it is being read, and goes the next time", path.name) from None
