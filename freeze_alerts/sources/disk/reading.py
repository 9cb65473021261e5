"""Read: how full the disk under a path is, in bytes and in inodes."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

import psutil
from django.utils import timezone

from freeze_alerts import conf
from freeze_alerts.sources.disk import patience, words

PATIENCE_SECONDS = 5.0


@dataclass(frozen=True)
class Reading:
    """One disk as it was at ``read_at``.

    Percents are of what can be used at all (``used + free``), as ``df`` counts: blocks kept for root belong to
    neither side, so that 100 is where writes fail. ``inodes_*`` are None where the filesystem counts none (btrfs).
    """

    host: str
    device: str
    path: str
    used_percent: float
    used_bytes: int
    free_bytes: int
    total_bytes: int
    inodes_used_percent: float | None
    inodes_free: int | None
    read_at: datetime
    inodes_used: int | None = None
    also: tuple[str, ...] = ()
    """Other watched paths on the same disk."""

    @property
    def worst_percent(self) -> float:
        """The worse of bytes and inodes."""
        return max(self.used_percent, self.inodes_used_percent or 0.0)

    @property
    def usable_bytes(self) -> int:
        return self.used_bytes + self.free_bytes

    @property
    def used_in_words(self) -> str:
        """``91.2 % · 72.9 GB of 80 GB``."""
        shares = words.size(self.used_bytes), words.size(self.usable_bytes)
        return f"{words.percent(self.used_percent)} · {shares[0]} of {shares[1]}"


@dataclass(frozen=True)
class Unreadable:
    """A path that gave no reading, and why."""

    path: str
    error: str


def host_name() -> str:
    """What this machine is called in keys and cards: ``DISK.HOST``, else its own name."""
    return conf.current().disk.host or socket.gethostname()


def read(path: str) -> Reading | Unreadable:
    """The disk under ``path``."""
    answer = _try(path)
    return answer if isinstance(answer, Unreadable) else answer[1]


def read_all(paths: Iterable[str]) -> list[Reading | Unreadable]:
    """The disk under each path; a disk that several paths share is one reading, under the first of them."""
    outcomes: dict[str, Reading | Unreadable] = {}
    first: dict[int | str, str] = {}
    for path in dict.fromkeys(paths):
        answer = _try(path)
        if isinstance(answer, Unreadable):
            outcomes[path] = answer
            continue
        number, reading = answer
        known = first.get(number) or first.get(reading.device) or path
        for identity in (number, reading.device):  # btrfs: one device, another number for each subvolume
            first.setdefault(identity, known)
        earlier = outcomes.setdefault(known, reading)
        if known != path and isinstance(earlier, Reading):
            outcomes[known] = replace(earlier, also=(*earlier.also, path))
    return list(outcomes.values())


def device_number(path: str) -> int | None:
    """``st_dev`` of what ``path`` leads to; None when that can't be told."""
    try:
        return patience.within(PATIENCE_SECONDS, path, lambda: os.stat(path).st_dev)
    except (OSError, ValueError):
        return None


def _try(path: str) -> tuple[int, Reading] | Unreadable:
    try:
        return patience.within(PATIENCE_SECONDS, path, lambda: _read(path))
    except OSError as problem:
        return Unreadable(path, problem.strerror or str(problem))
    except ValueError as problem:
        return Unreadable(path, str(problem))


def _read(path: str) -> tuple[int, Reading]:
    number = os.stat(path).st_dev
    usage, inodes = psutil.disk_usage(path), os.statvfs(path)
    counted = inodes.f_files > 0
    inodes_used = inodes.f_files - inodes.f_ffree
    return number, Reading(
        host=host_name(),
        device=_device(os.path.realpath(path), number),
        path=path,
        used_percent=_share(usage.used, usage.free),
        used_bytes=usage.used,
        free_bytes=usage.free,
        total_bytes=usage.total,
        inodes_used_percent=_share(inodes_used, inodes.f_favail) if counted else None,
        inodes_free=inodes.f_favail if counted else None,
        read_at=timezone.now(),
        inodes_used=inodes_used if counted else None,
    )


def _share(used: int, free: int) -> float:
    return 100 * used / (used + free) if used + free else 0.0


def _device(real_path: str, number: int) -> str:
    """The name of the device mounted nearest above the path; a later mount covers an earlier one."""
    mounts = [mount for mount in psutil.disk_partitions(all=True) if _holds(mount.mountpoint, real_path)]
    if not mounts:
        return f"dev:{os.major(number)}:{os.minor(number)}"
    nearest = max(enumerate(mounts), key=lambda each: (len(each[1].mountpoint), each[0]))[1]
    is_name = "/" in nearest.device or ":" in nearest.device
    return nearest.device if is_name else f"{nearest.device}:{nearest.mountpoint}"  # every tmpfs is called tmpfs


def _holds(mountpoint: str, path: str) -> bool:
    return path == mountpoint or path.startswith(mountpoint.rstrip("/") + "/")
