"""The findings of a disk alert: what ``df`` and an hour of ``du`` would tell, in a few short lines."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Protocol

from django.utils import timezone

from freeze_alerts import conf
from freeze_alerts.diagnosis.budget import Skip, Step
from freeze_alerts.sources.backups import cleanup, manifest
from freeze_alerts.sources.disk import consumers, growth, reading, words
from freeze_alerts.sources.disk.consumers import Size
from freeze_alerts.sources.disk.growth import Growth
from freeze_alerts.sources.disk.reading import Reading

EACH_SECONDS = 3.0
TOTAL_SECONDS = 6.0
_LIMIT_SECONDS = 7.5
_LINES = 6
_WORTH_A_LINE_BYTES = 1024**2
_EXPLAINS_MUCH = 0.5


class DiskAlert(Protocol):
    """What is asked of an alert; ``fields`` are pairs of name and value."""

    @property
    def host(self) -> str: ...
    @property
    def fields(self) -> Iterable[tuple[str, str]]: ...


def steps(alert: DiskAlert) -> list[Step]:
    """The steps for one disk; a single skipped one where another host's disk is meant."""
    here = reading.host_name()
    if alert.host != here:
        return [Step("Findings", lambda: _elsewhere(alert.host, here), _LIMIT_SECONDS)]
    path = _path(alert)
    sizes = _Once(lambda: consumers.measure(path, each_seconds=EACH_SECONDS, total_seconds=TOTAL_SECONDS))
    return [
        Step("df -h", lambda: _usage(_read(path)), _LIMIT_SECONDS),
        Step("What grew since last night", lambda: _grown(here, sizes()), _LIMIT_SECONDS),
        Step("Largest consumers", lambda: _largest(sizes(), _read(path)), _LIMIT_SECONDS),
        Step("backup_database --cleanup", lambda: _cleanup(path), _LIMIT_SECONDS),
    ]


class _Once:
    """Two steps show one measure: whoever comes first takes it, the other waits for it."""

    def __init__(self, measure: Callable[[], list[Size]]) -> None:
        self._measure = measure
        self._lock = threading.Lock()
        self._sizes: list[Size] | None = None

    def __call__(self) -> list[Size]:
        with self._lock:
            if self._sizes is None:
                self._sizes = self._measure()
            return self._sizes


def _path(alert: DiskAlert) -> str:
    return dict(alert.fields).get("Path", "/")


def _elsewhere(host: str, here: str) -> str:
    raise Skip(f"findings are only taken on {host}, and this was sent from {here}: run check_disk there")


def _read(path: str) -> Reading:
    seen = reading.read(path)
    if isinstance(seen, Reading):
        return seen
    raise OSError(f"{seen.path}: {seen.error}")


def _usage(seen: Reading) -> str:
    lines = [f"{seen.device} on {seen.path}", f"{seen.used_in_words} used, {words.size(seen.free_bytes)} free"]
    if seen.inodes_used_percent is not None:
        lines.append(f"inodes {words.percent(seen.inodes_used_percent)} used, {seen.inodes_free:,} free")
    return "\n".join(lines)


def _grown(host: str, sizes: list[Size]) -> str:
    compared = growth.growth(host, sizes, timezone.now())
    if not compared:
        raise Skip("no earlier measure to compare with: one is taken a day while all disks are below their lines")
    grown = [each for each in compared if each.grown_bytes >= _WORTH_A_LINE_BYTES]
    if not grown:
        return f"nothing we measure has grown since {_when(compared[0])}"
    return "\n".join(
        f"{each.name} +{words.size(each.grown_bytes)} since {_when(each)}, now {each.now.words}"
        for each in grown[:_LINES]
    )


def _largest(sizes: list[Size], seen: Reading) -> str:
    known = [each for each in sizes if each.size_bytes is not None]
    unknown = [each for each in sizes if each.size_bytes is None]
    lines = [f"{each.name} {each.words} · {each.path}" for each in [*known[:_LINES], *unknown]]
    explained = consumers.explained_bytes(sizes)
    if explained < _EXPLAINS_MUCH * seen.used_bytes:
        lines.append(_unexplained(explained, seen))
    return "\n".join(lines)


def _unexplained(explained: int, seen: Reading) -> str:
    rest = words.size(seen.used_bytes - explained)
    return f"{rest} lie elsewhere: du -xh -d2 {seen.path} | sort -h | tail; deleted but still open: lsof +L1"


def _cleanup(path: str) -> str:
    kept = conf.current().backups
    if not kept.directory.is_dir() or reading.device_number(str(kept.directory)) != reading.device_number(path):
        raise Skip("no backups are kept on this disk")
    freed = cleanup.would_free(manifest.read_all(kept.directory), kept.databases)
    return f"would free {words.size(freed)}" if freed else "would free nothing: what is kept is wanted"


def _when(each: Growth) -> str:
    """The hour, and the day where that isn't plain."""
    now, since = growth.local(timezone.now()), growth.local(each.since)
    return f"{since:%H:%M}" if (now - since).days < 1 else f"{since:%d %b %H:%M}"
