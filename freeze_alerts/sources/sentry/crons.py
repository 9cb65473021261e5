"""The backup as a monitor of Sentry's Crons: what it is called, and how long Sentry waits for it.

https://docs.sentry.io/product/monitors-and-alerts/monitors/crons/. Sentry counts from the last check-in on, so an
interval follows backups that begin when the last one is old enough.
"""

from __future__ import annotations

from typing import Any

from django.utils.text import slugify

from freeze_alerts import conf
from freeze_alerts.sources.sentry.rules import Wanted

MARGIN_MINUTES = 15
"""Three ticks of whoever makes what is due."""
SLUG_LONGEST = 50
_LIMITS = {"failure_issue_threshold": 1, "recovery_threshold": 1}


def slug_of(monitor: str, database: str) -> str:
    """``{database}`` gives each database a monitor of its own."""
    return slugify(monitor.replace("{database}", database))[:SLUG_LONGEST]


def check_in_config(settings: conf.Settings) -> dict[str, Any]:
    """As it goes along with a check-in, which makes or changes the monitor."""
    value, unit = _interval(settings)
    return {"schedule": {"type": "interval", "value": value, "unit": unit}, **_waiting(settings)}


def monitors(settings: conf.Settings) -> list[Wanted]:
    """Those to be there before the first backup; none where no ``MONITOR`` is named."""
    if not settings.sentry.monitor:
        return []
    config = {"schedule_type": "interval", "schedule": list(_interval(settings)), **_waiting(settings)}
    slugs = dict.fromkeys(slug_of(settings.sentry.monitor, each) for each in settings.backups.databases)
    project = settings.sentry.project
    return [
        Wanted("monitor", slug, {"project": project, "name": slug, "slug": slug, "config": config}) for slug in slugs
    ]


def _waiting(settings: conf.Settings) -> dict[str, int]:
    longest = max(1, round(settings.sentry.monitor_max_minutes))
    return {"checkin_margin": MARGIN_MINUTES, "max_runtime": longest, **_LIMITS}


def _interval(settings: conf.Settings) -> tuple[int, str]:
    minutes = max(1, round(settings.backups.every_hours * 60))
    return (minutes, "minute") if minutes % 60 else (minutes // 60, "hour")
