"""The day's backups in a few lines, told once a day and quietly: that no news comes is then news."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from freeze_alerts import conf, signals
from freeze_alerts.sources.backups import history, manifest, tell, words
from freeze_alerts.sources.backups.models import BackupRun
from freeze_alerts.sources.backups.monitor import BackupMonitor
from freeze_alerts.sources.backups.patrol import look

_MORNING = timedelta(hours=7)
"""As the duty has it."""
_DAY = timedelta(days=1)
_SPEAKS_OF_MINUTES_FROM = 120


def summarize() -> None:
    """Tell the summary of the last 24 hours, if any database is watched. Who hears it says each day once."""
    day = (datetime.now(timezone.get_default_timezone()) - _MORNING).date()  # what comes late is still yesterday's
    watched = conf.current().backups.databases
    if watched:
        databases = BackupMonitor().get_metrics()["databases"]
        title, text = _headline(watched)
        fields = [(alias, _line(alias, databases[alias])) for alias in watched]
        tell.tell(signals.backups_summarized, day=day, title=title, text=text, fields=fields)


def _headline(watched: Sequence[str]) -> tuple[str, str]:
    found = manifest.read_all(conf.current().backups.directory)
    stale = [alias for alias in watched if look(alias, found, datetime.now(UTC)).stale]
    if stale:
        return "a backup is missing", f"There is none that is young enough of {', '.join(stale)}."
    return "all is there", "Each database has a complete backup that is young enough."


def _line(alias: str, metrics: dict[str, Any]) -> str:
    made, failed = _tries(alias)
    parts = [f"{made} made, {failed} failed in 24 hours", _newest(metrics)]
    if metrics["kept"]:
        parts.append(f"{metrics['kept']} kept, the oldest of {words.moment(metrics['oldest_kept'])}")
    proved = metrics["last_verified"]
    parts.append(f"last proved {words.moment(proved)}" if proved else "never proved yet")
    return "\n".join(parts)


def _newest(metrics: dict[str, Any]) -> str:
    newest = metrics["last_backup_time"]
    if newest is None:
        return "no complete backup"
    said = f"newest of {words.moment(newest)}"
    if metrics["last_size_bytes"] is not None:
        said += f", {words.size(metrics['last_size_bytes'])}"
    trend = metrics["size_trend_percent"]
    if trend is not None:
        said += f" ({trend:+.0f} %)"
    seconds = metrics["last_duration_seconds"]
    return said if seconds is None else f"{said}, took {_took(seconds)}"


def _took(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < _SPEAKS_OF_MINUTES_FROM else f"{seconds / 60:.0f} min"


def _tries(alias: str) -> tuple[int, int]:
    """How many were made and how many failed since this time yesterday."""
    recent = BackupRun.objects.filter(database=alias, at__gte=timezone.now() - _DAY)
    states = history.attempt("count the day's backups", lambda: list(recent.values_list("state", flat=True))) or []
    return states.count(BackupRun.State.COMPLETE), states.count(BackupRun.State.FAILED)
