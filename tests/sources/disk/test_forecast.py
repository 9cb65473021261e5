from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freeze_alerts.sources.disk import forecast
from freeze_alerts.sources.disk.forecast import Forecast
from tests.sources.disk.readings import GIGABYTE, NOON

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
PASS = timedelta(minutes=5)
CAPACITY_GIGABYTES = 80


def samples(hours: float, gigabytes_per_hour: float, *, start: float = 40.0) -> list[forecast.Sample]:
    """A pass each five minutes up to noon, filling evenly."""
    passes = range(round(hours * 12) + 1)
    return [
        (NOON - (len(passes) - 1 - each) * PASS, round((start + each / 12 * gigabytes_per_hour) * GIGABYTE))
        for each in passes
    ]


def predict(gigabytes_per_hour: float, *, free: float, hours: float = 11.9) -> Forecast:
    found = forecast.predict(samples(hours, gigabytes_per_hour), round(free * GIGABYTE), NOON)
    assert found is not None
    return found


def test_an_even_fill_is_told_to_the_hour() -> None:
    found = predict(2.0, free=18)
    assert found.bytes_per_hour == pytest.approx(2 * GIGABYTE, rel=0.1)
    assert forecast.describe(found) == "full in ≈ 9 h at this rate"


@pytest.mark.parametrize(
    ("gigabytes_per_hour", "free", "words"),
    [
        (0.0, 10.0, "not filling"),  # still
        (-1.0, 10.0, "not filling"),  # emptying
        (0.001, 40.0, "not filling"),  # full in years: nobody's trouble
        (30.0, 20.0, "full in ≈ 40 min at this rate"),
        (0.5, 48.0, "full in ≈ 4 days at this rate"),
        (1.0, 0.0, "full in ≈ 1 min at this rate"),  # full already
    ],
)
def test_what_is_said_of_a_rate(gigabytes_per_hour: float, free: float, words: str) -> None:
    assert forecast.describe(predict(gigabytes_per_hour, free=free)) == words


def test_two_hours_of_samples_are_too_few_to_say_anything() -> None:
    assert forecast.predict(samples(0.9, 5.0), 10 * GIGABYTE, NOON) is None
    assert forecast.describe(None) == "not known before 3 hours of samples"


def test_what_is_older_than_the_window_does_not_count() -> None:
    old = [(NOON - timedelta(hours=20 + each), 70 * GIGABYTE) for each in range(12)]
    assert forecast.predict([*old, (NOON, 40 * GIGABYTE)], GIGABYTE, NOON) is None


def test_hours_without_samples_do_not_bend_the_rate() -> None:
    gaps = [each for each in samples(11.9, 2.0) if each[0].hour % 3 == 0]
    found = forecast.predict(gaps, 18 * GIGABYTE, NOON)
    assert found is not None
    assert found.bytes_per_hour == pytest.approx(2 * GIGABYTE, rel=0.1)


@given(st.lists(st.tuples(st.integers(0, 720), st.integers(0, 2**62))), st.integers(0, 2**62))
def test_any_samples_give_a_forecast_or_none(minutes_ago: list[tuple[int, int]], free_bytes: int) -> None:
    found = forecast.predict([(NOON - timedelta(minutes=ago), used) for ago, used in minutes_ago], free_bytes, NOON)
    assert found is None or found.full_in is None or timedelta(0) <= found.full_in <= forecast.HORIZON


def used_gigabytes(at: datetime, leak_per_hour: float) -> float:
    """A shop's disk: a nightly dump of 14 GB that stays for three hours, a weekly build of 8 GB, logs."""
    hours = (at - MIDNIGHT) / timedelta(hours=1)
    dump = min(14.0, 28.0 * (at.hour - 2 + at.minute / 60)) if 2 <= at.hour < 5 else 0.0
    build = 8.0 if at.weekday() == 2 and at.hour in {14, 15} else 0.0
    logs = 0.05 * (at.hour + at.minute / 60)
    return 45.0 + dump + build + logs + leak_per_hour * hours


def passes(days: int, leak_per_hour: float) -> Iterator[tuple[datetime, Forecast | None]]:
    seen: list[forecast.Sample] = []
    for number in range(days * 24 * 12):
        at = MIDNIGHT + number * PASS
        used = round(used_gigabytes(at, leak_per_hour) * GIGABYTE)
        seen = [*seen[-143:], (at, used)]
        if at - MIDNIGHT >= forecast.WINDOW:  # before that a night is most of what is known
            yield at, forecast.predict(seen, CAPACITY_GIGABYTES * GIGABYTE - used, at)


def test_a_nightly_swell_of_14_gb_never_says_full_within_a_day() -> None:
    told = [found.full_in for _, found in passes(8, 0.0) if found and found.full_in]
    assert [each for each in told if each < timedelta(hours=24)] == []


def test_a_leak_under_the_swell_is_seen_a_day_ahead() -> None:
    warned = next(
        at for at, found in passes(8, 0.3) if found and found.full_in and found.full_in < timedelta(hours=24)
    )
    full = next(
        MIDNIGHT + number * PASS
        for number in range(30 * 24 * 12)
        if used_gigabytes(MIDNIGHT + number * PASS, 0.3) >= CAPACITY_GIGABYTES
    )
    assert timedelta(hours=12) < full - warned < timedelta(hours=48)
