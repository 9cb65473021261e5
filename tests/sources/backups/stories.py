"""Histories of backups for retention. Each has its golden file: what stays and why, what goes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from freeze_alerts import conf
from freeze_alerts.sources.backups.retention import Candidate, Decision, decide

NOW = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def taken(at: datetime, **said: bool) -> Candidate:
    return Candidate(f"shop_{at:%Y%m%dT%H%M}", at, **said)


def every(step: timedelta, count: int, *, until: datetime = NOW) -> list[Candidate]:
    """``count`` backups, one each ``step``, the newest at the last full minute before ``until``."""
    return [taken(until - number * step) for number in range(count)]


def stories() -> dict[str, tuple[list[Candidate], datetime]]:
    return {
        "hourly_for_nine_weeks": (every(HOUR, 24 * 63), NOW),
        "daily_for_half_a_year": (every(DAY, 180), NOW),
        "nothing_for_three_weeks": (every(HOUR, 24 * 20, until=NOW - 21 * DAY), NOW),
        "one_after_three_weeks_of_nothing": ([taken(NOW), *every(HOUR, 24 * 20, until=NOW - 21 * DAY)], NOW),
        "five_within_one_hour": (every(timedelta(minutes=5), 5), NOW),
        "a_clock_that_was_set_back": (every(HOUR, 48), NOW - 10 * HOUR),
        "the_hour_that_comes_twice": (every(timedelta(minutes=30), 60, until=_WINTER), _WINTER),
        "around_the_new_year": (every(DAY, 21, until=datetime(2027, 1, 4, 12, tzinfo=UTC)), _JANUARY),
        "an_old_one_proved_another_pinned": (list(_proved_and_pinned()), NOW),
        "two_in_all": (every(400 * DAY, 2), NOW),
    }


_WINTER = datetime(2026, 10, 25, 6, tzinfo=UTC)
_JANUARY = datetime(2027, 1, 4, 13, tzinfo=UTC)


def _proved_and_pinned() -> Iterator[Candidate]:
    for each in every(HOUR, 24 * 63):
        age = NOW - each.at
        yield taken(each.at, proved=age >= 1000 * HOUR, restored=age >= 1100 * HOUR, pinned=age == 1200 * HOUR)


def rendered(decisions: list[Decision]) -> str:
    """A line each that stays with its reasons, and one for each unbroken row of those that go."""
    lines: list[str] = []
    gone = 0
    for each in decisions:
        if each.stays:
            lines += [f"- {gone} deleted"] if gone else []
            lines.append(f"{each.backup.at:%Y-%m-%d %H:%M}  {' | '.join(each.reasons)}")
            gone = 0
        else:
            gone += 1
    return "\n".join(lines + ([f"- {gone} deleted"] if gone else [])) + "\n"


def told(name: str) -> str:
    candidates, now = stories()[name]
    return rendered(decide(candidates, conf.Backups(), now))
