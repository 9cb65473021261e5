"""The door between sources and alerts, the same for every receiver."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from functools import wraps
from typing import Any

from django.db import router, transaction

from freeze_alerts.alerts.models import Alert
from freeze_alerts.alerts.outage import UNWRITABLE

logger = logging.getLogger("freeze_alerts")

Receiver = Callable[..., object]


def door(receiver: Receiver) -> Receiver:
    """A failure of ours never reaches whoever sent the signal. Logged here: ``send_robust`` is silent."""
    return _guarded(receiver, _savepoint)


def own_door(receiver: Receiver) -> Receiver:
    """:func:`door` for a receiver that asks the database within savepoints of its own alone, which saves one more."""
    return _guarded(receiver, nullcontext)


def _guarded(receiver: Receiver, savepoint: Callable[[], AbstractContextManager[None]]) -> Receiver:
    @wraps(receiver)
    def guarded(**told: Any) -> None:
        try:
            with savepoint():
                receiver(**{name: value for name, value in told.items() if name not in ("signal", "sender")})
        except Exception:  # the door between sources and alerts
            logger.exception("the alert for %s was not opened or ended", receiver.__name__)

    return guarded


@contextmanager
def _savepoint() -> Iterator[None]:
    """A savepoint inside somebody's transaction, so that a failed statement of ours does not spoil theirs.

    Where not even that can be had the receiver runs all the same: an alert goes to the spool then.
    """
    using = router.db_for_write(Alert)
    with ExitStack() as stack:
        if transaction.get_connection(using).in_atomic_block:
            with suppress(*UNWRITABLE):
                stack.enter_context(transaction.atomic(using=using))
        yield
