"""Judge: which rung of the ladder a reading stands on, and which one it still holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from freeze_alerts import conf
from freeze_alerts.catalog import Severity
from freeze_alerts.sources.disk import words
from freeze_alerts.sources.disk.reading import Reading

Measure = Literal["bytes", "inodes"]


@dataclass(frozen=True)
class Rung:
    """Climbed above ``line`` percent, left again at ``clear`` percent or below."""

    severity: Severity
    line: float
    clear: float


@dataclass(frozen=True)
class Verdict:
    """``severity`` is what the reading calls for; ``held`` what it is still too full to let go of, never less."""

    reading: Reading
    severity: Severity | None
    held: Severity | None
    measure: Measure
    sentence: str

    @property
    def percent(self) -> float:
        return self.reading.worst_percent


def ladder(settings: conf.Disk) -> list[Rung]:
    """80/90/95 left at 75/85/92, or the project's lines left as far below.

    A rung is left at the line of the one below at the latest: lines set close together must not keep a disk
    critical that no longer even deserves a warning.
    """
    steps = (
        (Severity.WARNING, settings.warning_percent, 5),
        (Severity.CRITICAL, settings.critical_percent, 5),
        (Severity.EMERGENCY, settings.emergency_percent, 3),
    )
    rungs, below = [], 0.0
    for severity, line, distance in steps:
        rungs.append(Rung(severity, line, min(line, max(line - distance, below))))
        below = line
    return rungs


def judge(reading: Reading, settings: conf.Disk) -> Verdict:
    """The verdict on one disk. Bytes and inodes climb the same ladder; the worse of them counts."""
    percent, rungs = reading.worst_percent, ladder(settings)
    measure: Measure = "inodes" if percent > reading.used_percent else "bytes"
    return Verdict(
        reading=reading,
        severity=_highest([rung.severity for rung in rungs if percent > rung.line]),
        held=_highest([rung.severity for rung in rungs if percent > rung.clear]),
        measure=measure,
        sentence=_inodes_sentence(reading) if measure == "inodes" else _bytes_sentence(reading),
    )


def _highest(severities: list[Severity]) -> Severity | None:
    return max(severities, default=None)


def _bytes_sentence(reading: Reading) -> str:
    left, usable = words.size(reading.free_bytes), words.size(reading.usable_bytes)
    return f"{reading.path} on {reading.host} is {words.percent(reading.used_percent)} full: {left} left of {usable}."


def _inodes_sentence(reading: Reading) -> str:
    share = words.percent(reading.inodes_used_percent or 0.0)
    room = f"only {reading.inodes_free or 0:,} more files fit, however many bytes are free"
    return f"{reading.path} on {reading.host} has used {share} of its inodes: {room}."
