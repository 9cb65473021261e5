"""``backup_database --cleanup``: delete what retention lets go, or say what that would be, and why the rest stays."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from freeze_alerts.management.backups.action import EXIT_FAILED, EXIT_FINE, Action, Options, databases, deliver
from freeze_alerts.outbox import doorbell
from freeze_alerts.sources.backups import cleanup, words
from freeze_alerts.sources.backups.cleanup import Cleaned


def _add_arguments(parser: CommandParser) -> None:
    parser.add_argument(
        "--cleanup", action="store_true", help="delete what retention lets go; each backup that is made does so too"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="with --cleanup: only say what stays and why, and what would go"
    )


def _run(command: BaseCommand, options: Options) -> int:
    dry_run = options["dry_run"]
    with doorbell.held():
        cleaned = [cleanup.clean(database, dry_run=dry_run) for database in databases(options)]
    if not dry_run:
        deliver()
    if options["json"]:
        command.stdout.write(json.dumps([_json_row(each) for each in cleaned], indent=2))
    else:
        for each in cleaned:
            _print(command, each, dry_run=dry_run)
    return EXIT_FAILED if any(each.troubles for each in cleaned) else EXIT_FINE


def _print(command: BaseCommand, cleaned: Cleaned, *, dry_run: bool) -> None:
    style, write = command.style, command.stdout.write
    write(style.MIGRATE_HEADING(cleaned.database))
    for each in cleaned.decisions:
        line = f"{each.backup.name}  {words.size(each.backup.size_bytes):>10}"
        gone = "would be deleted" if dry_run else "deleted"
        write(f"  {line}  {', '.join(each.reasons)}" if each.stays else style.WARNING(f"  {line}  {gone}"))
    for name in cleaned.others:
        write(f"  {name}  left alone: it is of another database")
    for name in cleaned.swept:
        write(style.WARNING(f"  {name}  swept away: left by a run that died"))
    verb = "would be deleted, which would free" if dry_run else "deleted, which freed"
    kept = len(cleaned.decisions) - len(cleaned.deleted)
    write(f"  {kept} stay, {len(cleaned.deleted)} {verb} {words.size(cleaned.freed_bytes)}")
    for trouble in cleaned.troubles:
        command.stderr.write(style.ERROR(f"{cleaned.database}: {trouble}"))


def _json_row(cleaned: Cleaned) -> dict[str, Any]:
    kept = [
        {"name": each.backup.name, "at": each.backup.at.isoformat(), "reasons": list(each.reasons)}
        for each in cleaned.decisions
        if each.stays
    ]
    return {
        "database": cleaned.database,
        "kept": kept,
        "deleted": cleaned.deleted,
        "freed_bytes": cleaned.freed_bytes,
        "of_another_database": list(cleaned.others),
        "swept": list(cleaned.swept),
        "troubles": list(cleaned.troubles),
    }


CLEANUP = Action(
    "cleanup",
    "  manage.py backup_database --cleanup --dry-run\n"
    "                                           what stays and why, what goes, and how much room that gives",
    _add_arguments,
    _run,
    own=("dry_run",),
)
