"""``payment_scope``: what goes wrong in here is about a payment.

A tag on one of sentry-sdk's scopes would be gone by the time an error that leaves the scope is captured, and a tag on
the request's would stay for what has nothing to do with it. So a context variable says what happens inside, the
error itself carries the mark out, and a processor of events makes tags of both.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from asgiref.sync import iscoroutinefunction

from freeze_alerts.sources.errors.payments import DOMAIN_TAG, PAYMENT_DOMAIN, rules

_Function = TypeVar("_Function", bound=Callable[..., Any])
_MARK = "_freeze_alerts_payment"
_CHAIN_MOST = 10
_current: ContextVar[payment_scope | None] = ContextVar("freeze_alerts_payment", default=None)
_listens = False


class payment_scope:  # noqa: N801 - used as a word of the language, as ``suppress`` and ``closing`` are
    """Tags every error that happens in it, or leaves it, with ``domain=payment``; never raises anything of its own.

    ``payment_id`` tells this payment from others, so that a card can say how many payments failed, and not only how
    often; it may be set later, once it is known::

        with payment_scope() as scope:
            payment = provider.create(order)
            scope.payment_id = payment.id

        @payment_scope()
        async def webhook(request): ...
    """

    def __init__(self, payment_id: object = "") -> None:
        self.payment_id = payment_id
        self._outer: payment_scope | None = None

    @property
    def known_id(self) -> str:
        """Its own id, else that of the scope around it."""
        with contextlib.suppress(Exception):  # an object of the host's may fail to become text
            if own := str("" if self.payment_id is None else self.payment_id):
                return own
        return self._outer.known_id if self._outer else ""

    def __enter__(self) -> Self:
        self._outer = _current.get()
        _current.set(self)
        listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _current.set(self._outer)
        if error is not None and not getattr(error, _MARK, ""):
            with contextlib.suppress(Exception):  # an error of the host's may take no marks
                setattr(error, _MARK, (self.known_id,))

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def __call__(self, function: _Function) -> _Function:
        """The function, each call of it in a scope of its own."""

        @wraps(function)
        def within(*args: Any, **kwargs: Any) -> Any:
            with payment_scope(self.payment_id):
                return function(*args, **kwargs)

        @wraps(function)
        async def within_async(*args: Any, **kwargs: Any) -> Any:
            with payment_scope(self.payment_id):
                return await function(*args, **kwargs)

        return cast("_Function", within_async if iscoroutinefunction(function) else within)


def listen() -> None:
    """Have sentry-sdk ask us of each event, once it is there; it is not loaded for this."""
    global _listens  # noqa: PLW0603 - said once a process: the processors are sentry-sdk's own global list
    if _listens or "sentry_sdk" not in sys.modules:
        return
    with contextlib.suppress(Exception):  # a door: this stands in somebody's checkout
        from sentry_sdk.scope import add_global_event_processor  # loaded already, see above

        _listens = True
        add_global_event_processor(tag)


def tag(event: Any, hint: Any) -> Any:
    """The event, tagged where it belongs to a payment. What the host has tagged itself stays."""
    with contextlib.suppress(Exception):  # a door: sentry-sdk calls it in somebody's request
        payment = _payment_of(hint)
        if payment is not None and not event.get("type"):  # a trace is no error
            tags = event.setdefault("tags", {})
            tags.setdefault(DOMAIN_TAG, PAYMENT_DOMAIN)
            if payment:
                tags.setdefault(rules().id_tag, payment)
    return event


def _payment_of(hint: Any) -> str | None:
    """The id of the payment, empty where it is not known; None for what is about none."""
    error = ((hint or {}).get("exc_info") or (None, None))[1]
    for _ in range(_CHAIN_MOST):
        if error is None:
            break
        if marked := getattr(error, _MARK, None):
            return str(marked[0])
        error = error.__cause__ or error.__context__
    scope = _current.get()
    return scope.known_id if scope else None
