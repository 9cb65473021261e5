"""``manage.py verify_audit``: has anybody touched the records of what was deleted?"""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from freeze_alerts.sources.audit.verifying import Verdict, verify


class Command(BaseCommand):
    help = "Holds every record of a delete against the chain: finds what was changed, removed or put in another order."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--expect", metavar="HEAD", default="",
            help="the head that an earlier run printed: finds a chain that was cut off at its end",
        )  # fmt: skip

    def handle(self, *args: Any, expect: str, **options: Any) -> None:
        verdict = verify(expect)
        for fault in verdict.faults:
            self.stderr.write(self.style.ERROR(fault))
        self.stdout.write(_summary(verdict))
        if verdict.faults:
            sys.exit(1)
        self.stdout.write(self.style.SUCCESS("Nothing was touched."))


def _summary(verdict: Verdict) -> str:
    lines = [f"{verdict.records:,} records, {verdict.links:,} links, {verdict.pruned:,} pruned and signed for."]
    if verdict.sealed_late:
        lines.append(f"{verdict.sealed_late:,} sealed only now: a process died between its delete and the seal.")
    if verdict.head:
        lines.append(f"Head: {verdict.head}")
    return "\n".join(lines)
