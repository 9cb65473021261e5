"""``manage.py check_disk``: how full are the disks of this machine, and who should know?"""

from __future__ import annotations

import json
import sys
import textwrap
from argparse import RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandParser, DjangoHelpFormatter

from freeze_alerts.catalog import Severity
from freeze_alerts.delivery import sweep
from freeze_alerts.outbox import doorbell
from freeze_alerts.sources.disk import forecast, reading, words
from freeze_alerts.sources.disk.check import Checked, Measured, check_disks

EXIT_FINE, EXIT_WARNING, EXIT_FULL, EXIT_UNREADABLE = 0, 1, 2, 3

_WORST_FIRST = (EXIT_FULL, EXIT_UNREADABLE, EXIT_WARNING, EXIT_FINE)
_HEAD = ("Path", "Device", "Used", "Free", "Inodes", "State", "Forecast")
_STATE_COLUMN = _HEAD.index("State")
_NO_VALUE = "-"
_READING_KEYS = (
    "device", "also", "used_percent", "used_bytes", "free_bytes", "total_bytes", "inodes_used_percent", "inodes_free",
)  # fmt: skip
JSON_KEYS = (
    "host", "path", "state", "severity", "held", "measure", "text", "error", "bytes_per_hour", "full_in_seconds",
    *_READING_KEYS,
)  # fmt: skip
_EPILOG = f"""\
examples:
  manage.py check_disk                     every disk in FREEZE_ALERTS["DISK"]["PATHS"]
  manage.py check_disk --path / --path /mnt/backups
                                           only these; ends no other disk's alert
  manage.py check_disk --quiet             for cron: silent while all is well
  manage.py check_disk --json | jq '.[] | select(.state != "fine")'

exit code, the worst of all disks in this order:
  2  critical or emergency    3  could not be read    1  warning    0  fine

--json prints a list with one object a disk, each with these keys (null where there is no value):
{textwrap.fill(" ".join(JSON_KEYS), 100, initial_indent="  ", subsequent_indent="  ")}
Paths on the same disk are one disk. Percents are of what can be used at all, as `df` counts.
"""


class _HelpFormatter(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Django's order of options, and examples as they were written."""


class Command(BaseCommand):
    help = "Reads the disks of this machine, tells whoever should know, and prints how full they are."
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, formatter_class=_HelpFormatter, epilog=_EPILOG, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--path", action="append", dest="paths", metavar="P", help="read only the disk under P; may be repeated"
        )
        parser.add_argument("--json", action="store_true", help="print a list for programs, keys below")
        parser.add_argument("--quiet", action="store_true", help="print only what is not fine")

    def handle(self, *, paths: Sequence[str] | None = None, **options: Any) -> None:
        with doorbell.held():
            checked = check_disks(paths)
        sweep()  # from cron, without Celery, this command is also who delivers
        shown = [each for each in checked if not options["quiet"] or _exit_code(each) != EXIT_FINE]
        if options["json"]:
            self.stdout.write(json.dumps([_json_row(each) for each in shown], indent=2))
        elif shown:
            self._print_table(shown)
        if code := min((_exit_code(each) for each in checked), key=_WORST_FIRST.index, default=EXIT_FINE):
            sys.exit(code)

    def _print_table(self, checked: list[Checked]) -> None:
        rows = [_table_row(each) for each in checked]
        widths = [max(len(cell) for cell in column) for column in zip(_HEAD, *rows, strict=True)]
        self.stdout.write(self.style.MIGRATE_HEADING(_aligned(_HEAD, widths)))
        for each, row in zip(checked, rows, strict=True):
            self.stdout.write(_aligned(row, widths, paint_state=self._paint(each)))
        for unreadable in (each for each in checked if not isinstance(each, Measured)):
            self.stdout.write(self.style.ERROR(f"{unreadable.path}: {unreadable.error}"))

    def _paint(self, each: Checked) -> Callable[[str], str]:
        style = self.style
        paints = {EXIT_FINE: style.SUCCESS, EXIT_WARNING: style.WARNING}
        return paints.get(_exit_code(each), style.ERROR)


def _exit_code(each: Checked) -> int:
    if not isinstance(each, Measured):
        return EXIT_UNREADABLE
    severity = each.verdict.severity
    if severity is None:
        return EXIT_FINE
    return EXIT_FULL if severity >= Severity.CRITICAL else EXIT_WARNING


def _state(each: Checked) -> str:
    if not isinstance(each, Measured):
        return "unreadable"
    return str(each.verdict.severity or "fine")


def _table_row(each: Checked) -> tuple[str, ...]:
    if not isinstance(each, Measured):
        return (each.path, *[_NO_VALUE] * 4, _state(each), _NO_VALUE)
    seen = each.reading
    inodes = _NO_VALUE if seen.inodes_used_percent is None else words.percent(seen.inodes_used_percent)
    free, full = words.size(seen.free_bytes), forecast.describe(each.forecast)
    return (", ".join([seen.path, *seen.also]), seen.device, seen.used_in_words, free, inodes, _state(each), full)


def _aligned(cells: Sequence[str], widths: list[int], paint_state: Callable[[str], str] = str) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
    padded[_STATE_COLUMN] = paint_state(padded[_STATE_COLUMN])
    return "  ".join(padded).rstrip()


def _json_row(each: Checked) -> dict[str, Any]:
    row = dict.fromkeys(JSON_KEYS) | {"host": reading.host_name(), "path": each.path, "state": _state(each)}
    if not isinstance(each, Measured):
        return row | {"error": each.error}
    verdict, trend = each.verdict, each.forecast
    judged = {
        "severity": verdict.severity,
        "held": verdict.held,
        "measure": verdict.measure,
        "text": verdict.sentence,
    }
    row |= {key: getattr(each.reading, key) for key in _READING_KEYS} | judged
    if trend:
        row["bytes_per_hour"] = trend.bytes_per_hour
        row["full_in_seconds"] = None if trend.full_in is None else trend.full_in.total_seconds()
    return row
