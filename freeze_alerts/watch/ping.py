"""Telling somebody outside that we live: when the whole machine is gone, nobody in it can say so.

The convention is that of healthchecks.io (https://healthchecks.io/docs/http_api/), which others follow: a request to
the URL says that all is well, one to ``/fail`` below it that it is not, and silence says the rest. What goes wrong
here is noted and never alarms anybody: whoever waits for the ping does that.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from datetime import timedelta
from urllib.parse import urlsplit, urlunsplit

import requests
from django.utils import timezone

from freeze_alerts import conf
from freeze_alerts.sources.disk import patience
from freeze_alerts.watch import claims, health, heartbeats
from freeze_alerts.watch.duties import duty
from freeze_alerts.watch.health import Condition, State
from freeze_alerts.watch.models import Heartbeat

logger = logging.getLogger("freeze_alerts")

TIMEOUT_SECONDS, TRIES, PAUSE_SECONDS = 5.0, 3, 1.0
LONGEST_SECONDS = 60.0
BODY_LONGEST = 1_000
FULL_PASS_WITHIN = timedelta(minutes=5)
OUTBOX = "outbox"


class NoPing(conf.FreezeAlertsError):
    """The ping was not taken."""


def ping_outside() -> None:
    """Ping, if there has been a full pass of late; fail, if messages don't leave. A ping that fails raises nothing."""
    url = conf.current().watch.ping_url
    if not url:
        return
    if not _is_all_done():
        heartbeats.miss(heartbeats.PING, "not pinged: messages were not delivered, or the parts not looked after")
        return
    conditions = health.conditions()
    stuck = any(each.name == OUTBOX and each.state is not State.OK for each in conditions)
    if why := call(url, "fail" if stuck else "", body(conditions), about="ping", seconds=LONGEST_SECONDS):
        heartbeats.miss(heartbeats.PING, why)
    else:
        heartbeats.beat(heartbeats.PING, "fail: the outbox is stuck" if stuck else "")


def call(url: str, ending: str, text: str, *, about: str, seconds: float) -> str:
    """Send it to ``url``, or to what is below it; gives why it did not arrive, or "". Never raises, nor for long."""
    try:
        address = below(url, ending) if ending else url
        patience.within(seconds, about, lambda: _post(address, text))
    except Exception as error:  # noqa: BLE001 - whatever keeps it from arriving, the silence tells
        why = str(error) if isinstance(error, NoPing) else type(error).__name__  # others may name the secret URL
        logger.warning("the %s did not arrive: %s", about, why)
        return why
    return ""


def below(url: str, ending: str) -> str:
    """``…/fail`` for a URL, before its query."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{ending}"))


def body(conditions: Iterable[Condition]) -> str:
    """All conditions in one line, the ill ones first."""
    listed = sorted(conditions, key=lambda each: -each.state.rank)
    return f"{health.worst(listed)}: {', '.join(map(_told, listed))}"[:BODY_LONGEST]


def _told(condition: Condition) -> str:
    value = "" if condition.value is None else f" {condition.value:g} {condition.unit}"
    return f"{condition.name}{value}" + ("" if condition.state is State.OK else f" ({condition.state})")


def _is_all_done() -> bool:
    """Whether messages were delivered and the parts looked after within the last minutes."""
    needed = (heartbeats.SWEEP, claims.row_name(duty("look_after_parts")))
    return Heartbeat.objects.filter(name__in=needed, at__gte=timezone.now() - FULL_PASS_WITHIN).count() == len(needed)


def _post(address: str, text: str) -> None:
    for left in reversed(range(TRIES)):
        try:
            return _post_once(address, text)
        except (requests.RequestException, NoPing):
            if not left:
                raise
        time.sleep(PAUSE_SECONDS)
    return None


def _post_once(address: str, text: str) -> None:
    with requests.post(address, data=text.encode(), timeout=TIMEOUT_SECONDS, stream=True) as response:
        said = next(response.iter_content(200), b"").decode(errors="replace")
        if not response.ok:
            raise NoPing(f"the other side answered {response.status_code}")
        if said.startswith("OK (not found"):
            raise NoPing("the other side does not know this address")
