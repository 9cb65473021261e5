"""A sentry-sdk client of our own, for a project that has none: it sends nothing, and leaves Django as it is.

sentry-sdk's own integrations for Django and Celery wrap every query and every task for traces that nobody would see;
instead the signals say what failed (:mod:`attach`). A project that calls ``sentry_sdk.init()`` later gets everything,
and its client takes the place of this one.
"""

from __future__ import annotations

import logging
import os
import threading
from functools import partial
from typing import Any

import sentry_sdk
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.integrations.logging import LoggingIntegration

from freeze_alerts import conf
from freeze_alerts.sources.errors.capture import FreezeAlertsIntegration

TOLD_BY_SIGNALS = frozenset(
    {"django.request", "django.server", "celery.app.trace", "celery.worker.job", "celery.redirected"}
)
"""Loggers that say once more what a signal has said."""


def ensure() -> bool:
    """Have a client that captures; True when it is ours, and so is the work of telling it what failed."""
    with _lock:
        if not sentry_sdk.get_client().is_active() and conf.current().errors.judge == "local":
            _begin()
        return sentry_sdk.get_client() is _ours


def capture(error: BaseException, *, name: str, source: str, request: Any = None) -> None:
    """Capture an exception that nobody caught. ``source`` is sentry-sdk's word for what ``name`` is."""
    with sentry_sdk.new_scope() as scope:
        scope.set_transaction_name(name, source=source)
        if request is not None:
            scope.add_event_processor(partial(_describe, request))
        sentry_sdk.capture_exception(error)


def _begin() -> None:
    global _ours  # noqa: PLW0603 - told apart from a client of the project's
    settings = conf.current()
    sentry_sdk.init(
        dsn="",
        release=settings.release or os.environ.get("SENTRY_RELEASE", ""),
        environment=settings.environment,
        integrations=[
            FreezeAlertsIntegration(), DedupeIntegration(), LoggingIntegration(level=None, event_level=logging.ERROR),
        ],
        default_integrations=False,
        auto_enabling_integrations=False,
        include_local_variables=False,
        max_breadcrumbs=0,
        max_request_body_size="never",
        shutdown_timeout=0,
        before_send=_drop_repetition,
    )  # fmt: skip
    _ours = sentry_sdk.get_client()


def _describe(request: Any, event: Any, _hint: Any) -> Any:
    """Where it happened, and to whom, as far as the request knows already: nothing is looked up."""
    event["request"] = {"method": request.method, "url": request.path}
    user = getattr(request, "_cached_user", getattr(request, "_acached_user", None))
    if user is not None and user.pk is not None:
        event["user"] = {"id": str(user.pk)}
    return event


def _drop_repetition(event: Any, _hint: Any) -> Any:
    return None if event.get("logger") in TOLD_BY_SIGNALS else event


def _after_fork() -> None:
    global _lock  # noqa: PLW0603 - whoever held it does not exist in the child
    _lock = threading.RLock()


_ours: Any = None
_lock = threading.RLock()
os.register_at_fork(after_in_child=_after_fork)
