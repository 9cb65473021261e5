"""A look from a web process, once a minute, for those who run no watchdog, or whose watchdog is dead.

It costs a request the reading of a clock. Once a minute one begins a thread, which finds as a rule that somebody else
has looked.
"""

from __future__ import annotations

import logging
import sys
import threading
import time

from django.core.signals import request_finished

from freeze_alerts import conf

logger = logging.getLogger("freeze_alerts")

EACH_SECONDS = 60.0
TOLD_AFTER_FAILURES = 2


class _State:
    look_at = time.monotonic() + EACH_SECONDS
    thread: threading.Thread | None = None
    failures = 0


def connect() -> None:
    """Look after requests from now on. Doing it twice changes nothing."""
    request_finished.connect(look_now_and_then, weak=False, dispatch_uid="freeze_alerts.piggyback")


def look_now_and_then(**_: object) -> None:
    """Begin a look, if the last one was a minute ago. Never raises, never waits."""
    now = time.monotonic()
    if now < _State.look_at:
        return
    _State.look_at = now + EACH_SECONDS
    if _is_under_test() or not conf.current().watch.from_web or (_State.thread and _State.thread.is_alive()):
        return
    _State.thread = threading.Thread(target=_look, name="freeze-alerts-look", daemon=True)
    try:
        _State.thread.start()
    except RuntimeError:  # no more threads: the request is what counts
        logger.warning("no thread could be begun to look after the parts")


def _is_under_test() -> bool:
    """A thread of ours would meet the test's database at its worst moment."""
    return hasattr(sys.modules.get("django.core.mail"), "outbox")


def _look() -> None:
    from django.db import DatabaseError, InterfaceError, connections  # late, as all of this: Django is only starting

    from freeze_alerts.alerts import emergency
    from freeze_alerts.watch import turns
    from freeze_alerts.watch.duties import duty

    try:
        turns.take(duty("look_after_parts"))
        _State.failures = 0
    except (DatabaseError, InterfaceError) as error:
        _State.failures += 1
        if _State.failures >= TOLD_AFTER_FAILURES:
            emergency.tell_outage(error)
    except Exception:  # the thread's door
        logger.exception("could not look after the parts")
    finally:
        connections.close_all()
