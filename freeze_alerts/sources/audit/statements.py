"""What a statement deletes from, as far as its text tells."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.db import connections

_NAME = r'(?:"[^"]+"|`[^`]+`|\[[^\]]+\]|[\w$]+)'
_DELETE = re.compile(
    rf"\b(?:DELETE\s+(?:{_NAME}\s+)?FROM|(TRUNCATE)(?:\s+TABLE)?)\s+(?:ONLY\s+)?((?:{_NAME}\s*\.\s*)*{_NAME})",
    re.IGNORECASE,
)
_BEGINS = ("DELETE", "WITH", "TRUNCA", "/*", "--")
_CHANGES_NOTHING = ("SELECT", "SAVEPOINT", "RELEASE SAVEPOINT")
_LOG = "DJANGO_ADMIN_LOG"


@dataclass(frozen=True)
class Delete:
    table: str
    is_truncate: bool


def read(sql: Any, cursor: Any) -> Delete | None:
    """What a statement deletes from; None for any other one. ``sql`` may be one that psycopg composes."""
    text = sql if isinstance(sql, str) else _composed(sql, cursor)
    if not text.lstrip()[:6].upper().startswith(_BEGINS):
        return None
    found = _DELETE.search(text)
    return Delete(_last(found[2]), found[1] is not None) if found else None


def may_change(sql: Any) -> bool:
    """Whether it may change what a delete takes along; an entry in the admin's log is one more, and known of."""
    begins = sql.lstrip()[:40].upper() if isinstance(sql, str) else ""
    return not begins.startswith(_CHANGES_NOTHING) and not (begins.startswith("INSERT") and _LOG in begins)


def table_name(db_table: str, using: str) -> str:
    """A model's table as :func:`read` names it: without its schema, and without quotes."""
    return _last(connections[using].ops.quote_name(db_table))


def _composed(sql: Any, cursor: Any) -> str:
    compose = getattr(sql, "as_string", None)
    return compose(cursor.cursor) if compose else ""


def _last(name: str) -> str:
    return str(re.findall(_NAME, name)[-1]).strip('"`[]')
