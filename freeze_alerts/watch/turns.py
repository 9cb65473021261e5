"""Taking one's turn at a duty: claim it, do it, note how it went."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from enum import Enum

from django.db import DatabaseError, InterfaceError
from django.utils.module_loading import import_string

from freeze_alerts.watch import claims
from freeze_alerts.watch.claims import Claim
from freeze_alerts.watch.duties import Duty, duty

logger = logging.getLogger("freeze_alerts")

_alone: dict[str, float] = {}
"""When this process last did a duty that no database could keep for it."""

ALONE = Claim("", "")
"""The claim on a duty that no database keeps: only this process holds back from doing it too often."""


class Turn(Enum):
    DONE = "done"
    FAILED = "failed"
    NOT_DUE = "not due"


def take(duty: Duty, *, early: timedelta = claims.NOT_EARLY, away: bool = False) -> Turn:
    """Do the duty if it is due and nobody else is at it. ``away`` and what it raises are as :func:`claim` has them."""
    mine = claim(duty, early=early, away=away)
    return Turn.NOT_DUE if mine is None else perform(duty, mine)


def claim(duty: Duty, *, early: timedelta = claims.NOT_EARLY, away: bool = False) -> Claim | None:
    """The right to do the duty now, or None.

    Raises what the database raises while it is away; but a duty that is worth doing without it is done all the same.
    ``away`` says that it is known to be, so that it is not asked: each question may hang until it times out.
    """
    if away:
        return _claim_alone(duty, early)
    try:
        return claims.claim(duty, early=early)
    except (DatabaseError, InterfaceError):
        if (alone := _claim_alone(duty, early)) is None:
            raise
        return alone


def perform(duty: Duty, claim: Claim) -> Turn:
    """Do the duty that was claimed, and note how it went."""
    _alone[duty.name] = time.monotonic()
    try:
        outcome = import_string(duty.run)()
    except Exception as error:  # a door: a duty that fails must keep none of the others from being done
        logger.exception("%s failed; it will be tried again", duty.name)
        if claim is not ALONE:
            claims.failed(claim, error)
        return Turn.FAILED
    if claim is not ALONE:
        claims.done(claim, again=outcome is False)
    return Turn.DONE


def take_by_beat(name: str) -> Turn:
    """For Celery's tasks: Beat knows the time, so a tick that comes a little early is no tick too many."""
    wanted = duty(name)
    return take(wanted, early=wanted.tick / 2)


def _claim_alone(duty: Duty, early: timedelta) -> Claim | None:
    last = _alone.get(duty.name)
    is_due = last is None or time.monotonic() - last >= (duty.interval - early).total_seconds()
    if not duty.without_database or not is_due:
        return None
    _alone[duty.name] = time.monotonic()
    return ALONE
