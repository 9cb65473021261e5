"""``DATABASE_URL`` as Django wants it."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

_ENGINES = {"postgresql": "django.db.backends.postgresql", "mysql": "django.db.backends.mysql"}


def from_url(url: str) -> dict[str, Any]:
    """``sqlite:////srv/shop.sqlite3``, ``postgresql://user:password@host:5432/name``, or ``mysql://…``."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return _sqlite(parts.path.removeprefix("/"))
    return {
        "ENGINE": _ENGINES[parts.scheme],
        "NAME": parts.path.removeprefix("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": parts.port or "",
        "CONN_MAX_AGE": 60,
    }


def _sqlite(path: str) -> dict[str, Any]:
    # Several processes write: a transaction takes the lock as it begins, and waits for it instead of failing.
    options = {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL"}
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": path, "OPTIONS": options}
