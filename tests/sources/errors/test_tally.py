from __future__ import annotations

import pytest

from freeze_alerts.sources.errors import tally as tallies
from freeze_alerts.sources.errors.tally import Tally
from tests.sources.errors.records import kind, record, tally

MINUTE = 1_000_000


def _at(minute: int) -> float:
    return minute * 60.0 + 1


def test_equal_errors_are_one_group_counted_by_the_minute() -> None:
    counted = tally(*(record(at=_at(MINUTE + number // 2), message=f"order {number}") for number in range(5)))
    (group,) = counted.groups.values()
    assert group.minutes == {MINUTE: 2, MINUTE + 1: 2, MINUTE + 2: 1}
    assert (group.first_at, group.last_at, counted.count) == (_at(MINUTE), _at(MINUTE + 2), 5)


def test_people_and_releases_are_remembered_once() -> None:
    users = ["ann", "bob", "ann", ""]
    counted = tally(*(record(user=user, release=release) for user in users for release in ("1", "2")))
    (group,) = counted.groups.values()
    assert (group.users, set(group.releases)) == ({"ann", "bob"}, {"1", "2"})


def test_the_same_error_about_a_payment_is_another_group() -> None:
    assert len(tally(record(), record(payment=True)).groups) == 2


def test_retries_of_one_payment_are_one_payment_a_minute() -> None:
    tried = [record(payment=True, payment_id="tr_1", at=_at(MINUTE + number)) for number in (0, 0, 1)]
    (group,) = tally(*tried, record(payment=True, at=_at(MINUTE))).groups.values()
    assert group.payments == {("tr_1", MINUTE), ("tr_1", MINUTE + 1)}
    assert (group.unnamed_payments, group.count) == ({MINUTE: 1}, 4)


def test_a_kind_too_many_is_counted_by_the_minute_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "KINDS_MOST", 2)
    counted = tally(*(kind(name, at=_at(MINUTE)) for name in "abcabcd"))
    assert (len(counted.groups), counted.unsorted, counted.count) == (2, {(False, MINUTE): 3}, 7)


def test_what_could_not_be_booked_takes_up_what_came_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "KINDS_MOST", 2)
    older = tally(kind("a", at=_at(MINUTE), user="ann", release="1"))
    newer = tally(*(kind(name, at=_at(MINUTE + 1), user="bob", release="2") for name in "aab"))
    newer.unsorted[False, MINUTE] = 4
    newer.groups["c",] = tally(kind("c", at=_at(MINUTE))).groups.popitem()[1]
    older.take_up(newer)
    group = older.groups["a",]
    assert (group.minutes, group.users, set(group.releases)) == (
        {MINUTE: 1, MINUTE + 1: 2},
        {"ann", "bob"},
        {"1", "2"},
    )
    assert (older.count, older.unsorted, len(older.groups)) == (9, {(False, MINUTE): 5}, 2)


def test_people_beyond_the_most_are_no_longer_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "NAMES_MOST", 3)
    one, other = (tally(*(record(user=f"{part}{n}", release=f"{n}") for n in range(5))) for part in "ab")
    one.take_up(other)
    (group,) = one.groups.values()
    assert (len(group.users), len(group.releases), group.count) == (3, 3, 10)


def test_payments_beyond_the_most_are_counted_as_unnamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "NAMES_MOST", 3)
    at = _at(MINUTE)
    one, other = (
        tally(*(record(payment=True, payment_id=f"{n}", at=at) for n in numbers)) for numbers in ("12", "234")
    )
    one.take_up(other)
    (group,) = one.groups.values()
    assert (len(group.payments), group.unnamed_payments[MINUTE]) == (3, 1)


def test_an_empty_tally_is_false() -> None:
    assert not Tally()
    assert tally(record())
