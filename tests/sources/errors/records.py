"""Records and events as tests need them."""

from __future__ import annotations

import time
from typing import Any

from freeze_alerts.sources.errors import booking
from freeze_alerts.sources.errors.record import Frame, Record
from freeze_alerts.sources.errors.tally import Tally


def frame(function: str = "pay", module: str = "shop.checkout", *, in_app: bool = True, line: int = 12) -> Frame:
    filename = f"{module.replace('.', '/')}.py"
    return Frame(module=module, function=function, filename=filename, line=line, code="pay(order)", in_app=in_app)


def record(**changes: Any) -> Record:
    told: dict[str, Any] = {
        "at": time.time(), "level": "error", "type": "ValueError", "module": "", "types": ("ValueError",),
        "message": "no such order", "logger": "", "template": "", "frames": (frame(),), "transaction": "/checkout/",
        "source": "route", "method": "POST", "path": "/checkout/", "release": "", "environment": "production",
        "server": "web1", "user": "", "tags": {}, "fingerprint": (),
    }  # fmt: skip
    return Record(**told | changes)


def kind(name: str, **changes: Any) -> Record:
    """A record of an issue of this name."""
    return record(fingerprint=(name,), message=name, **changes)


def tally(*records: Record) -> Tally:
    counted = Tally()
    for each in records:
        counted.add(each)
    return counted


def book(*records: Record) -> None:
    booking.book(tally(*records))


def event(**changes: Any) -> dict[str, Any]:
    """A little of what sentry-sdk sends."""
    frames = [
        {"module": "django.core.handlers", "function": "inner", "filename": "django/core/handlers.py", "lineno": 55,
         "in_app": False},
        {"module": "shop.checkout", "function": "pay", "filename": "shop/checkout.py", "lineno": 12, "in_app": True,
         "context_line": "    charge(card)", "vars": {"card": "4111111111111111"}},
    ]  # fmt: skip
    raised = {"type": "PaymentError", "value": "declined", "module": "shop.errors", "stacktrace": {"frames": frames}}
    told: dict[str, Any] = {
        "level": "error", "exception": {"values": [{"type": "KeyError", "value": "1", "module": None}, raised]},
        "transaction": "/checkout/", "transaction_info": {"source": "route"}, "release": "1.2", "tags": {},
        "environment": "production", "server_name": "web1", "user": {"id": 7, "email": "ann@shop.example"},
        "request": {
            "url": "https://shop.example/checkout/7?token=abc", "method": "POST", "data": {"pan": "4111111111111111"},
            "cookies": {"sessionid": "s3cret"}, "headers": {"Authorization": "Bearer abcdef"},
            "query_string": "token=abc",
        },
    }  # fmt: skip
    return told | changes
