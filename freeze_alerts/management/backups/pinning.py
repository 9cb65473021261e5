"""``backup_database --pin``: keep one backup whatever retention says, as the one from before a risky migration."""

from __future__ import annotations

from dataclasses import replace

from django.core.management.base import BaseCommand, CommandParser

from freeze_alerts import conf
from freeze_alerts.management.backups.action import EXIT_FAILED, EXIT_FINE, Action, Options
from freeze_alerts.sources.backups import manifest


def _add_pin(parser: CommandParser) -> None:
    parser.add_argument("--pin", metavar="NAME", help="keep this backup whatever retention says, until it is unpinned")


def _add_unpin(parser: CommandParser) -> None:
    parser.add_argument("--unpin", metavar="NAME", help="let retention decide again")


def _pin(command: BaseCommand, options: Options) -> int:
    return _mark(command, str(options["pin"]), pinned=True)


def _unpin(command: BaseCommand, options: Options) -> int:
    return _mark(command, str(options["unpin"]), pinned=False)


def _mark(command: BaseCommand, name: str, *, pinned: bool) -> int:
    directory = conf.current().backups.directory
    try:
        found = manifest.read_all(directory).find(name)
        if found is None:
            command.stderr.write(command.style.ERROR(f"there is no backup {name} in {directory}; --list shows them"))
            return EXIT_FAILED
        manifest.change(found.name, directory, lambda each: replace(each, pinned=pinned))
    except (OSError, manifest.Unreadable) as problem:
        command.stderr.write(command.style.ERROR(f"{name} could not be marked: {problem}"))
        return EXIT_FAILED
    command.stdout.write(f"{found.name} stays until it is unpinned" if pinned else f"{found.name} is pinned no more")
    return EXIT_FINE


PIN = Action("pin", "  manage.py backup_database --pin default_20260115T080000Z_1f3a9c2b", _add_pin, _pin)
UNPIN = Action("unpin", "  manage.py backup_database --unpin default_20260115T080000Z_1f3a9c2b", _add_unpin, _unpin)
