"""Sizes and moments as a person says them."""

from __future__ import annotations

from datetime import UTC, datetime

_UNITS = ("B", "KB", "MB", "GB", "TB", "PB")
_KILO = 1024


def size(byte_count: float) -> str:
    """``395209932`` → ``376.9 MB``; 1 KB is 1,024 bytes, as ``df -h`` and Django count."""
    value = float(byte_count)
    for unit in _UNITS[:-1]:
        if round(value, 1) < _KILO:
            return f"{value:,.1f}".removesuffix(".0") + f" {unit}"
        value /= _KILO
    return f"{value:,.1f} {_UNITS[-1]}"


def moment(when: datetime) -> str:
    """``2026-11-23 05:06 UTC``."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
