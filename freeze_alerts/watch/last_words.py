"""What a process says that ends itself because something in it hangs."""

from __future__ import annotations

import logging
import os
import threading
from typing import NoReturn

from django.db import OperationalError
from django.dispatch import Signal

from freeze_alerts import signals
from freeze_alerts.alerts import emergency
from freeze_alerts.outbox import courier, doorbell

logger = logging.getLogger("freeze_alerts")

EXIT_HUNG = 70
PATIENCE_SECONDS = 10.0
LONGEST_SECONDS = 60.0
"""By then the process has ended, whatever else hangs: the disk of the spool, or that of the log."""


def end(what: str, seconds: float) -> NoReturn:
    """Tell what hangs, as well as can be, and end: a restart policy begins the process anew."""
    try:
        last = threading.Timer(LONGEST_SECONDS, os._exit, [EXIT_HUNG])
        last.daemon = True
        last.start()
        _say(what, seconds)
    finally:
        os._exit(EXIT_HUNG)


def _say(what: str, seconds: float) -> None:
    logger.critical("%s has hung for %d s: the watchdog ends itself, to be started again", what, seconds)
    teller = threading.Thread(target=_tell, args=(signals.part_died, what, seconds), daemon=True)
    teller.start()
    teller.join(PATIENCE_SECONDS)
    if teller.is_alive():  # it is the database that says nothing
        emergency.tell_outage(OperationalError("it is silent"))
    doorbell.close()
    courier.close()


def _tell(part_died: Signal, what: str, seconds: float) -> None:
    part_died.send_robust(
        sender=None,
        part=f"watchdog, {what}",
        title="the watchdog hung",
        text=f"The watchdog hung for {round(seconds)} s while {what}, and ended itself to be started again.",
        command="docker compose logs watchdog --tail=50",
    )
