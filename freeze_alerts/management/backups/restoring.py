"""``backup_database --restore``: put a backup in the place of a database."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from freeze_alerts import conf
from freeze_alerts.management.backups.action import EXIT_FAILED, EXIT_FINE, Action, Options, deliver
from freeze_alerts.management.backups.ending import ended_in_order
from freeze_alerts.outbox import doorbell
from freeze_alerts.sources.backups import connection, restore, words
from freeze_alerts.sources.backups.manifest import Manifest
from freeze_alerts.sources.backups.trouble import Damaged, HalfDone, Trouble


def _add_arguments(parser: CommandParser) -> None:
    parser.add_argument(
        "--restore", nargs="?", const=restore.LATEST, metavar="NAME",
        help="put a backup in the place of a database: one that --list shows, or the latest",
    )  # fmt: skip
    parser.add_argument("--into", metavar="ALIAS", help="the database whose place a restored backup takes")
    parser.add_argument(
        "--before", metavar="TIME",
        help='the latest from before then, as in "2026-01-15 10:00" in your TIME_ZONE',
    )  # fmt: skip
    parser.add_argument("--yes", action="store_true", help="don't ask")


def _run(command: BaseCommand, options: Options) -> int:
    into, directory = options["into"], conf.current().backups.directory
    if not into:
        raise CommandError("--restore needs --into ALIAS: the database whose place it takes")
    if options["before"] and options["restore"] != restore.LATEST:
        raise CommandError(f"--before chooses among the latest; {options['restore']} is named already")
    try:
        connection.wrapper(into)
        made = _chosen(command, options, directory)
        if not options["yes"] and not _agreed(command, made, into):
            command.stdout.write("Nothing was changed.")
            return EXIT_FAILED
        began = time.monotonic()
        with doorbell.held(), ended_in_order(command):
            said = restore.restore(made, directory, into)
    except Trouble as problem:
        command.stderr.write(command.style.ERROR(f"{problem}"))
        half_done = isinstance(problem, HalfDone)
        command.stderr.write(restore.again(made, into) if half_done else "Nothing was changed.")
        if isinstance(problem, Damaged):
            command.stderr.write(restore.instead(made, directory, into))
        deliver()
        return EXIT_FAILED
    seconds = time.monotonic() - began
    command.stdout.write(command.style.SUCCESS(
        f"{into} is as it was at {words.moment(made.snapshot_at)}: {made.total_rows:,} rows in {len(made.rows)}"
        f" tables, counted, in {seconds:.1f} s"
    ))  # fmt: skip
    command.stdout.write(said)
    deliver()
    return EXIT_FINE


def _chosen(command: BaseCommand, options: Options, directory: Path) -> Manifest:
    name, before = options["restore"], _moment(options["before"])
    whose = options["databases"][0] if options["databases"] else None
    made = restore.choose(directory, name, into=options["into"], database=whose, before=before)
    for each in restore.passed_over(made, directory, before) if name == restore.LATEST else ():
        said = f"{each.name} is newer, and is passed over: its file is gone or has another size"
        command.stderr.write(command.style.WARNING(said))
    return made


def _agreed(command: BaseCommand, made: Manifest, into: str) -> bool:
    command.stdout.write(
        f"{made.name}: {made.database} as it was at {words.moment(made.snapshot_at)}"
        f" ({words.size(made.stored_bytes)}, {made.total_rows:,} rows) takes the place of the database {into}."
    )
    if not sys.stdin.isatty():
        raise CommandError("nobody is here to be asked; add --yes")
    try:
        return input(f"Type {into} to go on: ").strip() == into
    except (EOFError, KeyboardInterrupt):
        command.stdout.write()
        return False


def _moment(said: str | None) -> datetime | None:
    if said is None:
        return None
    try:
        when = parse_datetime(said)
        day = None if when else parse_date(said)
    except ValueError:
        when = day = None
    if when is None and day is not None:
        when = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - made aware below
    if when is None:
        raise CommandError(f'{said!r} is no time; write it as "2026-01-15 10:00"')
    return when if when.tzinfo else timezone.make_aware(when, timezone.get_default_timezone())


RESTORE = Action(
    "restore",
    "  manage.py backup_database --restore latest --into default\n"
    '  manage.py backup_database --restore --before "2026-01-15 10:00" --into default',
    _add_arguments,
    _run,
    own=("into", "before", "yes"),
)
