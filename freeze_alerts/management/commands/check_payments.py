"""``manage.py check_payments``: what became of the last hour's orders, and who should know?"""

from __future__ import annotations

import json
import sys
from argparse import RawDescriptionHelpFormatter
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser, DjangoHelpFormatter

from freeze_alerts.delivery import sweep
from freeze_alerts.outbox import doorbell
from freeze_alerts.sources.orders import words
from freeze_alerts.sources.orders.check import Checked, Judged, check_orders
from freeze_alerts.sources.orders.judge import Verdict
from freeze_alerts.sources.orders.reading import Unreadable

EXIT_FINE, EXIT_STUCK, EXIT_FAILING, EXIT_UNREADABLE = 0, 1, 2, 3
_STATES = {EXIT_FINE: "fine", EXIT_STUCK: "stuck", EXIT_FAILING: "failing", EXIT_UNREADABLE: "unreadable"}
_UNWATCHED = "unwatched"
_NO_MODEL = "No orders are watched: FREEZE_ALERTS['PAYMENTS']['ORDER_MODEL'] is not set."
JSON_KEYS = ("state", "error", "hour", "half_hour", "stuck", "oldest", "read_at")
_EPILOG = f"""\
exit code, the worst of:
  2  every payment of the last 30 minutes failed    3  could not be read    1  orders are stuck    0  fine

--json prints one object with these keys (null where there is no value):
  {" ".join(JSON_KEYS)}
state is one of {", ".join([*_STATES.values(), _UNWATCHED])}; hour and half_hour have paid, failed, pending and other.
"""


class _HelpFormatter(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Django's order of options, and lines as they were written."""


class Command(BaseCommand):
    help = "Counts the orders of the last hour by outcome and those that are stuck, and tells whoever should know."
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, formatter_class=_HelpFormatter, epilog=_EPILOG, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one object for programs, keys below")

    def handle(self, **options: Any) -> None:
        with doorbell.held():
            checked = check_orders()
        sweep()  # from cron, without Celery, this command is also who delivers
        if options["json"]:
            self.stdout.write(json.dumps(_json(checked), indent=2, default=str))
        else:
            self._print(checked)
        if code := _exit_code(checked):
            sys.exit(code)

    def _print(self, checked: Checked) -> None:
        if checked is None:
            self.stdout.write(_NO_MODEL)
        elif isinstance(checked, Unreadable):
            self.stdout.write(self.style.ERROR(f"The orders can't be read: {checked.error}"))
        else:
            self.stdout.write(f"Last hour        {words.outcomes(checked.reading.hour)}")
            self.stdout.write(f"Last 30 minutes  {words.outcomes(checked.reading.half_hour)}")
            for verdict in _shown(checked):
                paint = self.style.ERROR if verdict.severity else self.style.SUCCESS
                self.stdout.write(paint(verdict.sentence))


def _shown(judged: Judged) -> Iterator[Verdict]:
    """That orders are not stuck is worth a line; that payments do not all fail is plain from the numbers."""
    return (each for each in judged.verdicts if each.severity or each.condition == "stuck")


def _exit_code(checked: Checked) -> int:
    if isinstance(checked, Unreadable):
        return EXIT_UNREADABLE
    wrong = {each.condition for each in checked.verdicts if each.severity} if checked else set()
    return EXIT_FAILING if "failing" in wrong else EXIT_STUCK if "stuck" in wrong else EXIT_FINE


def _json(checked: Checked) -> dict[str, Any]:
    row = dict.fromkeys(JSON_KEYS) | {"state": _STATES[_exit_code(checked)] if checked else _UNWATCHED}
    if isinstance(checked, Unreadable):
        return row | {"error": checked.error}
    return row | (asdict(checked.reading) if checked else {})
