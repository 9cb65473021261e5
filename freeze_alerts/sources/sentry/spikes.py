"""Spikes whose end no webhook told: of those last heard of as going on, Sentry's monitor is asked how it is.

https://docs.sentry.io/api/: a monitor tells its latest issue and, of late, how many are open. An answer that has
neither ends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.utils import timezone

from freeze_alerts import conf
from freeze_alerts.sources.sentry import rules
from freeze_alerts.sources.sentry.api import Api, ApiError
from freeze_alerts.sources.sentry.models import SentryDelivery, SentryRule
from freeze_alerts.sources.sentry.payloads import SPIKES, News

WEBHOOKS_HAVE = timedelta(minutes=5)
"""How long a webhook may take before it is missed."""
_TEXT = "Sentry’s monitor has no open issue any more; no webhook told of it."


def missed_ends(api: Api, settings: conf.Settings) -> list[News]:
    """The news that these spikes are over. Raises ApiError."""
    over = (
        series for alert_type, series in SPIKES.items() if _goes_on(series) and _is_over(api, settings, alert_type)
    )
    return [
        News("sentry_judged", "", {"series": series, "severity": None, "text": _TEXT, "count": 0}) for series in over
    ]


def _goes_on(series: str) -> bool:
    """Whether the last that was heard of it is that it does, long enough ago for the next webhook to have come."""
    heard = SentryDelivery.objects.filter(news__signal="sentry_judged", news__told__series=series).order_by("-id")
    last = heard.first()
    late = timezone.now() - WEBHOOKS_HAVE
    return last is not None and last.received_at <= late and last.news["told"].get("severity") is not None


def _is_over(api: Api, settings: conf.Settings, alert_type: str) -> bool:
    """A monitor that was deleted finds nothing any more; of one that we did not make, nothing is known."""
    name = rules.name_of(alert_type, settings.environment)
    ours = SentryRule.objects.filter(kind="detector", name=name).first()
    if ours is None:
        return False
    try:
        monitor = api.get(f"organizations/{api.organization}/detectors/{ours.sentry_id}/")
    except ApiError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return True
        raise
    return _has_no_open_issue(monitor)


def _has_no_open_issue(monitor: Mapping[str, Any]) -> bool:
    count, latest = monitor.get("openIssues"), monitor.get("latestGroup")
    if isinstance(count, int):
        return count == 0
    return isinstance(latest, Mapping) and latest.get("status") == "resolved"
