"""``backup_database --list``: what is there, by the manifests; the table is brought in line with them on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from freeze_alerts import conf
from freeze_alerts.management.backups.action import EXIT_FAILED, EXIT_FINE, Action, Options
from freeze_alerts.management.tables import print_table
from freeze_alerts.sources.backups import freshness, history, manifest, words
from freeze_alerts.sources.backups.manifest import Directory, Manifest

_HEAD = ("Name", "Database", "Taken", "Age", "Size", "Rows", "Proved", "Copies", "Notes")


def _add_arguments(parser: CommandParser) -> None:
    parser.add_argument(
        "--list", action="store_true", help="show what is there, and bring the table of backups in line with it"
    )


def _run(command: BaseCommand, options: Options) -> int:
    directory = conf.current().backups.directory
    try:
        found = manifest.read_all(directory)
    except OSError as problem:
        command.stderr.write(command.style.ERROR(f"{directory} can't be read: {problem.strerror}"))
        return EXIT_FAILED
    history.agree_with(found)
    wanted = [each for each in found.backups if _is_wanted(each, options)]
    if options["json"]:
        command.stdout.write(json.dumps([_json_row(each) for each in wanted], indent=2))
        return EXIT_FINE
    if wanted:
        print_table(command, _HEAD, [_row(each) for each in wanted])
    else:
        command.stdout.write(f"no complete backup in {directory}")
    for line in _rest(found):
        command.stdout.write(line)
    return EXIT_FINE


def _is_wanted(made: Manifest, options: Options) -> bool:
    """All of them unless databases are named: what is left of one no longer watched is worth seeing too."""
    named = options.get("databases")
    return not named or made.database in named


def _row(made: Manifest) -> tuple[str, ...]:
    notes = [word for word, so in (("pinned", made.pinned), ("encrypted", made.encrypted)) if so]
    return (
        made.name,
        made.database,
        words.moment(made.snapshot_at),
        freshness.in_words(datetime.now(UTC) - made.snapshot_at),
        words.size(made.stored_bytes),
        f"{made.total_rows:,}",
        words.moment(made.verified_at) if made.verified_at else "-",
        ", ".join(dict.fromkeys(each.storage for each in made.copies)) or "-",
        ", ".join(notes) or "-",
    )


def _rest(found: Directory) -> Iterator[str]:
    """What lies there too, and counts for nothing."""
    for count, what in (
        (len(found.missing), "whose file is gone or has another size"),
        (len(found.damaged), "whose manifest can't be read"),
        (len(found.orphans), "without a manifest, so no backup"),
        (len(found.foreign), "of other tools, left alone"),
    ):
        if count:
            yield f"{count} {what}"


def _json_row(made: Manifest) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(manifest.as_json(made))
    return row


LIST = Action("list", "  manage.py backup_database --list --json", _add_arguments, _run)
