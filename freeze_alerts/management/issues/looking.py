"""``issues list`` and ``issues show``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from freeze_alerts.alerts.clock import local
from freeze_alerts.discord.text import cut, duration, one_line
from freeze_alerts.management.alerts.subcommand import EXIT_FAILED, EXIT_FINE, Options, Subcommand
from freeze_alerts.management.tables import print_table
from freeze_alerts.sources.errors import reports
from freeze_alerts.sources.errors.models import Issue, database

SHOWN_MOST = 50
_TITLE_LONGEST = 60
_HEAD = ("ID", "Issue", "Where", "Times", "People", "Last", "Status")
_COLUMNS = (
    "id", "title", "culprit", "level", "payment", "environment", "first_release", "last_release", "found_at",
    "first_seen_at", "last_seen_at", "occurrences", "users", "status", "resolved_at", "resolved_by", "resolve_mode",
    "regressed_at", "times_regressed",
)  # fmt: skip


def _list_arguments(parser: CommandParser) -> None:
    parser.add_argument("--all", action="store_true", help="resolved and ignored ones too")
    parser.add_argument("--payments", action="store_true", help="only those about payments")
    parser.add_argument("--limit", type=int, default=SHOWN_MOST, metavar="N", help="default: %(default)s")
    parser.add_argument("--json", action="store_true", help="print a list for programs, one object an issue")


def _show_arguments(parser: CommandParser) -> None:
    parser.add_argument("id", type=int, help="as in the list")
    parser.add_argument("--json", action="store_true", help="print one object for programs")


def list_issues(command: BaseCommand, options: Options) -> int:
    found = Issue.objects.using(database()).order_by("-last_seen_at", "-pk")
    if not options["all"]:
        found = found.filter(status=Issue.Status.OPEN)
    if options["payments"]:
        found = found.filter(payment=True)
    issues = list(found[: max(0, options["limit"])])
    if options["json"]:
        command.stdout.write(_json([_row(issue) for issue in issues]))
    elif not issues:
        command.stdout.write(command.style.SUCCESS("No issues." if options["all"] else "No open issues."))
    else:
        print_table(command, _HEAD, [_cells(issue) for issue in issues])
        if (more := found.count() - len(issues)) > 0:
            command.stdout.write(f"… and {more:,} more: see them with --limit")
    return EXIT_FINE


def show_issue(command: BaseCommand, options: Options) -> int:
    issue = Issue.objects.using(database()).filter(pk=options["id"]).first()
    if issue is None:
        command.stderr.write(f"There is no issue {options['id']}.")
        return EXIT_FAILED
    if options["json"]:
        more = {"sample": issue.sample, "releases": reports.releases(issue)}
        command.stdout.write(_json(_row(issue) | more))
        return EXIT_FINE
    command.stdout.write(f"{one_line(issue.title)}\n")
    facts = list(_facts(issue))
    width = max(len(name) for name, _ in facts)
    for name, value in facts:
        command.stdout.write(f"  {name.ljust(width)}  {value}")
    for line in _frames(issue):
        command.stdout.write(line)
    return EXIT_FINE


def _cells(issue: Issue) -> tuple[str, ...]:
    title = cut(one_line(issue.title), _TITLE_LONGEST)
    ago = f"{duration(timezone.now() - issue.last_seen_at)} ago"
    where = cut(one_line(issue.culprit or "-"), _TITLE_LONGEST)
    return (str(issue.pk), title, where, f"{issue.occurrences:,}", f"{issue.users:,}", ago, status(issue))


def status(issue: Issue) -> str:
    if issue.status == Issue.Status.RESOLVED and issue.resolve_mode == Issue.Mode.NEXT_RELEASE:
        return f"{issue.status} in the next release"
    return str(issue.status)


def _facts(issue: Issue) -> Iterator[tuple[str, str]]:
    by = f" by {issue.resolved_by}, {_moment(issue.resolved_at)}" if issue.resolved_at and issue.resolved_by else ""
    yield "Status", status(issue) + by
    if issue.times_regressed and issue.regressed_at:
        yield "Came back", f"{issue.times_regressed} times, last {_moment(issue.regressed_at)}"
    yield "Where", issue.culprit or "-"
    yield "In", reports.where(issue) or "-"
    yield "Times", f"{issue.occurrences:,}"
    yield "People", f"{issue.users:,}"
    yield "First seen", _moment(issue.first_seen_at)
    yield "Last seen", _moment(issue.last_seen_at)
    yield "Releases", ", ".join(reports.releases(issue)) or "-"
    yield "About", "a payment" if issue.payment else "no payment"


def _frames(issue: Issue) -> Iterator[str]:
    frames: list[dict[str, Any]] = issue.sample.get("frames") or []
    for frame in frames:
        own = "" if frame.get("in_app") else "  (library)"
        yield f"\n  {frame['filename']}:{frame['line']} in {frame['function']}{own}"
        yield f"    {frame['code']}"


def _row(issue: Issue) -> dict[str, Any]:
    return {name: getattr(issue, name) for name in _COLUMNS}


def _json(value: object) -> str:
    return json.dumps(value, indent=2, cls=DjangoJSONEncoder)


def _moment(moment: datetime | None) -> str:
    return f"{local(moment):%Y-%m-%d %H:%M}" if moment else "-"


LIST = Subcommand(
    "list", "shows open issues, the last seen first",
    "  manage.py issues list\n  manage.py issues list --payments\n"
    "  manage.py issues list --all --json | jq '.[] | select(.times_regressed > 0) | .title'",
    _list_arguments, list_issues,
)  # fmt: skip
SHOW = Subcommand(
    "show", "shows everything about one issue", "  manage.py issues show 12", _show_arguments, show_issue
)
