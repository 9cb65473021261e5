"""What is in a database, or in a dump of it: the rows of each table, the newest migration of each app."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from freeze_alerts.sources.backups.manifest import Manifest
from freeze_alerts.sources.backups.trouble import Trouble

_SHOWN = 5


@dataclass(frozen=True)
class Content:
    """``warnings`` is what the tool said, though all went well."""

    rows: Mapping[str, int] = field(hash=False)
    migrations: Mapping[str, str] = field(hash=False)
    warnings: str = ""


class Differs(Trouble):
    """What came back is not what the manifest says went in."""


def compare(made: Manifest, found: Content, *, stage: str) -> None:
    """Raises Differs, with the first differences in words."""
    compare_rows(made, found.rows, stage=stage)
    differing = set(found.migrations.items()) ^ set(made.migrations.items())
    if differing:
        apps = ", ".join(sorted({app for app, _ in differing})[:_SHOWN])
        raise Differs(f"its migrations are not those of the manifest: {apps}", stage=stage)


def compare_rows(made: Manifest, rows: Mapping[str, int], *, stage: str) -> None:
    """Raises Differs."""
    differing = [
        f"{table} has {rows.get(table, 0):,} rows, and had {made.rows.get(table, 0):,}"
        for table in sorted(set(rows) | set(made.rows))
        if rows.get(table) != made.rows.get(table)
    ]
    if differing:
        more = f"; and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
        raise Differs("; ".join(differing[:_SHOWN]) + more, stage=stage)


def newest_migrations(rows: list[tuple[str, str]]) -> dict[str, str]:
    """``django_migrations`` in the order of its ids → the last one of each app."""
    return dict(rows)
