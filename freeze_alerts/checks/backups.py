"""Backups: the databases they are of, their place, how long they are kept, when one is missed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections

from freeze_alerts import conf
from freeze_alerts.checks.registry import did_you_mean, warns
from freeze_alerts.checks.watching import is_http
from freeze_alerts.sources.backups import encryption
from freeze_alerts.sources.backups.trouble import Trouble

_LADDERS = ("keep_hourly_hours", "keep_daily_days", "keep_weekly_weeks")


@warns(80, hint="Name aliases of DATABASES in BACKUPS['DATABASES']; an empty list there means that nothing is backed "
                "up and nothing is watched.")  # fmt: skip
def unknown_databases() -> Iterator[str]:
    for alias in conf.current().backups.databases:
        if alias not in connections.settings:
            yield f'FREEZE_ALERTS: BACKUPS.DATABASES names "{alias}"{did_you_mean(alias, connections.settings)}'


@warns(81, hint="Let BACKUPS['STALE_AFTER_HOURS'] be some hours more than BACKUPS['EVERY_HOURS'], so that one backup "
                "that is late is not yet an alert.")  # fmt: skip
def always_stale() -> Iterator[str]:
    backups = conf.current().backups
    if backups.stale_after_hours <= backups.every_hours:
        yield (
            f"FREEZE_ALERTS: BACKUPS.STALE_AFTER_HOURS is {backups.stale_after_hours:g}, and a backup is made every "
            f"{backups.every_hours:g}: the newest is always missed before the next is made."
        )


@warns(
    82, hint="Use whole numbers: so many hours, days and weeks have one backup kept each. A part of one keeps none."
)
def broken_ladders() -> Iterator[str]:
    for name in _LADDERS:
        places = getattr(conf.current().backups, name)
        if places % 1:
            yield f"FREEZE_ALERTS: BACKUPS.{name.upper()} is {places:g}, which is no whole number."


@warns(83, hint="Keep backups where no web server reaches: a directory of their own, outside of MEDIA_ROOT, "
                "STATIC_ROOT and STATICFILES_DIRS.")  # fmt: skip
def public_directory() -> Iterator[str]:
    directory = Path(conf.current().backups.directory).resolve()
    for name, place in _public_places():
        if place and directory.is_relative_to(Path(place).resolve()):
            yield f"FREEZE_ALERTS: BACKUPS.DIRECTORY is {directory}, inside {name}: a guessed name downloads it."


@warns(84, hint="Name an alias of STORAGES in BACKUPS['STORAGE'], one of its own whose files nobody can download, or "
                "leave it out: then there is no second copy.")  # fmt: skip
def unknown_storage() -> Iterator[str]:
    wanted, known = conf.current().backups.storage, getattr(settings, "STORAGES", {})
    if wanted and wanted not in known:
        yield f'FREEZE_ALERTS: BACKUPS.STORAGE is "{wanted}", which is not in STORAGES{did_you_mean(wanted, known)}'


@warns(
    85,
    hint="Name age recipients (age1…) or SSH public keys, and install the extra: pip install "
    "'freeze-alerts[encryption]'. Until then no backup is made, rather than one that anybody can read.",
)
def unusable_recipients() -> Iterator[str]:
    if named := conf.current().backups.encrypt_to:
        try:
            encryption.recipients(named)
        except Trouble as problem:
            yield f"FREEZE_ALERTS: BACKUPS.ENCRYPT_TO can't be used: {problem}"


@warns(86, hint="Copy it from whoever waits for backups; it begins with https://. Until then nobody is pinged, and "
                "that is an alarm there.")  # fmt: skip
def bad_ping_address() -> Iterator[str]:
    url = conf.current().backups.ping_url
    if url and not is_http(url):
        yield "FREEZE_ALERTS: BACKUPS.PING_URL is no http or https address."


@warns(87, hint="Write {database} where the address or slug is to have the alias, and make one for each.")
def shared_outside() -> Iterator[str]:
    ours = conf.current()
    told = {"BACKUPS.PING_URL": ours.backups.ping_url, "SENTRY.MONITOR": ours.sentry.monitor}
    for name, value in told.items():
        if value and "{database}" not in value and len(ours.backups.databases) > 1:
            yield f"FREEZE_ALERTS: {name} is the same for all databases: the backup of one hides that of another."


def _public_places() -> Iterator[tuple[str, str]]:
    yield "MEDIA_ROOT", str(settings.MEDIA_ROOT or "")
    yield "STATIC_ROOT", str(settings.STATIC_ROOT or "")
    places: Sequence[Any] = settings.STATICFILES_DIRS  # each a path, or a pair of prefix and path
    for place in places:
        yield "STATICFILES_DIRS", str(place[1] if isinstance(place, (list, tuple)) else place)
