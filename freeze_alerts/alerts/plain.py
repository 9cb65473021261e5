"""Writing what the database may have no room for: MySQL's and MariaDB's ``utf8mb3`` refuses every emoji."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any, TypeVar

from django.db import DatabaseError

from freeze_alerts.alerts.outage import is_away
from freeze_alerts.alerts.outcome import Outcome
from freeze_alerts.alerts.report import End, Report
from freeze_alerts.discord.text import plain

Told = TypeVar("Told", Report, End)


def written(told: Told, write: Callable[[Told], Outcome]) -> Outcome:
    """Write it; where the database refuses it, without the characters that not every one has room for."""
    try:
        return write(told)
    except DatabaseError as error:
        plainer = _in_plain(told)
        if plainer == told or is_away(error):
            raise
        return write(plainer)


def _in_plain(told: Told) -> Told:
    said: dict[str, Any] = {each.name: getattr(told, each.name) for each in fields(told)}
    texts: dict[str, Any] = {name: plain(value) for name, value in said.items() if type(value) is str}
    return replace(told, **texts)
