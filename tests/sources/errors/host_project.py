"""A host project in one file, for processes of their own: ``python -m tests.sources.errors.host_project WHEN WHAT…``.

``WHEN`` says when it calls ``sentry_sdk.init()``; ``WHAT`` what goes wrong then. SENTRY is its DSN.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from typing import Any

logger = logging.getLogger("shop")


class Broken(Exception):
    """What goes wrong in the shop."""


def pay(order: int) -> None:
    card = "4111 1111 1111 1111"
    raise Broken(f"order {order} can't be paid with {card}")


def init(**options: Any) -> None:
    import sentry_sdk

    sentry_sdk.init(dsn=os.environ.get("SENTRY", ""), release="1.2", **options)


def set_up(when: str) -> None:
    import django

    if when in {"before", "twice"}:
        init()
    django.setup()
    if when in {"after", "twice"}:
        init()
    if when == "named":
        from freeze_alerts.sources.errors.capture import FreezeAlertsIntegration

        init(integrations=[FreezeAlertsIntegration()])


def view() -> None:
    """A request as a server hands it over; with Django's test client one request's scope would leak into the next."""
    from wsgiref.util import setup_testing_defaults

    from django.core.handlers.wsgi import WSGIHandler

    environ = {"PATH_INFO": "/broken/"}
    setup_testing_defaults(environ)
    response = WSGIHandler()(environ, lambda *_: None)
    list(response)
    response.close()


def log() -> None:
    logger.error("order %s is lost", 7)


def logged_and_raised() -> None:
    try:
        pay(1)
    except Broken:
        logger.exception("could not pay")
        raise


def thread() -> None:
    worker = threading.Thread(target=pay, args=(2,), name="packer")
    worker.start()
    worker.join()


def message() -> None:
    import sentry_sdk

    sentry_sdk.capture_message("a word", level="info")
    sentry_sdk.capture_message("the supplier is down", level="error")


def noise() -> None:
    logging.getLogger("multiprocessing").error("Process %r pid:%r exited with %r", "x", 1, 2)
    logging.getLogger("gunicorn.error").error("Worker (pid:%s) was sent %s!", 1, "SIGTERM")
    logging.getLogger("freeze_alerts.outbox").error("ours")


def uncaught() -> None:
    pay(3)


def fork() -> None:
    log()
    child = os.fork()
    if child == 0:
        log()
        pay(4)
    os.waitpid(child, 0)


def main(when: str, what: list[str]) -> None:
    set_up(when)
    for each in what:
        globals()[each]()
    if "SENTRY" in os.environ:
        import sentry_sdk

        sentry_sdk.flush(60)  # at its end a process waits no longer than two seconds for Sentry


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
