"""``backup_database``: make one of each database."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from freeze_alerts import conf
from freeze_alerts.management.backups import progress
from freeze_alerts.management.backups.action import EXIT_FAILED, EXIT_FINE, Action, Options, databases, deliver
from freeze_alerts.management.backups.ending import ended_in_order
from freeze_alerts.outbox import doorbell
from freeze_alerts.sources.backups import keeping, lock, manifest, words
from freeze_alerts.sources.backups.pipeline import Failed, Made, Outcome, Skipped


def _add_arguments(parser: CommandParser) -> None:
    parser.add_argument(
        "--database", action="append", dest="databases", metavar="ALIAS",
        help='only this one; may be repeated; else all of FREEZE_ALERTS["BACKUPS"]["DATABASES"]',
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print for programs")


def _run(command: BaseCommand, options: Options) -> int:
    with doorbell.held(), ended_in_order(command):
        outcomes = [(alias, _made(command, alias, options)) for alias in databases(options)]
    deliver()
    if options["json"]:
        command.stdout.write(json.dumps([_json_row(*each) for each in outcomes], indent=2))
    return EXIT_FAILED if any(map(_is_bad, (each for _, each in outcomes))) else EXIT_FINE


def _made(command: BaseCommand, alias: str, options: Options) -> Outcome:
    stream = command.stderr
    outcome = keeping.make(alias, progress=progress.shown(stream, alias, _last_raw_bytes(alias)))
    progress.wipe(stream)
    if not options["json"]:
        _say(command, alias, outcome)
    return outcome


def _say(command: BaseCommand, alias: str, outcome: Outcome) -> None:
    style = command.style
    match outcome:
        case Made(manifest=made, copy_error=copy_error):
            command.stdout.write(style.SUCCESS(
                f"{alias}: {made.name}, {words.size(made.stored_bytes)} in {made.duration.total_seconds():.1f} s,"
                f" {made.total_rows:,} rows in {len(made.rows)} tables"
            ))  # fmt: skip
            for each in made.copies:
                command.stdout.write(f"{alias}: copied to {each.storage} as {each.name}")
            if copy_error:
                command.stderr.write(style.ERROR(f"{alias}: the backup counts, but its copy failed: {copy_error}"))
        case Skipped(holder=holder):
            command.stdout.write(style.WARNING(f"{alias}: skipped, {lock.RUNNING}: {holder}"))
        case Failed(error=error, untouched=untouched):
            command.stderr.write(style.ERROR(f"{alias}: {error}"))
            command.stderr.write(f"{alias}: {untouched}")


def _is_bad(outcome: Outcome) -> bool:
    return isinstance(outcome, Failed) or (isinstance(outcome, Made) and bool(outcome.copy_error))


def _json_row(alias: str, outcome: Outcome) -> dict[str, Any]:
    match outcome:
        case Made(manifest=made, copy_error=copy_error):
            return {"database": alias, "state": "made", "copy_error": copy_error, **json.loads(manifest.as_json(made))}
        case Skipped(holder=holder):
            return {"database": alias, "state": "skipped", "holder": holder.who,
                    "since": holder.since and holder.since.isoformat()}  # fmt: skip
        case Failed():
            return {"database": alias, "state": "failed", "stage": outcome.stage, "error": outcome.error,
                    "signal_name": outcome.signal_name, "untouched": outcome.untouched}  # fmt: skip


def _last_raw_bytes(alias: str) -> int | None:
    try:
        known = manifest.read_all(conf.current().backups.directory).of(alias)
    except OSError:
        return None
    return known[0].raw_bytes if known else None


MAKE = Action(
    "",
    "  manage.py backup_database                make one of each database\n"
    "  manage.py backup_database --database default --json",
    _add_arguments,
    _run,
)
