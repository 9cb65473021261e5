"""What a process has seen of errors and not yet booked: counts, and one record of each kind. Bounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from freeze_alerts.sources.errors.fingerprint import parts
from freeze_alerts.sources.errors.record import Record

KINDS_MOST = 1_000
NAMES_MOST = 1_000
MINUTES_MOST = 24 * 60
SECONDS_A_MINUTE = 60

Kind = tuple[str, ...]


def minute_of(at: float) -> int:
    return int(at) // SECONDS_A_MINUTE


@dataclass(slots=True)
class Group:
    """Equal errors: how many a minute, and who and what they met."""

    record: Record
    """The first of them."""
    first_at: float
    last_at: float
    minutes: Counter[int] = field(default_factory=Counter)
    unnamed_payments: Counter[int] = field(default_factory=Counter)
    """Payment errors a minute that don't say which payment."""
    payments: set[tuple[str, int]] = field(default_factory=set)
    """Payment's id and minute."""
    users: set[str] = field(default_factory=set)
    releases: dict[str, float] = field(default_factory=dict)
    """When each was last seen here."""

    @property
    def count(self) -> int:
        return self.minutes.total()


class Tally:
    """Not for several threads at once: its owner sees to that."""

    def __init__(self) -> None:
        self.groups: dict[Kind, Group] = {}
        self.unsorted: Counter[tuple[bool, int]] = Counter()
        """Errors of which no more than the minute is kept, and whether they were about a payment: a kind too many."""

    def __bool__(self) -> bool:
        return bool(self.groups or self.unsorted)

    @property
    def count(self) -> int:
        return sum(group.count for group in self.groups.values()) + self.unsorted.total()

    def add(self, record: Record) -> None:
        kind = parts(record)
        if record.payment:
            kind = ("payment", *kind)  # the same error elsewhere is no payment's
        group = self.groups.get(kind)
        if group is None:
            if len(self.groups) >= KINDS_MOST:
                self.unsorted[record.payment, minute_of(record.at)] += 1
                return
            group = self.groups[kind] = Group(record, record.at, record.at)
        _count(group, record)

    def take_up(self, newer: Tally) -> None:
        """Add what came in while this tally could not be booked."""
        self.unsorted.update(newer.unsorted)
        for kind, group in newer.groups.items():
            older = self.groups.get(kind)
            if older is not None:
                _merge(older, group)
            elif len(self.groups) < KINDS_MOST:
                self.groups[kind] = group
            else:
                self._give_up(group)

    def _give_up(self, group: Group) -> None:
        for minute, count in group.minutes.items():
            self.unsorted[group.record.payment, minute] += count


def _count(group: Group, record: Record) -> None:
    minute = minute_of(record.at)
    group.minutes[minute if len(group.minutes) < MINUTES_MOST else max(group.minutes)] += 1
    group.first_at = min(group.first_at, record.at)
    group.last_at = max(group.last_at, record.at)
    _remember(group.releases, record.release, record.at)
    if record.user and len(group.users) < NAMES_MOST:
        group.users.add(record.user)
    if record.payment and record.payment_id and len(group.payments) < NAMES_MOST:
        group.payments.add((record.payment_id, minute))
    elif record.payment:
        group.unnamed_payments[minute] += 1


def _remember(releases: dict[str, float], release: str, at: float) -> None:
    if release in releases or len(releases) < NAMES_MOST:
        releases[release] = max(at, releases.get(release, at))


def _merge(older: Group, newer: Group) -> None:
    older.first_at = min(older.first_at, newer.first_at)
    older.last_at = max(older.last_at, newer.last_at)
    older.minutes.update(newer.minutes)
    older.unnamed_payments.update(newer.unnamed_payments)
    for release, at in newer.releases.items():
        _remember(older.releases, release, at)
    older.users |= _some(newer.users, NAMES_MOST - len(older.users))
    room = NAMES_MOST - len(older.payments)
    for payment in newer.payments:
        if payment in older.payments or room > 0:
            room -= payment not in older.payments
            older.payments.add(payment)
        else:
            older.unnamed_payments[payment[1]] += 1


def _some(names: Iterable[str], most: int) -> set[str]:
    return set(list(names)[: max(most, 0)])
