"""``manage.py backup_database``: backups made, proved and restored, from a shell or from cron."""

from __future__ import annotations

import sys
from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, DjangoHelpFormatter

from freeze_alerts.management.backups.checking import CHECK
from freeze_alerts.management.backups.cleaning import CLEANUP
from freeze_alerts.management.backups.listing import LIST
from freeze_alerts.management.backups.making import MAKE
from freeze_alerts.management.backups.pinning import PIN, UNPIN
from freeze_alerts.management.backups.restoring import RESTORE
from freeze_alerts.management.backups.verifying import VERIFY

ACTIONS = (RESTORE, VERIFY, UNPIN, PIN, LIST, CLEANUP, CHECK, MAKE)  # the last is what is done unasked
_EPILOG = "\n".join(
    ["examples:", *(each.examples for each in reversed(ACTIONS)), "", "exit code: 0 fine, or skipped because one is"
     " running; 1 something failed;\n           of --check: 0 fine, 1 warning, 2 critical, 3 could not tell"]
)  # fmt: skip


class _HelpFormatter(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Django's order of options, and examples as they were written."""


class Command(BaseCommand):
    help = "Backs up the databases; looks after the backups, proves that they can be restored, and restores them."
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, formatter_class=_HelpFormatter, epilog=_EPILOG, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        for each in ACTIONS:
            each.add_arguments(parser)

    def handle(self, **options: Any) -> None:
        meant = [each for each in ACTIONS if each.is_meant(options)]
        if len(asked := [f"--{each.destination}" for each in meant if each.destination]) > 1:
            raise CommandError(f"{' and '.join(asked)} are two things; ask for one at a time")
        for each in ACTIONS:
            for option in each.own:
                if options.get(option) and each is not meant[0]:
                    raise CommandError(f"--{option.replace('_', '-')} goes with --{each.destination}")
        if code := meant[0].run(self, options):
            sys.exit(code)
