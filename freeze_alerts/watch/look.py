"""Looking after the parts: whoever is found dead twice is told of, and that it is back as well."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.dispatch import Signal

from freeze_alerts import signals
from freeze_alerts.alerts.models import Alert
from freeze_alerts.catalog import AlertType
from freeze_alerts.outbox import doorbell
from freeze_alerts.watch import heartbeats, parts
from freeze_alerts.watch.claims import SKEW
from freeze_alerts.watch.models import Heartbeat
from freeze_alerts.watch.parts import Death, Signs

logger = logging.getLogger("freeze_alerts")

CONFIRM_AFTER = timedelta(seconds=110)
"""Two looks later: after a whole machine comes back, or a clock is put right, all have the time to give a sign."""
KEY = "part:"


def look_after_parts() -> None:
    """Name each dead part, and end the alert of each that is back."""
    if Heartbeat.objects.filter(name=heartbeats.BEAT).exists():
        _ask_broker()
    signs = parts.read()
    deaths = parts.judge(signs)
    for death in deaths:
        if _is_confirmed(death, signs):
            _tell(signals.part_died, part=death.part, title=death.title, text=death.text, command=death.command)
    _clear_all_but(deaths)


def _ask_broker() -> None:
    """Of whoever knows the project's Celery app; a process that knows none leaves the question to others."""
    try:
        if doorbell.reach_broker():
            heartbeats.beat(heartbeats.BROKER)
    except Exception as error:  # noqa: BLE001 - brokers fail in as many ways as there are brokers
        heartbeats.miss(heartbeats.BROKER, type(error).__name__)


def _is_confirmed(death: Death, signs: Signs) -> bool:
    row = signs.hearts.get(death.part)
    if row is None:
        return True  # what is counted in rows of another kind has waited for long enough by itself
    since = row.silent_since
    if since is None or since - signs.now > SKEW:
        Heartbeat.objects.filter(name=row.name, silent_since=since).update(silent_since=signs.now)
        return False
    return signs.now - since >= CONFIRM_AFTER


def _clear_all_but(deaths: list[Death]) -> None:
    dead = {death.part for death in deaths}
    Heartbeat.objects.exclude(silent_since=None).exclude(name__in=dead).update(silent_since=None)
    told = Alert.objects.filter(type=AlertType.TROUBLE, key__startswith=KEY).exclude(open_key=None)
    for key in told.values_list("key", flat=True):
        if key.removeprefix(KEY) not in dead:
            _tell(signals.part_revived, part=key.removeprefix(KEY))


def _tell(signal: Signal, **news: str) -> None:
    for receiver, answer in signal.send_robust(sender=Death, **news):
        if isinstance(answer, Exception):
            logger.error("%r failed when told of a part", receiver, exc_info=answer)
