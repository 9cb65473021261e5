"""``manage.py issues``: what the local judge knows of errors, and what a person decides about them."""

from __future__ import annotations

import sys
from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, DjangoHelpFormatter
from django.db import DatabaseError, InterfaceError

from freeze_alerts.management.issues.deciding import IGNORE, RESOLVE
from freeze_alerts.management.issues.looking import LIST, SHOW

SUBCOMMANDS = (LIST, SHOW, RESOLVE, IGNORE)
_EXIT_CODES = "exit code: 0 fine · 1 something failed, or is not there"
_EPILOG = "\n".join(["examples:", *(each.examples for each in SUBCOMMANDS), "", _EXIT_CODES])


class _HelpFormatter(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Django's order of options, and examples as they were written."""


class Command(BaseCommand):
    help = "Shows the issues that errors belong to, and resolves or ignores them."
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, formatter_class=_HelpFormatter, epilog=_EPILOG, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parsers = parser.add_subparsers(dest="what", required=True, title="what to do", metavar="what")
        for each in SUBCOMMANDS:
            own = parsers.add_parser(
                each.name, help=each.help, description=f"{each.help[:1].upper()}{each.help[1:]}.",
                epilog=f"examples:\n{each.examples}\n\n{_EXIT_CODES}", formatter_class=_HelpFormatter,
            )  # fmt: skip
            each.add_arguments(own)

    def handle(self, *, what: str, **options: Any) -> None:
        chosen = next(each for each in SUBCOMMANDS if each.name == what)
        try:
            code = chosen.run(self, options)
        except (DatabaseError, InterfaceError) as error:
            raise CommandError(f"The database does not answer: {error}") from error
        if code:
            sys.exit(code)
