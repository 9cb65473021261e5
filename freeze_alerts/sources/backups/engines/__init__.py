"""What makes the dump: one engine a kind of database."""

from __future__ import annotations

from freeze_alerts.sources.backups import connection
from freeze_alerts.sources.backups.engines.engine import Engine
from freeze_alerts.sources.backups.manifest import Manifest
from freeze_alerts.sources.backups.trouble import Trouble


def of(alias: str) -> Engine:
    """Raises Trouble for an alias that is none, and for a kind of database that we can't back up."""
    return _kind(connection.wrapper(alias).vendor, alias)


def reader(made: Manifest) -> Engine:
    """The engine of a backup, for what needs no database."""
    return _kind(made.engine, made.database)


def _kind(vendor: str, alias: str) -> Engine:
    if vendor == "postgresql":
        from freeze_alerts.sources.backups.engines.postgresql import PostgreSQL

        return PostgreSQL(alias)
    if vendor == "sqlite":
        from freeze_alerts.sources.backups.engines.sqlite import SQLite

        return SQLite(alias)
    if vendor == "mysql":
        from freeze_alerts.sources.backups.engines.mysql import MySQL

        return MySQL(alias)
    raise Trouble(f"the database {alias} is a {vendor}, which can't be backed up", stage="preflight")
