"""Errors: a judge that can't judge as the settings have it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase

from freeze_alerts import conf
from freeze_alerts.checks.registry import warns

_FULL_PERCENT = 100
_NEEDED_DAYS = 1
_LOUD_LOGGERS = ("django.request", "shop", "celery.app.trace")
"""Names that no pattern for noise should fit."""


@warns(90, hint="Set FREEZE_ALERTS['RELEASE'] to what is deployed, or SENTRY_RELEASE.", deploy_only=True)
def unknown_release() -> Iterator[str]:
    settings = conf.current()
    if settings.errors.judge == "local" and not settings.release and not os.environ.get("SENTRY_RELEASE"):
        yield "FREEZE_ALERTS: RELEASE is not set, so no card names a release, and none can be told from the next one."


@warns(91, hint="Use a percentage below 100, so that a spike ends only when it is clearly over.")
def spikes_that_flap() -> Iterator[str]:
    percent = conf.current().errors.clear_percent
    if percent >= _FULL_PERCENT:
        yield f"FREEZE_ALERTS: ERRORS.CLEAR_PERCENT is {percent:g}, so a spike may end at the line where it begins."


@warns(92, hint="Name the loggers that are noise, each by itself or with * at its end.")
def loggers_all_ignored() -> Iterator[str]:
    for pattern in conf.current().errors.ignore_loggers:
        if all(fnmatchcase(name, pattern) for name in _LOUD_LOGGERS):
            yield f'FREEZE_ALERTS: ERRORS.IGNORE_LOGGERS has "{pattern}", so nothing that is logged is an error.'


@warns(93, hint="Keep them for a day at least: spikes and findings read the minutes of the last hours.")
def counts_forgotten_at_once() -> Iterator[str]:
    days = conf.current().errors.keep_days
    if days < _NEEDED_DAYS:
        yield f"FREEZE_ALERTS: ERRORS.KEEP_DAYS is {days:g}, and the counts are kept for a day all the same."
