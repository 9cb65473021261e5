"""How many errors within the last hour: read from the minutes, judged against the settings, told by a signal."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum

from django.utils import timezone

from freeze_alerts import conf, signals
from freeze_alerts.catalog import Severity
from freeze_alerts.sources.errors.models import ErrorMinute, FailedPayment, Issue, database
from freeze_alerts.sources.errors.tally import minute_of

HOUR, QUARTER = 60, 15
_READ_MINUTES = HOUR + 2 * QUARTER
"""What the look for a rise goes back: four quarters before the last full one."""
_AHEAD_MINUTES = 5
"""A neighbour's clock may be ahead: its errors count now. What is further ahead waits for its time."""
_NOTABLE, _CERTAIN = 2.0, 4.0
"""In standard deviations of counts that rise by chance alone."""
TELL_AGAIN_AFTER_SECONDS = 15.0

Series = ErrorMinute.Series


class Rising(Enum):
    NO = ""
    PERHAPS = "perhaps rising"
    CLEARLY = "rising"


@dataclass(frozen=True)
class Window:
    """What was seen of a series up to now; ``counts`` are by minute and go back further than the hour."""

    series: str
    now: int
    counts: Mapping[int, int] = field(default_factory=dict)
    payments: int = 0
    """How many different payments that said which they are."""
    unnamed: int = 0
    """Payment errors that didn't."""
    new_issues: int = 0

    @property
    def errors(self) -> int:
        return self.within(HOUR)

    @property
    def count(self) -> int:
        """What is judged: of payments each counts once, however often it was tried again."""
        return self.payments + self.unnamed if self.series == Series.PAYMENTS else self.errors

    def within(self, minutes: int) -> int:
        return sum(count for minute, count in self.counts.items() if minute > self.now - minutes)

    def between(self, start: int, end: int) -> int:
        return sum(count for minute, count in self.counts.items() if start <= minute < end)


@dataclass(frozen=True)
class Verdict:
    """``severity`` is what the count calls for; ``held`` what it is still too high to let go of, never less."""

    window: Window
    severity: Severity | None
    held: Severity | None
    rising: Rising
    text: str
    fields: list[tuple[str, str]]


def read(series: str, at: float | None = None) -> Window:
    now = minute_of(time.time() if at is None else at)
    recent = {"minute__gt": now - _READ_MINUTES, "minute__lte": now + _AHEAD_MINUTES}
    rows = ErrorMinute.objects.using(database()).filter(series=series, **recent)
    counts = dict(rows.values_list("minute", "count"))
    if series != Series.PAYMENTS:
        since = timezone.now() - timedelta(hours=1)
        return Window(
            series, now, counts, new_issues=Issue.objects.using(database()).filter(found_at__gt=since).count()
        )
    hour = recent | {"minute__gt": now - HOUR}
    failed = FailedPayment.objects.using(database()).filter(**hour)
    unnamed = ErrorMinute.objects.using(database()).filter(series=Series.UNNAMED, **hour)
    return Window(
        series, now, counts, payments=failed.values("payment").distinct().count(),
        unnamed=sum(unnamed.values_list("count", flat=True)),
    )  # fmt: skip


def judge(window: Window, settings: conf.Errors) -> Verdict:
    """The verdict on the last hour. A line is strict: 10 an hour means that the 11th is one too many."""
    lines = _lines(window.series, settings)
    keep = settings.clear_percent / 100
    rising = rise(window) if window.series == Series.ERRORS and window.count > settings.rising_per_hour else Rising.NO
    severity = max((each for each, line in lines if window.count > line), default=None)
    held = max((each for each, line in lines if window.count > line * keep), default=None)
    return Verdict(window, severity, _worse(severity, held), rising, _sentence(window, lines, severity, rising),
                   _fields(window, rising))  # fmt: skip


def rise(window: Window) -> Rising:
    """Whether the last quarter of an hour is more than chance makes of the three before it.

    Looked at four times an hour, since a look each minute would find a rise in every steady noise: one such look
    says perhaps, two in a row or a doubling are clear. A leap that chance does not make is clear at once.
    """
    grid = window.now - window.now % QUARTER
    if _leap(window, window.now + 1) >= _CERTAIN and _doubled(window, window.now + 1):
        return Rising.CLEARLY
    if _leap(window, grid) < _NOTABLE:
        return Rising.NO
    twice = _leap(window, grid - QUARTER) >= _NOTABLE
    return Rising.CLEARLY if twice or _doubled(window, grid) else Rising.PERHAPS


def tell(verdict: Verdict) -> None:
    window = verdict.window
    signals.errors_judged.send_robust(
        sender=Verdict, series=str(window.series), count=window.count, severity=verdict.severity, held=verdict.held,
        text=verdict.text, fields=verdict.fields,
    )  # fmt: skip
    _told[str(window.series)] = (verdict.severity, verdict.held, verdict.rising, time.monotonic())


def is_news(verdict: Verdict) -> bool:
    """Whether this process has told otherwise, or nothing for a while: a storm need not be told each second."""
    *said, at = _told.get(str(verdict.window.series), (None, None, None, -math.inf))
    same = said == [verdict.severity, verdict.held, verdict.rising]
    return not same or time.monotonic() - at >= TELL_AGAIN_AFTER_SECONDS


def forget_told() -> None:
    """What was told has been rolled back."""
    _told.clear()


def judge_all() -> list[Verdict]:
    """Read, judge and tell both series."""
    settings = conf.current().errors
    verdicts = [judge(read(series), settings) for series in (Series.ERRORS, Series.PAYMENTS)]
    for verdict in verdicts:
        tell(verdict)
    return verdicts


def _lines(series: str, settings: conf.Errors) -> list[tuple[Severity, float]]:
    if series == Series.PAYMENTS:
        return [(Severity.CRITICAL, settings.payment_spike_per_hour)]
    return [(Severity.WARNING, settings.warning_per_hour), (Severity.CRITICAL, settings.critical_per_hour)]


def _worse(one: Severity | None, other: Severity | None) -> Severity | None:
    return max((each for each in (one, other) if each is not None), default=None)


def _quarters(window: Window, end: int) -> tuple[int, float]:
    """The last quarter, and the mean of the three before it."""
    return window.between(end - QUARTER, end), window.between(end - HOUR, end - QUARTER) / 3


def _leap(window: Window, end: int) -> float:
    last, before = _quarters(window, end)
    return (last - before) / math.sqrt(last + before / 3) if last else 0.0


def _doubled(window: Window, end: int) -> bool:
    last, before = _quarters(window, end)
    return last >= 2 * before


def _sentence(window: Window, lines: list[tuple[Severity, float]], severity: Severity | None, rising: Rising) -> str:
    what, line = _what(window), next((f"{line:g}" for each, line in lines if each == severity), f"{lines[0][1]:g}")
    said = f"{what} within the last hour: more than {line}." if severity else f"{what} within the last hour."
    if rising is Rising.CLEARLY:
        said += " And rising: consider maintenance mode."
    return said


def _what(window: Window) -> str:
    if window.series != Series.PAYMENTS:
        return f"{window.count:,} error{'s'[: window.count != 1]}"
    tried = f" ({window.errors:,} errors with their retries)" if window.errors > window.count else ""
    return f"{window.count:,} failed payment{'s'[: window.count != 1]}{tried}"


def _fields(window: Window, rising: Rising) -> list[tuple[str, str]]:
    last = window.within(QUARTER)
    trend = f"{last:,}" + (f", {rising.value}" if rising is not Rising.NO else "")
    shown = [("Last hour", f"{window.errors:,} errors"), ("Last 15 minutes", trend)]
    if window.series == Series.PAYMENTS:
        known = f"{window.payments:,} known by their id"
        return [*shown, ("Payments", known + (f", {window.unnamed:,} errors without one" if window.unnamed else ""))]
    return [*shown, ("New issues", f"{window.new_issues:,} within the hour")] if window.new_issues else shown


_told: dict[str, tuple[Severity | None, Severity | None, Rising, float]] = {}
