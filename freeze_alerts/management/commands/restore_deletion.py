"""``manage.py restore_deletion``: put back what was deleted in the admin."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentTypeError, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, DjangoHelpFormatter

from freeze_alerts.delivery import sweep
from freeze_alerts.management.alerts.identity import person
from freeze_alerts.management.tables import print_table
from freeze_alerts.outbox import doorbell
from freeze_alerts.sources.audit import words
from freeze_alerts.sources.audit.models import Deletion
from freeze_alerts.sources.audit.restore import Blocked, Kind, Look, Person, Restored, look, restore
from freeze_alerts.sources.audit.restore.remarks import Remark, counted

EXIT_FINE, EXIT_BLOCKED = 0, 1
SHOWN = 50
JSON_KEYS = ("deletion", "only", "dry_run", "restored", "rows", "references", "conflicts", "losses")
_EPILOG = f"""\
examples:
  manage.py restore_deletion 12 --dry-run      what would come back, what can't, and what is in the way
  manage.py restore_deletion 12                the same, then asks, then does it
  manage.py restore_deletion 12 --only shop.order:4711 --yes
                                               one object of it, with what belonged to it

The numbers are on the card in Discord, and in the admin under Deletions.

exit code:
  0  it is back (or would be, or was before)    1  something is in the way, or you said no

--json prints one object with these keys:
  {" ".join(JSON_KEYS)}
"""


class _HelpFormatter(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Django's order of options, and examples as they were written."""


class Command(BaseCommand):
    help = "Puts back what was deleted in the admin: all of it, or nothing."
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, formatter_class=_HelpFormatter, epilog=_EPILOG, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", type=int, metavar="ID", help="the number of the deletion")
        parser.add_argument("--only", default="", metavar="MODEL:PK", help="this object, and what belonged to it")
        parser.add_argument(
            "--fill", action="append", default=[], type=_filling, metavar="MODEL.FIELD=VALUE",
            help="what stands in for a value that was not kept, or for a new column, in each row; may be repeated",
        )  # fmt: skip
        parser.add_argument("--dry-run", action="store_true", help="try all of it, take it back, and say how it went")
        parser.add_argument("--yes", action="store_true", help="don't ask")
        parser.add_argument("--json", action="store_true", help="print one object for programs; asks nothing")

    def handle(self, *, only: str = "", dry_run: bool = False, **options: Any) -> None:
        deletion = Deletion.objects.filter(pk=options["id"]).first()
        if deletion is None:
            raise CommandError(f"there is no deletion {options['id']}")
        fill = dict(options["fill"])
        seen, done = look(deletion, only, fill), None
        if not options["json"]:
            self._print(seen)
        if seen.conflicts:
            self._end(seen, done, **options, dry_run=dry_run)
        if not dry_run and not options["yes"]:
            self._ask(seen, in_words=not options["json"])
        try:
            with doorbell.held():
                done = restore(deletion, by=Person(person()), only=only, fill=fill, via="command", trial=dry_run)
        except Blocked as blocked:  # only the database could tell, or somebody was quicker
            seen = blocked.look
            if not options["json"]:
                self._print_conflicts(seen)
        if done is not None and not dry_run:
            sweep()  # without Celery this command is also who brings the card up to date
        self._end(seen, done, **options, dry_run=dry_run)

    def _ask(self, seen: Look, *, in_words: bool) -> None:
        if not in_words:
            raise CommandError("--json asks nothing: add --yes, or --dry-run")
        try:
            answer = input(f"Put back {counted(seen.row_count, 'row')}? [y/N] ")
        except EOFError:
            raise CommandError("nobody is here to answer: add --yes") from None
        if answer.strip().lower() not in {"y", "yes"}:
            raise CommandError("nothing was put back")

    def _end(self, seen: Look, done: Restored | None, *, dry_run: bool, **options: Any) -> None:
        was_back = {each.kind for each in seen.conflicts} == {Kind.RESTORED}
        if options["json"]:
            self.stdout.write(json.dumps(_row(seen, done, dry_run=dry_run), indent=2))
        elif was_back:
            self.stdout.write("Nothing to do.")
        elif done is None:
            self.stdout.write(self.style.ERROR("Nothing was put back."))
        else:
            self.stdout.write(self.style.SUCCESS(_outcome(done, dry_run=dry_run)))
        if done is None:
            sys.exit(EXIT_FINE if was_back else EXIT_BLOCKED)

    def _print(self, seen: Look) -> None:
        deletion = seen.deletion
        self.stdout.write(f"Deletion {deletion.pk}: {words.text([deletion])} ({deletion.at:%Y-%m-%d %H:%M:%S %Z})\n\n")
        if seen.counts:
            rows = [(label, f"{count:,}".rjust(4)) for label, count in seen.counts.items()]
            print_table(self, ("Comes back", "Rows"), rows)
        if seen.tie_count:
            self.stdout.write(f"{counted(seen.tie_count, 'reference')} to them {_are(seen.tie_count)} tied again")
        if seen.present:
            self.stdout.write(f"{counted(seen.present, 'row')} {_are(seen.present)} back already")
        if seen.losses:
            self.stdout.write(self.style.WARNING("\nDoes not come back"))
            self._print_remarks(seen.losses)
        self._print_conflicts(seen)
        self.stdout.write("")

    def _print_conflicts(self, seen: Look) -> None:
        if seen.conflicts:
            self.stdout.write(self.style.ERROR(f"\nIn the way: {len(seen.conflicts):,}"))
            self._print_remarks(seen.conflicts)

    def _print_remarks(self, remarks: list[Remark]) -> None:
        for each in remarks[:SHOWN]:
            self.stdout.write(f"  {each.sentence}")
        if len(remarks) > SHOWN:
            self.stdout.write(f"  … and {len(remarks) - SHOWN:,} more; --json lists all")


def _filling(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    label, _, field = name.rpartition(".")
    if not equals or "." not in label:
        raise ArgumentTypeError(f"{text!r}: say shop.order.token=VALUE")
    return f"{label.lower()}.{field}", value


def _outcome(done: Restored, *, dry_run: bool) -> str:
    back = counted(done.rows, "row")
    tied = f", {counted(done.ties, 'reference')} tied again" if done.ties else ""
    return f"Tried, and taken back: {back} would come back{tied}." if dry_run else f"Back: {back}{tied}."


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _row(seen: Look, done: Restored | None, *, dry_run: bool) -> dict[str, Any]:
    said = {
        name: [{"kind": each.kind, "model": each.model, "key": each.key, "text": each.text} for each in remarks]
        for name, remarks in (("conflicts", seen.conflicts), ("losses", seen.losses))
    }
    values = (seen.deletion.pk, seen.only, dry_run, done is not None and not dry_run, seen.counts, seen.tie_count)
    return dict(zip(JSON_KEYS, values, strict=False)) | said
