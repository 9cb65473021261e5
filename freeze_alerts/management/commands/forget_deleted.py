"""``manage.py forget_deleted shop.customer:4711``: takes one object out of every record."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from freeze_alerts.sources.audit.forgetting import forget


class Command(BaseCommand):
    help = "Takes the rows and the name of one object out of every record of a delete. The records themselves stay."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("object", metavar="MODEL:PK", help="app.model and the primary key: shop.customer:4711")

    def handle(self, *args: Any, **options: Any) -> None:
        model, colon, object_id = options["object"].partition(":")
        if not colon or "." not in model or not object_id:
            raise CommandError(f"{options['object']!r} is not MODEL:PK, as in shop.customer:4711")
        forgotten = forget(model.lower(), object_id)
        if not forgotten.records:
            raise CommandError(f"no record holds {options['object']}")
        self.stdout.write(f"Taken out of {forgotten.records:,} record(s): {forgotten.rows:,} row(s) and its name.")
