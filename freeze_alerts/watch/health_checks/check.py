"""One line of health: what was looked at, and how it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"
    """Somebody should look, and the site serves on."""
    CRITICAL = "critical"


_ORDER = tuple(State)


@dataclass(frozen=True)
class Check:
    """``value`` stands against ``threshold``, both in ``unit``; in state ok that is the line not yet crossed."""

    name: str
    state: State
    value: float | None = None
    unit: str = ""
    threshold: float | None = None
    since: datetime | None = None
    """When the trouble began; None while there is none, or where that can't be told."""
    age_seconds: float | None = None
    """How old the news is that this rests on; None where there never was any."""

    def __str__(self) -> str:
        value = "unknown" if self.value is None else f"{self.value:.4g} {self.unit}".rstrip()
        line = "" if self.threshold is None else f", the line is {self.threshold:g} {self.unit}".rstrip()
        return f"{self.name} is {self.state}: {value}{line}"

    def older_by(self, seconds: float) -> Check:
        """The same news told again later."""
        return self if self.age_seconds is None else replace(self, age_seconds=self.age_seconds + seconds)

    def shown(self) -> dict[str, Any]:
        """As it stands in JSON."""
        since = None if self.since is None else self.since.isoformat(timespec="seconds")
        return {
            **asdict(self),
            "value": _rounded(self.value),
            "since": since,
            "age_seconds": _rounded(self.age_seconds),
        }


def worst(checks: Iterable[Check]) -> State:
    """The state of them all together; ok when there are none."""
    return max((each.state for each in checks), key=_ORDER.index, default=State.OK)


def seconds_between(earlier: datetime, later: datetime) -> float:
    """Never less than 0: clocks are set back, and hosts disagree."""
    return max(0.0, (later - earlier).total_seconds())


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 1)
