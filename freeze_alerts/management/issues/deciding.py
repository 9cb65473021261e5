"""``issues resolve`` and ``issues ignore``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from django.core.management.base import BaseCommand, CommandParser

from freeze_alerts import conf
from freeze_alerts.management.alerts.identity import person
from freeze_alerts.management.alerts.subcommand import EXIT_FAILED, EXIT_FINE, Options, Subcommand
from freeze_alerts.management.issues.looking import status
from freeze_alerts.sources.errors import issues
from freeze_alerts.sources.errors.models import Issue, database


def _ignore_arguments(parser: CommandParser) -> None:
    parser.add_argument("ids", nargs="+", type=int, metavar="ID", help="as in the list")
    parser.add_argument("--by", default="", metavar="NAME", help="who decides (default: your name on this machine)")


def _resolve_arguments(parser: CommandParser) -> None:
    _ignore_arguments(parser)
    parser.add_argument(
        "--next-release", action="store_true", help="the mended release comes yet: only a newer one makes a regression"
    )


def resolve(command: BaseCommand, options: Options) -> int:
    by, next_release = options["by"] or person(), options["next_release"]
    if next_release and not conf.current().release:
        command.stderr.write(
            command.style.WARNING(
                "FREEZE_ALERTS['RELEASE'] is not set: only errors that say their release can be told from old ones."
            )
        )
    done = "resolved in the next release" if next_release else "resolved"
    return _decide(
        command, options["ids"], done, lambda issue: issues.resolve(issue, by=by, next_release=next_release)
    )


def ignore(command: BaseCommand, options: Options) -> int:
    by = options["by"] or person()
    return _decide(command, options["ids"], "ignored", partial(issues.ignore, by=by))


def _decide(command: BaseCommand, ids: Iterable[int], done: str, decide: Callable[[Issue], bool]) -> int:
    """Decide on each issue, whatever becomes of the others; it is no failure if it was decided already."""
    code = EXIT_FINE
    for wanted in dict.fromkeys(ids):
        issue = Issue.objects.using(database()).filter(pk=wanted).first()
        if issue is None:
            command.stderr.write(command.style.ERROR(f"{wanted}: there is no such issue"))
            code = EXIT_FAILED
        elif decide(issue):
            command.stdout.write(f"{wanted}: {command.style.SUCCESS(done)}: {issue}")
        else:
            issue.refresh_from_db(using=database())
            command.stdout.write(f"{wanted}: it is {status(issue)} already")
    return code


RESOLVE = Subcommand(
    "resolve", "says that issues are mended; what comes back then is a regression",
    "  manage.py issues resolve 12\n  manage.py issues resolve 12 13 --next-release --by ann",
    _resolve_arguments, resolve,
)  # fmt: skip
IGNORE = Subcommand(
    "ignore", "hears no more of issues: they are counted, and nothing else",
    "  manage.py issues ignore 12", _ignore_arguments, ignore,
)  # fmt: skip
