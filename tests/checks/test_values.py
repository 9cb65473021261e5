from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from tests.checks.configurations import said


def test_a_misspelt_key_is_told_with_the_likely_one(settings: Settings) -> None:
    settings.FREEZE_ALERTS = {"DISK": {"WARNING_PERCNT": 70}}
    assert 'did you mean "DISK.WARNING_PERCENT"?' in said(1)


def test_settings_that_are_no_dict_are_told(settings: Settings) -> None:
    settings.FREEZE_ALERTS = ["errors"]
    assert "is a list, and must be a dict" in said(2)


@pytest.mark.parametrize(
    ("disk", "wrong"),
    [
        ({}, False),
        ({"WARNING_PERCENT": 0, "CRITICAL_PERCENT": 50, "EMERGENCY_PERCENT": 100}, False),
        ({"WARNING_PERCENT": 92}, True),  # above the default of the next one
        ({"CRITICAL_PERCENT": 95}, True),  # two severities at one line
        ({"EMERGENCY_PERCENT": 101}, True),
        ({"WARNING_PERCENT": float("nan")}, True),
    ],
)
def test_the_lines_of_a_disk_must_rise(disk: dict[str, Any], wrong: bool, settings: Settings) -> None:
    settings.FREEZE_ALERTS = {"DISK": disk}
    assert bool(said(5)) is wrong


def test_the_lines_of_a_spike_must_rise(settings: Settings) -> None:
    settings.FREEZE_ALERTS = {"ERRORS": {"WARNING_PER_HOUR": 60}}
    assert "ERRORS.WARNING_PER_HOUR 60, ERRORS.CRITICAL_PER_HOUR 50 do not rise" in said(5)


@pytest.mark.parametrize("number", [-1, float("nan"), float("inf")])
def test_a_number_below_nothing_or_without_end_is_told_with_its_name(number: float, settings: Settings) -> None:
    settings.FREEZE_ALERTS = {"BACKUPS": {"KEEP_DAILY_DAYS": number}}
    assert f"BACKUPS.KEEP_DAILY_DAYS is {number}" in said(4)


def test_a_word_is_told_with_those_it_might_have_been(settings: Settings) -> None:
    settings.FREEZE_ALERTS = {"DELIVERY": {"DOORBELL": "threads"}}
    assert 'which is none of auto, thread, none: did you mean "thread"?' in said(3)
