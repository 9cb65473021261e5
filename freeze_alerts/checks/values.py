"""The dict itself: its keys, its types, its words and its numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from itertools import pairwise

from freeze_alerts import conf
from freeze_alerts.checks.registry import did_you_mean, warns

_CHOICES = {
    "DELIVERY.DOORBELL": ("auto", "thread", "none"),
    "ERRORS.JUDGE": ("local", "sentry"),
}
_FULL_PERCENT = 100


@warns(1, hint="A key that is not known is passed over. The settings reference lists all that are.")
def unknown_keys() -> Iterator[str]:
    for problem in conf.problems():
        if problem.what == conf.NOT_A_SETTING:
            meant = f': did you mean "{problem.meant}"?' if problem.meant else "."
            yield f'FREEZE_ALERTS: "{problem.where}" {problem.what}{meant}'


@warns(2, hint="A value of the wrong type is passed over, and the default stands in for it.")
def wrong_types() -> Iterator[str]:
    for problem in conf.problems():
        if problem.what != conf.NOT_A_SETTING:
            yield f'FREEZE_ALERTS: "{problem.where}" {problem.what}.'


@warns(3, hint="Use one of the words it knows: the settings reference says what each of them does.")
def unknown_words() -> Iterator[str]:
    settings = conf.current()
    for where, known in _CHOICES.items():
        section, _, name = where.lower().partition(".")
        word = getattr(getattr(settings, section), name)
        if word not in known:
            listed = ", ".join(known)
            yield f'FREEZE_ALERTS: {where} is "{word}", which is none of {listed}{did_you_mean(word, known)}'


@warns(4, hint="Use 0 or more. Where 0 switches something off, the settings reference says so.")
def negative_numbers() -> Iterator[str]:
    for where, number in _numbers(conf.current()):
        if not 0 <= number < math.inf:
            yield f"FREEZE_ALERTS: {where} is {number}, and must be a number from 0 up."


@warns(5, hint="Each line must lie above the one before it, or an alert skips a severity or never ends; "
               "a disk's lines are percents, at most 100.")  # fmt: skip
def impossible_thresholds() -> Iterator[str]:
    disk, errors = conf.current().disk, conf.current().errors
    lines = {
        "DISK.WARNING_PERCENT": disk.warning_percent,
        "DISK.CRITICAL_PERCENT": disk.critical_percent,
        "DISK.EMERGENCY_PERCENT": disk.emergency_percent,
    }
    if not _rises([*lines.values()]) or disk.emergency_percent > _FULL_PERCENT:
        yield f"FREEZE_ALERTS: {_listed(lines)} do not rise within 0 to 100."
    rates = {"ERRORS.WARNING_PER_HOUR": errors.warning_per_hour, "ERRORS.CRITICAL_PER_HOUR": errors.critical_per_hour}
    if not _rises([*rates.values()]):
        yield f"FREEZE_ALERTS: {_listed(rates)} do not rise."


def _numbers(section: object, where: str = "") -> Iterator[tuple[str, float]]:
    for each in fields(section):  # type: ignore[arg-type]
        value = getattr(section, each.name)
        if is_dataclass(value):
            yield from _numbers(value, f"{each.name.upper()}.")
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield f"{where}{each.name.upper()}", value


def _rises(lines: list[float]) -> bool:
    return all(lower < higher for lower, higher in pairwise(lines))


def _listed(lines: dict[str, float]) -> str:
    return ", ".join(f"{name} {line:g}" for name, line in lines.items())
