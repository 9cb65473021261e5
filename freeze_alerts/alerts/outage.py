"""Whether an error means that the database is away, and not merely that one statement of ours failed."""

from __future__ import annotations

from django.db import DatabaseError, InterfaceError, OperationalError, router, transaction
from django.db.transaction import TransactionManagementError

from freeze_alerts.alerts.models import Alert

UNWRITABLE = (DatabaseError, InterfaceError)
_HERE = (
    "locked", "no such table", "no such column", "deadlock", "serialize access", "timeout exceeded",
    "statement timeout", "lock timeout", "incorrect string value", "illegal mix of collations",
    "conversion from collation",
)  # fmt: skip
"""What a database says that is there, and merely busy, without our tables yet, or without room for a character:
SQLite has one class for all, and so have some drivers for MySQL."""


def is_away(error: BaseException) -> bool:
    """Whether nobody can write to our database now, as far as the error tells."""
    cause = _what_spoilt_it() if isinstance(error, TransactionManagementError) else error
    said = str(cause).lower()
    if isinstance(cause, DatabaseError) and ("read-only" in said or "readonly" in said):
        return True
    return isinstance(cause, (OperationalError, InterfaceError)) and not any(each in said for each in _HERE)


def _what_spoilt_it() -> BaseException | None:
    """The error that spoilt the transaction we stand in.

    Django names the last such error of a connection for ever, so it is believed only while the connection has not
    been found sound since: a commit, a rollback or a look at it would have cleared the flag.
    """
    connection = transaction.get_connection(router.db_for_write(Alert))
    return connection.rollback_exc if connection.errors_occurred else None
