"""Which backups stay and which go: a pure function over the complete backups of exactly one database.

The rule is restic's (https://restic.readthedocs.io/en/stable/060_forget.html): newest first, a backup stays if it is
the first in an hour, a day or an ISO week (all in UTC) while that ladder still has places. Hours without a backup take
no place, so an outage deletes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from freeze_alerts import conf

AT_LEAST = 3
"""So many stay whatever the settings say."""


@dataclass(frozen=True)
class Candidate:
    """What the rule asks of a complete backup. ``at`` is the moment of its snapshot, with a time zone.

    ``proved``: read back to its end at least; ``restored``: put into a scratch database and compared.
    """

    name: str
    at: datetime
    size_bytes: int = 0
    proved: bool = False
    restored: bool = False
    pinned: bool = False


@dataclass(frozen=True)
class Decision:
    """One backup and why it stays; without a reason it goes."""

    backup: Candidate
    reasons: tuple[str, ...]

    @property
    def stays(self) -> bool:
        return bool(self.reasons)


@dataclass
class _Ladder:
    """Places for the first backup of each hour, day or week."""

    bucket: Callable[[datetime], str]
    places: int
    last: str = field(default="", init=False)

    def reason(self, at: datetime, *, oldest: bool) -> str:
        """The bucket this backup opens, or "" where it opens none or no place is left."""
        opened = self.bucket(at.astimezone(UTC))
        if self.places <= 0 or (opened == self.last and not oldest):
            return ""
        if opened == self.last:
            opened = f"oldest, {opened}"
        else:
            self.last = opened
        self.places -= 1
        return opened


def decide(candidates: Sequence[Candidate], keep: conf.Backups, now: datetime) -> list[Decision]:
    """One decision a backup, newest first. They must all be complete and of one and the same database.

    What is from the future (a clock that was wrong) stays and takes no place of the others.
    """
    newest_first = sorted(candidates, key=lambda each: (each.at, each.name), reverse=True)
    future = [each for each in newest_first if each.at > now]
    past = [each for each in newest_first if each.at <= now]
    reasons = {each: ["from the future"] for each in future} | {each: _protected(each, past) for each in past}
    ladders = _ladders(keep)
    for each in past:
        found = [ladder.reason(each.at, oldest=each is past[-1]) for ladder in ladders]
        reasons[each] += [reason for reason in found if reason]
    _top_up(past, reasons)
    return [Decision(each, tuple(reasons[each])) for each in newest_first]


def freed_bytes(decisions: Sequence[Decision]) -> int:
    """What deleting all that goes would give back."""
    return sum(each.backup.size_bytes for each in decisions if not each.stays)


def _ladders(keep: conf.Backups) -> list[_Ladder]:
    return [
        _Ladder(lambda at: f"hour {at:%Y-%m-%d %H}:00", int(keep.keep_hourly_hours)),
        _Ladder(lambda at: f"day {at:%Y-%m-%d}", int(keep.keep_daily_days)),
        _Ladder(lambda at: f"week {at:%G-W%V}", int(keep.keep_weekly_weeks)),
    ]


def _protected(backup: Candidate, past: Sequence[Candidate]) -> list[str]:
    """Why this one stays whatever the ladders say."""
    newest_proved = next((each for each in past if each.proved), None)
    newest_restored = next((each for each in past if each.restored), None)
    said = (
        ("newest", backup is past[0]),
        ("newest that is proved", backup is newest_proved),
        ("newest that was restored", backup is newest_restored),
        ("pinned", backup.pinned),
    )
    return [reason for reason, so in said if so]


def _top_up(past: Sequence[Candidate], reasons: dict[Candidate, list[str]]) -> None:
    missing = AT_LEAST - sum(bool(reasons[each]) for each in past)
    spare = [each for each in past if not reasons[each]]
    for each in spare[: max(0, missing)]:
        reasons[each].append(f"one of at least {AT_LEAST}")
