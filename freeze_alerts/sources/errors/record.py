"""Read: what is taken along of a captured error. A whitelist: variables, bodies, headers and cookies never are.

This runs in the thread that met the error, so it only looks and copies; whatever costs time is left to booking.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from freeze_alerts.sources.errors import payments

NEAR, OWN_MOST = 8, 8
"""How many of the last calls are taken along, and how many of the project's own before these."""
CHAIN_MOST = 5
MESSAGE_LONGEST = 500
NAME_LONGEST = 200
LEVELS = ("error", "fatal")

Event = Mapping[str, Any]


class Frame(NamedTuple):
    """One call on the way to the error. ``code`` is the line of source; its variables are not looked at."""

    module: str
    function: str
    filename: str
    line: int
    code: str
    in_app: bool


@dataclass(slots=True)
class Record:
    """One error. ``message`` is as it came, and is scrubbed before it is kept anywhere."""

    at: float
    level: str
    type: str
    module: str
    types: tuple[str, ...]
    """The raised exception and its causes, each as ``module.Type``."""
    message: str
    logger: str
    template: str
    frames: tuple[Frame, ...]
    """The innermost last."""
    transaction: str
    source: str
    method: str
    path: str
    """Of the request, without its query."""
    release: str
    environment: str
    server: str
    user: str
    tags: dict[str, str]
    fingerprint: tuple[str, ...]
    payment: bool = False
    payment_id: str = ""

    @property
    def full_type(self) -> str:
        return f"{self.module}.{self.type}" if self.module else self.type


def reworded(record: Record, change: Callable[[str], str]) -> Record:
    """The record with each of its texts changed."""
    said = {each.name: getattr(record, each.name) for each in fields(record)}
    texts: dict[str, Any] = {name: change(value) for name, value in said.items() if isinstance(value, str)}
    frames = tuple(Frame._make(change(each) if isinstance(each, str) else each for each in frame)
                   for frame in record.frames)  # fmt: skip
    return replace(record, **texts, frames=frames)


def read(event: Event) -> Record | None:
    """The record of an event as sentry-sdk sends it; None for what is no error."""
    values = _values(event)
    if event.get("type") or (event.get("level", "error") not in LEVELS and not values):
        return None
    raised, request = (values[-1] if values else {}), event.get("request") or {}
    entry = event.get("logentry") or {}
    record = Record(
        at=time.time(),
        level=_text(event.get("level"), 16) or "error",
        type=_text(raised.get("type")),
        module=_text(raised.get("module")),
        types=tuple(_full_type(each) for each in reversed(values[-CHAIN_MOST:])),
        message=_text(raised.get("value") or entry.get("formatted") or _message(event, entry), MESSAGE_LONGEST),
        logger=_text(event.get("logger")),
        template=_text(_message(event, entry), MESSAGE_LONGEST),
        frames=_frames(raised),
        transaction=_text(event.get("transaction")),
        source=_text((event.get("transaction_info") or {}).get("source")),
        method=_text(request.get("method"), 16),
        path=urlsplit(_text(request.get("url"), MESSAGE_LONGEST)).path,
        release=_text(event.get("release"), 255),
        environment=_text(event.get("environment"), 64),
        server=_text(event.get("server_name")),
        user=_user(event.get("user") or {}),
        tags=_tags(event.get("tags") or {}),
        fingerprint=tuple(_text(each) for each in event.get("fingerprint") or ()),
    )
    record.payment = payments.is_payment(record)
    record.payment_id = payments.payment_id(record) if record.payment else ""
    return record


def _values(event: Event) -> list[dict[str, Any]]:
    exception = event.get("exception") or {}
    values: list[dict[str, Any]] = exception.get("values") or [] if isinstance(exception, dict) else exception
    return values


def _message(event: Event, entry: Mapping[str, Any]) -> Any:
    return entry.get("message") or event.get("message")


def _full_type(value: Mapping[str, Any]) -> str:
    module, name = value.get("module"), value.get("type")
    return f"{module}.{name}" if module else str(name)


def _frames(raised: Mapping[str, Any]) -> tuple[Frame, ...]:
    frames = (raised.get("stacktrace") or {}).get("frames") or []
    own = [each for each in frames[:-NEAR] if each.get("in_app") is True]
    return tuple([_frame(each) for each in (*own[-OWN_MOST:], *frames[-NEAR:])])


def _frame(frame: Mapping[str, Any]) -> Frame:
    get = frame.get
    return Frame._make(
        (
            f"{get('module') or ''}"[:NAME_LONGEST],
            f"{get('function') or ''}"[:NAME_LONGEST],
            f"{get('filename') or ''}"[:NAME_LONGEST],
            get("lineno") or 0,
            f"{get('context_line') or ''}"[:NAME_LONGEST],
            get("in_app") is True,  # absent for the standard library
        )
    )


def _user(user: Mapping[str, Any]) -> str:
    return _text(next((user[name] for name in ("id", "email", "username", "ip_address") if user.get(name)), ""))


def _tags(tags: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> dict[str, str]:
    """Those that are asked for, of a dict or of Sentry's pairs."""
    pairs = tags.items() if isinstance(tags, Mapping) else tags
    wanted = payments.wanted_tags()
    return {name: _text(value) for name, value in pairs if name in wanted}


def _text(value: Any, longest: int = NAME_LONGEST) -> str:
    return "" if value is None else str(value)[:longest]
