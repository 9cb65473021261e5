"""A host project in one file, for processes of their own: ``python -m tests.sources.errors.host_project WHEN WHAT…``.

``WHEN`` says when it calls ``sentry_sdk.init()``; ``WHAT`` what goes wrong then. SENTRY is its DSN.
"""

from __future__ import annotations

import asyncio
import io
import logging
import os
import sys
import threading
from typing import Any
from urllib.parse import urlencode
from wsgiref.util import setup_testing_defaults

logger = logging.getLogger("shop")


class Broken(Exception):
    """What goes wrong in the shop."""


def pay(order: int) -> None:
    card = "4111 1111 1111 1111"
    raise Broken(f"order {order} can't be paid with {card}")


def init(**options: Any) -> None:
    import sentry_sdk

    sentry_sdk.init(dsn=os.environ.get("SENTRY", ""), release="1.2", **options)


def be_patient() -> None:
    """A process that ends waits for its last errors to be booked, however busy the machine."""
    from freeze_alerts.sources.errors import intake

    intake.FAREWELL_SECONDS = 100


def set_up(when: str) -> None:
    import django
    from django.conf import settings

    if when in {"before", "twice"}:
        init()
    django.setup()
    if "freeze_alerts" in settings.INSTALLED_APPS:
        be_patient()
    if when in {"after", "twice"}:
        init()
    if when == "named":
        from freeze_alerts.sources.errors.capture import FreezeAlertsIntegration

        init(integrations=[FreezeAlertsIntegration()])


def serve(path: str, body: str = "", query: str = "", headers: dict[str, str] | None = None) -> None:
    """A request as a server hands it over; with Django's test client one request's scope would leak into the next."""
    from django.core.handlers.wsgi import WSGIHandler

    environ: dict[str, Any] = {
        "PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": "POST" if body else "GET",
        "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "wsgi.input": io.BytesIO(body.encode()), **(headers or {}),
    }  # fmt: skip
    setup_testing_defaults(environ)
    response = WSGIHandler()(environ, lambda *_: None)
    list(response)
    response.close()


def view() -> None:
    serve("/broken/")


class CheckoutFailed(Exception):
    """A payment that was refused, and said too much about it."""


def charge(form: dict[str, str], cookies: dict[str, str]) -> None:
    card, cvc = form["card"], form["cvc"]
    logger.error("declined: %s for %s with cvc %s", form, cookies, cvc)
    raise CheckoutFailed(
        f"card {card} of {form['email']}, cvc {cvc}, password='{form['password']}', IBAN NL91ABNA0417164300, "
        f"key live_dHar4XY7LxsDOtmnkVtjNVWXLSlXsM, Cookie: sessionid={cookies['sessionid']}, {form}"
    )


def checkout() -> None:
    """A POST with everything in it that must not be kept."""
    body = urlencode({
        "card": "4111 1111 1111 1111", "other_card": "5500 0000 0000 0004", "cvc": "999", "email": "ann@shop.example",
        "password": "hunter2",
    })  # fmt: skip
    serve("/checkout/pay/", body, "token=t0k3n-in-the-query-4711", {
        "HTTP_COOKIE": "sessionid=s3ss10n; csrftoken=abc", "HTTP_AUTHORIZATION": "Bearer b34r3r",
    })  # fmt: skip


def async_view() -> None:
    """A request as an ASGI server hands it over."""
    from django.core.handlers.asgi import ASGIHandler

    asked: list[bool] = []

    async def receive() -> dict[str, Any]:
        if asked:
            await asyncio.Event().wait()
        asked.append(True)
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_: dict[str, Any]) -> None:
        pass

    scope = {"type": "http", "method": "GET", "path": "/broken-async/", "headers": [], "query_string": b""}
    asyncio.run(ASGIHandler()(scope, receive, send))


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
