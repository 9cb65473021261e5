"""When will it be full? A forecast of the floor, for the card; it never raises an alert by itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from statistics import median

from freeze_alerts.sources.disk import words

WINDOW = timedelta(hours=12)
HORIZON = timedelta(days=365)
"""Beyond this a forecast says nothing."""
FEWEST_HOURS = 3

Sample = tuple[datetime, int]
"""When, and how many bytes were used."""


@dataclass(frozen=True)
class Forecast:
    """``full_in`` is None when the disk isn't filling."""

    bytes_per_hour: float
    full_in: timedelta | None


def predict(samples: Iterable[Sample], free_bytes: int, now: datetime) -> Forecast | None:
    """The trend of the last twelve hours; None with samples from fewer than three different hours.

    Hourly minima forget what comes and goes within the hour, and the median of all slopes between them
    (Theil-Sen) what swells for a few hours, like a nightly dump: only what stays counts.
    """
    floor = _hourly_minima((at, used) for at, used in samples if now - WINDOW <= at <= now)
    if len(floor) < FEWEST_HOURS:
        return None
    bytes_per_hour = median(
        (later_used - used) / ((later - hour) / timedelta(hours=1))
        for (hour, used), (later, later_used) in combinations(sorted(floor.items()), 2)
    )
    return Forecast(bytes_per_hour, _full_in(bytes_per_hour, free_bytes))


def describe(forecast: Forecast | None) -> str:
    """``full in ≈ 9 h at this rate``."""
    if forecast is None:
        return f"not known before {FEWEST_HOURS} hours of samples"
    if forecast.full_in is None:
        return "not filling"
    return f"full in ≈ {words.span(forecast.full_in)} at this rate"


def _hourly_minima(samples: Iterable[Sample]) -> dict[datetime, int]:
    floor: dict[datetime, int] = {}
    for at, used in samples:
        hour = at.replace(minute=0, second=0, microsecond=0)
        floor[hour] = min(used, floor.get(hour, used))
    return floor


def _full_in(bytes_per_hour: float, free_bytes: int) -> timedelta | None:
    if bytes_per_hour <= 0 or free_bytes / bytes_per_hour > HORIZON / timedelta(hours=1):
        return None
    return timedelta(hours=free_bytes / bytes_per_hour)
