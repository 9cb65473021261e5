"""Taking one's turn at a duty: claim it, do it, note how it went."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from enum import Enum

from django.db import DatabaseError, InterfaceError
from django.utils.module_loading import import_string

from freeze_alerts.watch import claims
from freeze_alerts.watch.duties import Duty, duty

logger = logging.getLogger("freeze_alerts")

_alone: dict[str, float] = {}
"""When this process last did a duty that no database could keep for it."""


class Turn(Enum):
    DONE = "done"
    FAILED = "failed"
    NOT_DUE = "not due"


def take(duty: Duty, *, early: timedelta = claims.NOT_EARLY) -> Turn:
    """Do the duty if it is due and nobody else is at it.

    Raises what the database raises while it is away; but a duty that is worth doing without it is done all the same.
    """
    try:
        claim = claims.claim(duty, early=early)
    except (DatabaseError, InterfaceError):
        if not duty.without_database or not _is_due_alone(duty, early):
            raise
        return Turn.DONE if _do(duty) is None else Turn.FAILED
    if claim is None:
        return Turn.NOT_DUE
    error = _do(duty)
    if error is not None:
        claims.failed(claim, error)
        return Turn.FAILED
    claims.done(claim)
    return Turn.DONE


def take_by_beat(name: str) -> Turn:
    """For Celery's tasks: Beat knows the time, so a tick that comes a little early is no tick too many."""
    wanted = duty(name)
    return take(wanted, early=wanted.tick / 2)


def _do(duty: Duty) -> Exception | None:
    _alone[duty.name] = time.monotonic()
    try:
        import_string(duty.run)()
    except Exception as error:  # a door: a duty that fails must keep none of the others from being done
        logger.exception("%s failed; it will be tried again", duty.name)
        return error
    return None


def _is_due_alone(duty: Duty, early: timedelta) -> bool:
    last = _alone.get(duty.name)
    return last is None or time.monotonic() - last >= (duty.interval - early).total_seconds()
