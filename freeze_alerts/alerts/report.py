"""One trouble as its source tells it, made fit for the database."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from freeze_alerts.catalog import Entry, Severity, entry
from freeze_alerts.discord.text import clean, plain
from freeze_alerts.discord.webhook import redact

KEY_LENGTH = 255


@dataclass(frozen=True)
class Report:
    """What is told of one trouble at one moment."""

    entry: Entry
    key: str
    severity: Severity
    title: str
    text: str
    fields: list[list[Any]]
    link: str
    command: str
    value: float | None
    host: str
    release: str
    at: datetime

    @property
    def open_key(self) -> str:
        return open_key(self.entry.value, self.key)

    def shown(self) -> dict[str, Any]:
        """The columns each new report overwrites; a title only where it tells one."""
        titled = {"title": self.title} if self.title else {}
        return {**titled, "text": self.text, "fields": self.fields, "last_seen_at": self.at}


@dataclass(frozen=True)
class End:
    """The end of one trouble, as somebody tells it at one moment."""

    type: str
    key: str
    reason: str
    by: str
    unwatched: bool
    at: datetime

    @property
    def open_key(self) -> str:
        return open_key(self.type, self.key)


def describe(
    alert_type: str,
    *,
    key: str,
    title: str = "",
    text: str = "",
    severity: Severity | str | None = None,
    fields: Iterable[tuple[Any, ...]] = (),
    link: str = "",
    command: str = "",
    value: float | None = None,
    host: str = "",
    release: str = "",
) -> Report:
    """The report of a trouble; its arguments are those of ``alerts.open_alert``. Raises UnknownAlertType."""
    row = entry(alert_type)
    return Report(
        entry=row,
        key=fit_key(key),
        severity=Severity(severity or row.severity),
        title=fit(title, 256),
        text=fit(text),
        fields=[[fit(str(name)), fit(str(told)), *inline] for name, told, *inline in fields],
        link=fit(link, 2048),
        command=fit(command, 255),
        value=value,
        host=fit(host, 255),
        release=fit(release, 255),
        at=timezone.now(),
    )


def describe_end(alert_type: str, *, key: str, reason: str = "", by: str = "", unwatched: bool = False) -> End:
    """The end of a trouble; its arguments are those of ``alerts.resolve_alert``."""
    return End(alert_type, fit_key(key), fit(reason, 255), fit(by, 150), unwatched, timezone.now())


def open_key(alert_type: str, key: str) -> str:
    return f"{alert_type}|{key}"


def fit(text: str, longest: int | None = None) -> str:
    """Foreign text as the database takes it, and without our secrets."""
    return redact(clean(text))[:longest]


def fit_key(key: str) -> str:
    """The key as every database stores and finds it: what is cut off or replaced is told apart by its hash."""
    key = fit(key)
    bare = plain(key)
    if bare == key and len(key) <= KEY_LENGTH:
        return key
    return f"{bare[:220]}~{hashlib.sha256(key.encode()).hexdigest()[:32]}"
