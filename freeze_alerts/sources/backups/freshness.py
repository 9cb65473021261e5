"""Is the newest backup of a database young enough? Pure: moments in, a verdict out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from freeze_alerts.catalog import Severity
from freeze_alerts.sources.backups import words

_SPEAKS_OF_DAYS_FROM = timedelta(hours=48)


@dataclass(frozen=True)
class Freshness:
    """``newest_at`` is None where there is none at all; ``age`` then counts from when we began to watch."""

    database: str
    newest_at: datetime | None
    age: timedelta
    stale: bool
    sentence: str

    @property
    def severity(self) -> Severity | None:
        return Severity.HIGH if self.stale else None


def judge(
    database: str, newest_at: datetime | None, *, watched_since: datetime | None, stale_after: timedelta, now: datetime
) -> Freshness:
    """The verdict on one database. Without any backup it has until ``stale_after`` from when we began to watch.

    A backup from the future says nothing of its age, so its reader must leave it out.
    """
    since = newest_at or watched_since
    age = now - since if since else stale_after + timedelta(seconds=1)
    return Freshness(database, newest_at, age, age > stale_after, _sentence(database, newest_at, age))


def in_words(age: timedelta) -> str:
    """``40 min``, ``26 h`` or ``3 days``, never rounded up: what is 25 h old has not yet passed 25 h."""
    hours = int(age.total_seconds() // 3600)
    if hours < 1:
        return f"{max(0, int(age.total_seconds() // 60))} min"
    return f"{hours} h" if age < _SPEAKS_OF_DAYS_FROM else f"{age.days} days"


def _sentence(database: str, newest_at: datetime | None, age: timedelta) -> str:
    if newest_at is None:
        return f"There is no complete backup of {database} at all."
    return f"The newest complete backup of {database} is {in_words(age)} old, of {words.moment(newest_at)}."
