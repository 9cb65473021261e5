"""Read → judge → tell: one pass over the disks of this machine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.db import router, transaction
from django.dispatch import Signal

from freeze_alerts import conf, signals
from freeze_alerts.sources.disk import databases, forecast, growth, reading, samples, words
from freeze_alerts.sources.disk.forecast import Forecast
from freeze_alerts.sources.disk.judge import Verdict, judge
from freeze_alerts.sources.disk.models import DiskSample
from freeze_alerts.sources.disk.reading import Reading, Unreadable

logger = logging.getLogger(__name__)

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Measured:
    """A disk that was read, judged and told."""

    path: str
    reading: Reading
    verdict: Verdict
    forecast: Forecast | None


Checked = Measured | Unreadable


def check_disks(paths: Sequence[str] | None = None) -> list[Checked]:
    """Read, judge and tell every watched disk, or only those under ``paths``, one result a disk.

    Only a full pass tells ``disks_checked``, which is what lets alerts of disks no longer watched end. A database
    that is away costs the forecast, never the verdict.
    """
    host = reading.host_name()
    checked = [
        _checked(each, host) for each in reading.read_all(conf.current().disk.paths if paths is None else paths)
    ]
    if paths is None:
        _tell(signals.disks_checked, host=host)
        _measure_consumers(host, checked)
    return checked


def fields(measured: Measured) -> list[tuple[str, str]]:
    """What a card shows of a disk, name and value."""
    seen = measured.reading
    shown = [("Used", seen.used_in_words), ("Free", words.size(seen.free_bytes))]
    if seen.inodes_used_percent is not None:
        shown.append(("Inodes", words.percent(seen.inodes_used_percent)))
    return [*shown, ("Forecast", forecast.describe(measured.forecast)), ("Path", seen.path)]


def _checked(outcome: Reading | Unreadable, host: str) -> Checked:
    if isinstance(outcome, Unreadable):
        _tell(signals.disk_unreadable, host=host, path=outcome.path, error=outcome.error)
        return outcome
    verdict = judge(outcome, conf.current().disk)
    measured = Measured(outcome.path, outcome, verdict, _forecast(outcome))
    _tell(
        signals.disk_measured,
        host=outcome.host,
        device=outcome.device,
        path=outcome.path,
        also=list(outcome.also),
        used_percent=verdict.percent,
        severity=verdict.severity,
        held=verdict.held,
        text=verdict.sentence,
        fields=fields(measured),
    )
    return measured


def _forecast(seen: Reading) -> Forecast | None:
    start = seen.read_at - forecast.WINDOW
    history = _from_database("read the samples", lambda: samples.since(seen.host, seen.device, start)) or []
    _from_database("store a sample", lambda: samples.store(seen))
    return forecast.predict([*history, (seen.read_at, seen.used_bytes)], seen.free_bytes, seen.read_at)


def _measure_consumers(host: str, checked: list[Checked]) -> None:
    """Once a day, and only while no disk is above its line: a full disk is not to be walked nor written to."""
    measured = [each for each in checked if isinstance(each, Measured)]
    if not measured or any(each.verdict.severity for each in measured):
        return
    now = measured[-1].reading.read_at
    if _from_database("look up the last measure", lambda: growth.is_due(host, now)):
        sizes = growth.measure([each.path for each in measured])
        _from_database("store the measure", lambda: growth.remember(host, sizes, now))


def _from_database(aim: str, ask: Callable[[], _Result]) -> _Result | None:
    """In a savepoint of its own, so that a failure spoils no transaction around it."""
    try:
        with transaction.atomic(using=router.db_for_write(DiskSample)):
            return ask()
    except databases.TROUBLE as problem:
        logger.error("check_disks could not %s: %s: %s", aim, type(problem).__name__, problem)
        return None


def _tell(signal: Signal, **news: object) -> None:
    for receiver, answer in signal.send_robust(sender=Measured, **news):
        if isinstance(answer, Exception):
            logger.error("%r failed when told of a disk", receiver, exc_info=answer)
