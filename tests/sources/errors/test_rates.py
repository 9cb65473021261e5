from __future__ import annotations

import random

import pytest

from freeze_alerts.catalog import Severity
from freeze_alerts.conf import Errors
from freeze_alerts.sources.errors import rates
from freeze_alerts.sources.errors.models import ErrorMinute, FailedPayment
from freeze_alerts.sources.errors.rates import Rising, Window, judge, rise

NOW = 30_000_000 - 30_000_000 % 15
"""A minute at which a quarter of an hour begins."""
WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL


def _window(count: int, series: str = "errors") -> Window:
    return Window(series, NOW, {NOW: count})


@pytest.mark.parametrize(
    ("count", "severity", "held"),
    [
        (0, None, None),
        (5, None, None),  # half of the line lets go
        (6, None, WARNING),
        (10, None, WARNING),  # strict: ten are no spike
        (11, WARNING, WARNING),
        (25, WARNING, WARNING),
        (26, WARNING, CRITICAL),
        (50, WARNING, CRITICAL),
        (51, CRITICAL, CRITICAL),
        (10_000, CRITICAL, CRITICAL),
    ],
)
def test_a_spike_is_more_than_its_line(count: int, severity: Severity | None, held: Severity | None) -> None:
    verdict = judge(_window(count), Errors())
    assert (verdict.severity, verdict.held) == (severity, held)


@pytest.mark.parametrize(
    ("payments", "unnamed", "severity", "held"),
    [
        (0, 0, None, None),
        (1, 0, None, None),
        (2, 0, None, CRITICAL),
        (3, 0, None, CRITICAL),  # strict: three are no spike
        (4, 0, CRITICAL, CRITICAL),
        (0, 4, CRITICAL, CRITICAL),  # each error that doesn't say its payment is one
        (2, 2, CRITICAL, CRITICAL),
    ],
)
def test_a_payment_spike_counts_payments(
    payments: int, unnamed: int, severity: Severity | None, held: Severity | None
) -> None:
    window = Window("payments", NOW, {NOW: 40}, payments=payments, unnamed=unnamed)
    verdict = judge(window, Errors())
    assert (verdict.severity, verdict.held) == (severity, held)


def test_the_lines_are_the_settings() -> None:
    settings = Errors(warning_per_hour=100, critical_per_hour=200, clear_percent=80)
    found = {count: judge(_window(count), settings) for count in (80, 81, 101, 201)}
    assert [(each.severity, each.held) for each in found.values()] == [
        (None, None), (None, WARNING), (WARNING, WARNING), (CRITICAL, CRITICAL),
    ]  # fmt: skip


def test_a_held_severity_is_never_below_what_the_count_calls_for() -> None:
    settings = Errors(clear_percent=300)
    verdict = judge(_window(11), settings)
    assert (verdict.severity, verdict.held) == (WARNING, WARNING)


def test_an_hour_is_sixty_minutes_to_this_one() -> None:
    window = Window("errors", NOW, {NOW: 1, NOW - 59: 10, NOW - 60: 100})
    assert window.count == 11


def test_a_neighbours_clock_that_is_ahead_counts_now() -> None:
    assert Window("errors", NOW, {NOW + 2: 7, NOW: 1}).count == 8


def _steady(per_hour: float, *, seed: int, last: float = 1.0) -> Window:
    """Noise of a steady rate; ``last`` is how many times as much the last quarter has."""
    noise = random.Random(seed)
    counts = {}
    for minute in range(NOW - 89, NOW + 1):
        rate = per_hour / 60 * (last if minute > NOW - 15 else 1.0)
        counts[minute] = sum(noise.random() < rate / 40 for _ in range(40))
    return Window("errors", NOW, counts)


def test_a_steady_rate_is_hardly_ever_taken_for_a_rising_one() -> None:
    clear = [rise(_steady(120, seed=seed)) is Rising.CLEARLY for seed in range(400)]
    assert sum(clear) <= 4  # 1 %


def test_a_trebling_is_nearly_always_seen_within_the_quarter() -> None:
    clear = [rise(_steady(120, seed=seed, last=3)) is Rising.CLEARLY for seed in range(200)]
    assert sum(clear) >= 190


@pytest.mark.parametrize(
    ("quarters", "rising"),
    [
        # from the oldest: (six quarters back … the last full one)
        ((30, 30, 30, 30, 30), Rising.NO),
        ((60, 50, 40, 30, 20), Rising.NO),
        ((30, 30, 30, 30, 48), Rising.PERHAPS),  # one look: perhaps chance
        ((20, 20, 20, 40, 52), Rising.CLEARLY),  # two looks in a row
        ((30, 30, 30, 30, 60), Rising.CLEARLY),  # a doubling
    ],
)
def test_a_rise_is_looked_for_each_quarter(quarters: tuple[int, ...], rising: Rising) -> None:
    counts = {NOW - 15 * (len(quarters) - index): count for index, count in enumerate(quarters)}
    assert rise(Window("errors", NOW, counts)) is rising


def test_a_leap_out_of_nothing_is_a_rise_at_once() -> None:
    window = Window("errors", NOW + 3, {NOW + 3: 101})
    verdict = judge(window, Errors())
    assert verdict.rising is Rising.CLEARLY
    assert verdict.text.endswith("And rising: consider maintenance mode.")


def test_below_its_line_no_rise_is_told() -> None:
    verdict = judge(Window("errors", NOW + 3, {NOW + 3: 100}), Errors())
    assert (verdict.rising, "rising" in verdict.text) == (Rising.NO, False)


def test_retries_are_shown_beside_the_payments() -> None:
    window = Window("payments", NOW, {NOW: 12}, payments=4, unnamed=1)
    verdict = judge(window, Errors())
    assert verdict.text == "5 failed payments (12 errors with their retries) within the last hour: more than 3."
    assert dict(verdict.fields)["Payments"] == "4 known by their id, 1 errors without one"


@pytest.mark.django_db
def test_the_window_is_read_from_the_minutes() -> None:
    at = NOW * 60.0
    minutes = {NOW: 3, NOW - 59: 4, NOW - 60: 100, NOW - 200: 1000, NOW + 5: 2, NOW + 6: 5000}
    for minute, count in minutes.items():
        ErrorMinute.objects.create(series="errors", minute=minute, count=count)
        ErrorMinute.objects.create(series="payments", minute=minute, count=count)
        ErrorMinute.objects.create(series="unnamed", minute=minute, count=1)
        FailedPayment.objects.create(payment="same", minute=minute)
        FailedPayment.objects.create(payment=f"own {minute}", minute=minute)
    assert rates.read("errors", at).count == 9
    payments = rates.read("payments", at)
    assert (payments.errors, payments.payments, payments.unnamed, payments.count) == (9, 4, 3, 7)


@pytest.mark.parametrize("series", ["errors", "payments"])
def test_what_a_process_has_told_is_no_news_for_a_while(series: str) -> None:
    verdict = judge(_window(0, series), Errors())
    assert rates.is_news(verdict)
    rates.tell(verdict)
    assert not rates.is_news(verdict)
