"""Sizes, shares and spans of time as a person says them."""

from __future__ import annotations

import math
from datetime import timedelta

_UNITS = ("B", "KB", "MB", "GB", "TB", "PB")
_MINUTES_UNTIL_HOURS = 90
_HOURS_UNTIL_DAYS = 48


def size(byte_count: float) -> str:
    """``78308704256`` → ``72.9 GB``; 1 KB is 1,024 bytes, as ``df -h`` and Django count."""
    value, unit = float(abs(byte_count)), _UNITS[0]
    for unit in _UNITS:
        if round(value, 1) < 1024 or unit == _UNITS[-1]:  # noqa: PLR2004 - a unit is 1,024 of the one before
            break
        value /= 1024
    sign = "-" if byte_count < 0 else ""
    return f"{sign}{_one_decimal(value)} {unit}"


def percent(value: float) -> str:
    """``91.13`` → ``91.2 %``: rounded up as ``df`` does, so that above a line never reads as on it."""
    return f"{_one_decimal(math.ceil(round(value * 10, 6)) / 10)} %"


def span(duration: timedelta) -> str:
    """``40 min``, ``9 h`` or ``3 days``, whichever a person would say."""
    minutes = duration.total_seconds() / 60
    if minutes < _MINUTES_UNTIL_HOURS:
        return f"{max(1, round(minutes))} min"
    hours = minutes / 60
    return f"{round(hours)} h" if hours < _HOURS_UNTIL_DAYS else f"{round(hours / 24):,} days"


def _one_decimal(value: float) -> str:
    return f"{value:,.1f}".removesuffix(".0")
