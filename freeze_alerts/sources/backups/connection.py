"""Connections of our own to a database of the project: no pool, and nobody's transaction around them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import InterfaceError

from freeze_alerts.sources.backups.trouble import Trouble, scrubbed


def wrapper(alias: str) -> BaseDatabaseWrapper:
    """The project's own connection, to read its settings from. Raises Trouble where there is no such alias."""
    if alias not in connections.settings:
        meant = difflib.get_close_matches(alias, connections.settings, n=1)
        hint = f"; did you mean {meant[0]}?" if meant else f"; there are: {', '.join(connections.settings)}"
        raise Trouble(f"there is no database {alias!r} in DATABASES{hint}", stage="preflight")
    return connections[alias]


@contextmanager
def opened(alias: str, *, database: str = "", stage: str = "preflight") -> Iterator[BaseDatabaseWrapper]:
    """A new connection, to another database of the same server where one is named. Raises Trouble."""
    own = wrapper(alias).copy()
    options = own.settings_dict["OPTIONS"]
    own.settings_dict["OPTIONS"] = {key: value for key, value in options.items() if key != "pool"}
    if database:
        own.settings_dict["NAME"] = database
    try:
        with own.wrap_database_errors:
            own.connect()
    except (DatabaseError, InterfaceError) as problem:
        raise _unreachable(alias, problem, own, stage) from problem
    try:
        yield own
    finally:
        own.close()


def password_of(alias: str) -> str:
    return str(wrapper(alias).settings_dict.get("PASSWORD") or "")


def _unreachable(alias: str, problem: Exception, own: BaseDatabaseWrapper, stage: str) -> Trouble:
    said = scrubbed(str(problem), password_of(alias))
    return Trouble(f"the database {alias} ({own.settings_dict['NAME']}) can't be opened: {said}", stage=stage)
