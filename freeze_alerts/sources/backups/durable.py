"""Files that are whole or not there, for our eyes only, and still there after a power cut."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

OURS_ALONE = 0o600
_DIRECTORY_OURS_ALONE = 0o700


def make_directory(directory: Path) -> None:
    """See that it is there; a new one is for our eyes only. Raises OSError."""
    if not directory.is_dir():
        directory.mkdir(mode=_DIRECTORY_OURS_ALONE, parents=True, exist_ok=True)


def create(path: Path) -> int:
    """A new file, private from its first byte. Raises OSError: also where it exists, or is a link."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, OURS_ALONE)


def create_held(path: Path) -> int:
    """A new file, held by a lock while it is open: one that is not held is a dead process's. Raises OSError."""
    while True:
        descriptor = create(path)
        with suppress(OSError):  # a file system that knows no locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if path.exists():
            return descriptor
        os.close(descriptor)  # somebody swept it away before it was held


def is_deserted(path: Path) -> bool:
    """Whether it is held by nobody any more; False where that can't be told."""
    try:
        with open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def publish(file: IO[bytes], partial: Path, final: Path) -> None:
    """Give a finished file its name, once the disk has all of it. Raises OSError."""
    file.flush()
    os.fsync(file.fileno())
    partial.rename(final)
    sync_directory(final.parent)


def write(path: Path, content: bytes) -> None:
    """The whole content or none of it, under that name. Raises OSError."""
    partial = path.with_name(f".{path.name}.{os.urandom(4).hex()}.partial")
    try:
        with os.fdopen(create(partial), "wb") as file:
            file.write(content)
            publish(file, partial, path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


@contextmanager
def reading(path: Path) -> Iterator[IO[bytes]]:
    """The file, held by a shared lock: what is being read is not deleted. Raises OSError."""
    with open(path, "rb", buffering=0) as file:
        with suppress(OSError):  # a file system that knows no locks
            fcntl.flock(file, fcntl.LOCK_SH)
        yield file


def sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
