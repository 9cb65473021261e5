"""The door between sources and alerts, the same for every receiver."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from typing import Any

from django.db import router, transaction

from freeze_alerts.alerts.models import Alert

logger = logging.getLogger("freeze_alerts")

Receiver = Callable[..., object]


def door(receiver: Receiver) -> Receiver:
    """A failure of ours never reaches whoever sent the signal. Logged here: ``send_robust`` is silent."""

    @wraps(receiver)
    def guarded(**told: Any) -> None:
        try:
            with _apart():
                receiver(**{name: value for name, value in told.items() if name not in ("signal", "sender")})
        except Exception:  # the door between sources and alerts
            logger.exception("the alert for %s was not opened or ended", receiver.__name__)

    return guarded


def _apart() -> AbstractContextManager[object]:
    """A savepoint inside somebody's transaction, so that a failed statement of ours does not spoil theirs."""
    using = router.db_for_write(Alert)
    in_transaction = transaction.get_connection(using).in_atomic_block
    return transaction.atomic(using=using) if in_transaction else nullcontext()
