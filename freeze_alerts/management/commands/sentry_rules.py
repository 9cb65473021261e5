"""``manage.py sentry_rules``: the five error rules in Sentry, as code."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from freeze_alerts import conf
from freeze_alerts.sources.sentry.api import Api, ApiError
from freeze_alerts.sources.sentry.plan import Change, Plan, apply, plan

EXIT_IN_SYNC, EXIT_DRIFT, EXIT_API = 0, 2, 3
_HELP = {
    "plan": "show what apply would do, and change nothing",
    "apply": "create and update the rules in Sentry",
    "check": "as plan, for a schedule: silent where all is as it should be",
}
_SIGNS = {"create": "+", "update": "~", "keep": "="}
_DONE = {"create": "created", "update": "updated", "keep": "unchanged"}


class Command(BaseCommand):
    help = "Makes the five error rules in Sentry what FREEZE_ALERTS says, or shows how they differ from it."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        for action, does in _HELP.items():
            one = actions.add_parser(action, help=does, description=f"{does[0].upper()}{does[1:]}.")
            one.add_argument("--json", action="store_true", help="print one object for programs")

    def handle(self, *, action: str, **options: Any) -> None:
        settings = conf.current()
        try:
            with Api(settings.sentry) as api:
                found = (apply if action == "apply" else plan)(api, settings)
        except ApiError as error:
            self._fail(error, as_json=options["json"])
            sys.exit(EXIT_API)
        if options["json"]:
            self.stdout.write(json.dumps(_json(found), indent=2))
        elif action != "check" or not found.in_sync:
            self._print(found, done=action == "apply")
        if found.troubles or (action != "apply" and not found.in_sync):
            sys.exit(EXIT_DRIFT)

    def _fail(self, error: ApiError, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"in_sync": None, "error": str(error), "rules": [], "troubles": []}))
        else:
            self.stderr.write(self.style.ERROR(str(error)))

    def _print(self, found: Plan, *, done: bool) -> None:
        for change in found.changes:
            words = _DONE[change.action] if done else change.action
            self.stdout.write(f"{_SIGNS[change.action]} {change.wanted.kind:<8}  {change.wanted.name}  {words}")
            for line in change.differences:
                self.stdout.write(f"    {line}")
        for trouble in found.troubles:
            self.stdout.write(self.style.ERROR(f"! {trouble}"))


def _json(found: Plan) -> dict[str, Any]:
    return {
        "in_sync": found.in_sync,
        "error": None,
        "rules": [_json_rule(each) for each in found.changes],
        "troubles": found.troubles,
    }


def _json_rule(change: Change) -> dict[str, Any]:
    wanted = change.wanted
    return {
        "kind": wanted.kind, "name": wanted.name, "id": change.sentry_id or None, "action": change.action,
        "differences": change.differences,
    }  # fmt: skip
