"""What Celery's parts leave behind: Beat when it begins and publishes, a worker when the canary reaches it.

Beat writes in a thread and waits for it for a second at most: a database that is frozen must not freeze Beat.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable

from django.db import connections

from freeze_alerts.watch import heartbeats

logger = logging.getLogger("freeze_alerts")

CANARY_TASK = "freeze_alerts.tasks.canary"
PATIENCE_SECONDS = 1.0
AT_MOST_EACH_SECONDS = 20.0


class _Beat:
    """This process, where it is Beat."""

    process_id = 0
    noted_at = -AT_MOST_EACH_SECONDS
    writer: threading.Thread | None = None


def beat_began() -> None:
    """Beat begins in this process: what an earlier one had sent may be lost with it."""
    _Beat.process_id = os.getpid()
    _write(heartbeats.call_canary_back, _note_beat)


def published(task: object) -> None:
    """A task is about to be published, by Beat or by anybody else."""
    if _Beat.process_id != os.getpid():
        return
    if task == CANARY_TASK:
        _write(_note_beat, heartbeats.send_canary)
    elif time.monotonic() - _Beat.noted_at >= AT_MOST_EACH_SECONDS:
        _write(_note_beat)


def canary_arrived() -> None:
    """This is a worker, and the canary has reached it."""
    heartbeats.receive_canary(f"by {socket.gethostname()}")


def _note_beat() -> None:
    heartbeats.beat(heartbeats.BEAT, f"on {socket.gethostname()}")
    _Beat.noted_at = time.monotonic()


def _write(*notes: Callable[[], None]) -> None:
    if _Beat.writer is not None and _Beat.writer.is_alive():
        return  # the database is silent; so are we
    _Beat.writer = threading.Thread(target=_written, args=(notes,), name="freeze-alerts-beat", daemon=True)
    _Beat.writer.start()
    _Beat.writer.join(PATIENCE_SECONDS)


def _written(notes: tuple[Callable[[], None], ...]) -> None:
    try:
        for note in notes:
            note()
    except Exception as error:  # noqa: BLE001 - Beat goes on without its trace, whatever is wrong with the database
        logger.warning("Beat could not leave its trace: %s", type(error).__name__)
    finally:
        connections.close_all()
