"""``backup_database --check``: is the last good backup what it should be, and would the next one work?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandParser

from freeze_alerts.management.backups.action import Action, Options, databases
from freeze_alerts.sources.backups import words

if TYPE_CHECKING:
    from freeze_alerts.sources.backups.check import Checked

EXIT_CODES = {"fine": 0, "warning": 1, "critical": 2, "unknown": 3}


def _add_arguments(parser: CommandParser) -> None:
    parser.add_argument(
        "--check", action="store_true", help="look whether all is well with the backups, and tell nobody"
    )
    parser.add_argument(
        "--deep", action="store_true", help="with --check: read the newest to its end, and count its rows"
    )


def _run(command: BaseCommand, options: Options) -> int:
    from freeze_alerts.sources.backups.check import check  # late: who makes a backup has no use for it
    from freeze_alerts.sources.backups.remarks import worst

    checked = check(databases(options), deep=options["deep"])
    if options["json"]:
        command.stdout.write(json.dumps([_json_row(each) for each in checked], indent=2))
    else:
        for each in checked:
            _print(command, each)
    return EXIT_CODES[worst([remark for each in checked for remark in each.remarks])]


def _print(command: BaseCommand, checked: Checked) -> None:
    """What is not fine catches the eye; what is fine is said all the same, since silence proves nothing."""
    style = command.style
    paints = {"fine": style.SUCCESS, "warning": style.WARNING}
    command.stdout.write(paints.get(checked.level, style.ERROR)(f"{checked.name}: {checked.level}"))
    if checked.newest is not None:
        rows = f"{checked.newest.total_rows:,} rows in {len(checked.newest.rows)} tables"
        command.stdout.write(f"  newest    {checked.newest.name}, {words.size(checked.newest.stored_bytes)}, {rows}")
    for remark in checked.remarks:
        paint = str if remark.level == "fine" else paints.get(remark.level, style.ERROR)
        level = "" if remark.level == "fine" else f"{remark.level}: "
        command.stdout.write(f"  {remark.about:<9} {paint(level + remark.text)}")


def _json_row(checked: Checked) -> dict[str, Any]:
    newest = checked.newest
    return {
        "name": checked.name,
        "level": checked.level,
        "newest": newest and newest.name,
        "snapshot_at": newest and newest.snapshot_at.isoformat(),
        "stored_bytes": newest and newest.stored_bytes,
        "remarks": [{"level": each.level, "about": each.about, "text": each.text} for each in checked.remarks],
    }


CHECK = Action(
    "check",
    "  manage.py backup_database --check        is the last one fresh, there and whole? would the next one work?\n"
    "  manage.py backup_database --check --deep --json",
    _add_arguments,
    _run,
    own=("deep",),
)
