"""Telling somebody outside of each backup, as it begins and as it ends: they notice when the next does not come.

Two ways, each for itself: the ping of ``BACKUPS["PING_URL"]`` (``/start``, plain, ``/fail``, as :mod:`ping` does), and
check-ins at Sentry's Crons, by the project's own client. Neither harms a backup, nor holds it up for long.
"""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from typing import Any

from django.utils.text import slugify

from freeze_alerts import conf, signals
from freeze_alerts.sources.backups.models import OURS
from freeze_alerts.sources.backups.trouble import scrubbed
from freeze_alerts.sources.errors.scrub import scrub
from freeze_alerts.sources.sentry import crons
from freeze_alerts.switchboard.backups import APART

logger = logging.getLogger("freeze_alerts")

LONGEST_SECONDS = 20.0
FLUSH_SECONDS = 5.0
_LINES, _LINE_LONGEST, _SAID_LONGEST = 8, 200, 900


@dataclass(frozen=True)
class _News:
    """``ending`` and ``status`` say the same in either language. ``run`` is empty where the run is not known."""

    database: str
    ending: str
    status: str
    text: str
    run: str = ""
    seconds: float | None = None


def on_backup_started(*, database: str, name: str = "", **_: Any) -> None:
    _tell(_News(database, "start", "in_progress", f"the backup of {database} began", name))


def on_backup_made(
    *, database: str, name: str = "", duration_seconds: float | None = None, made_by: str = "", **_: Any
) -> None:
    run = name if made_by == OURS else ""
    _tell(_News(database, "", "ok", f"the backup of {database} is complete", run, duration_seconds))


def on_backup_failed(*, database: str, stage: str, error: str, name: str = "", made_by: str = "", **_: Any) -> None:
    """Only of the making: a copy or a proof that failed is told here, and the backup is there all the same."""
    if stage not in APART:
        text = f"the backup of {database} failed at {stage}\n{_last_lines(error)}"
        _tell(_News(database, "fail", "error", text, name if made_by == OURS else ""))


RECEIVERS = {
    signals.backup_started: on_backup_started,
    signals.backup_made: on_backup_made,
    signals.backup_failed: on_backup_failed,
}


def connect() -> None:
    """Listen from now on. Doing it twice changes nothing."""
    for signal, receiver in RECEIVERS.items():
        signal.connect(receiver, weak=False, dispatch_uid=f"freeze_alerts.outside.{receiver.__name__}")


def _tell(news: _News) -> None:
    settings = conf.current()
    if news.database not in settings.backups.databases:
        return
    if url := settings.backups.ping_url:
        from freeze_alerts.watch import ping  # drags requests in; only who pings needs it

        mine = url.replace("{database}", slugify(news.database))
        ping.call(mine, news.ending, news.text, about="ping of the backup", seconds=LONGEST_SECONDS)
    if settings.sentry.monitor:
        try:
            _check_in(settings, news)
        except Exception as error:  # noqa: BLE001 - a client's own hooks may raise whatever they like
            logger.warning("the check-in of the backup was not sent: %s", type(error).__name__)


def _check_in(settings: conf.Settings, news: _News) -> None:
    """Sent at once: whoever is killed in the middle of a dump has said that it began."""
    import sentry_sdk  # late: only who checks in needs it
    from sentry_sdk.crons import capture_checkin

    client = sentry_sdk.get_client()
    if not client.options.get("dsn"):
        return
    capture_checkin(
        monitor_slug=crons.slug_of(settings.sentry.monitor, news.database),
        check_in_id=_id(settings.environment, news.run) if news.run else None,
        status=news.status,
        duration=news.seconds,
        monitor_config=crons.check_in_config(settings),  # type: ignore[arg-type]
    )
    client.flush(timeout=FLUSH_SECONDS)


def _id(environment: str, run: str) -> str:
    """The same in every process: who finds a run dead ends the check-in that it began."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"freeze-alerts {environment} {run}").hex


def _last_lines(error: str) -> str:
    """What a tool said at last, as it may be told to strangers."""
    lines = scrubbed(error).splitlines()[-_LINES:]
    return "\n".join(scrub(line, _LINE_LONGEST) for line in lines)[-_SAID_LONGEST:]
