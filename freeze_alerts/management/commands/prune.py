"""``manage.py prune``: takes away what is old enough."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from freeze_alerts.management.pruning import ROOMS


class Command(BaseCommand):
    help = "Takes away records that are older than their room keeps them."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only count")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        verb = "would go" if dry_run else "are gone"
        for name, prune in ROOMS.items():
            self.stdout.write(f"{name}: {prune(dry_run=dry_run):,} {verb}")
