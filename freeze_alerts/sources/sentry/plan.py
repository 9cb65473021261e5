"""Plan and apply: what has to change in Sentry so that the five rules are as they should be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from freeze_alerts import conf
from freeze_alerts.sources.sentry import crons, rules
from freeze_alerts.sources.sentry.api import Api, ApiError, NotConfigured, id_of
from freeze_alerts.sources.sentry.difference import differences
from freeze_alerts.sources.sentry.models import SentryRule
from freeze_alerts.sources.sentry.rules import Kind, Target, Wanted

NOT_FOUND = 404
NOT_YET = "(made by apply)"
"""Stands for the id of a monitor that is planned."""


@dataclass(frozen=True)
class Change:
    """One rule: to be created where ``sentry_id`` is empty, updated where there are differences, else as it is."""

    wanted: Wanted
    sentry_id: str
    differences: list[str]

    @property
    def action(self) -> str:
        if not self.sentry_id:
            return "create"
        return "update" if self.differences else "keep"


@dataclass(frozen=True)
class Plan:
    """``troubles`` are what no apply can mend: a person has to."""

    changes: list[Change]
    troubles: list[str] = field(default_factory=list)

    @property
    def in_sync(self) -> bool:
        return not self.troubles and all(each.action == "keep" for each in self.changes)


def plan(api: Api, settings: conf.Settings) -> Plan:
    """What there is, held against what there should be. Raises ApiError."""
    target, troubles = look_up(api, settings)
    known = _Known(api, target)
    monitors = [known.change(each) for each in rules.detectors(settings)]
    ids = {each.wanted.name: each.sentry_id or NOT_YET for each in monitors}
    alerts = [known.change(each) for each in rules.workflows(settings, target, ids)]
    return Plan([*monitors, *alerts, *_crons(api, settings)], [*troubles, *known.troubles])


def apply(api: Api, settings: conf.Settings) -> Plan:
    """Make it so, and give what was done; rules that were as they should be are not touched. Raises ApiError."""
    target, troubles = look_up(api, settings)
    known = _Known(api, target)
    monitors = [known.change(each) for each in rules.detectors(settings)]
    ids = {each.wanted.name: _make(api, each) for each in monitors}
    alerts = [known.change(each) for each in rules.workflows(settings, target, ids)]
    waiting = _crons(api, settings)
    for each in [*alerts, *waiting]:
        _make(api, each)
    return Plan([*monitors, *alerts, *waiting], [*troubles, *known.troubles])


def look_up(api: Api, settings: conf.Settings) -> tuple[Target, list[str]]:
    """What our rules are tied to, and what is wrong with it. Raises ApiError."""
    slug = settings.sentry.integration
    if not slug:
        raise NotConfigured("FREEZE_ALERTS['SENTRY'] lacks INTEGRATION, the slug of the internal integration")
    project_id = project_of(api)
    path, query = f"organizations/{api.organization}/detectors/", {"project": project_id, "query": "type:error"}
    errors = [id_of(each, path) for each in api.rows(path, **query)]
    if not errors:
        raise ApiError(f"Sentry shows no error monitor for the project {api.project}")
    app, troubles = _installation(api, slug)
    return Target(project_id, errors[0], slug, str(app.get("sentryAppId") or app.get("uuid") or "")), troubles


def project_of(api: Api) -> str:
    """The project's id. Raises ApiError."""
    path = f"projects/{api.organization}/{api.project}/"
    return id_of(api.get(path), path)


def _installation(api: Api, slug: str) -> tuple[Mapping[str, Any], list[str]]:
    for row in api.rows(f"organizations/{api.organization}/sentry-app-installations/"):
        app = row.get("app")
        if isinstance(app, Mapping) and app.get("slug") == slug:
            installed = row.get("status") == "installed"
            return app, [] if installed else [f"the integration {slug} is {row.get('status')!r}, not installed"]
    raise ApiError(f"there is no integration {slug!r} in the organization {api.organization}")


def _crons(api: Api, settings: conf.Settings) -> list[Change]:
    """The monitors that wait for backups. How they wait is said anew with each check-in, and not compared here."""
    found = []
    for wanted in crons.monitors(settings):
        path = f"organizations/{api.organization}/monitors/{wanted.name}/"
        try:
            sentry_id = id_of(api.get(path), path)
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise
            sentry_id = ""
        found.append(Change(wanted, sentry_id, []))
    return found


class _Known:
    """The rules that Sentry has, found by the ids we remember, else by name."""

    def __init__(self, api: Api, target: Target) -> None:
        self.api = api
        where = f"organizations/{api.organization}"
        self.found: dict[Kind, list[Mapping[str, Any]]] = {
            "detector": list(api.rows(f"{where}/detectors/", project=target.project_id)),
            "workflow": list(api.rows(f"{where}/workflows/")),
        }
        self.ids = {(each.kind, each.name): each.sentry_id for each in SentryRule.objects.all()}
        self.troubles: list[str] = []

    def change(self, wanted: Wanted) -> Change:
        row = self._row(wanted)
        if row is None:
            return Change(wanted, "", [])
        sentry_id = id_of(row, f"{wanted.kind} {wanted.name}")
        now = self.api.get(f"organizations/{self.api.organization}/{wanted.kind}s/{sentry_id}/")
        return Change(wanted, sentry_id, differences(wanted.kind, now, wanted.body))

    def _row(self, wanted: Wanted) -> Mapping[str, Any] | None:
        found, remembered = self.found[wanted.kind], self.ids.get((wanted.kind, wanted.name))
        same = [each for each in found if str(each.get("id")) == remembered]
        named = [each for each in found if each.get("name") == wanted.name]
        if len(named) > 1:
            ids = ", ".join(str(each.get("id")) for each in named)
            self.troubles.append(f"there are {len(named)} {wanted.kind}s called {wanted.name!r}: {ids}; delete one")
        return next(iter([*same, *named]), None)


def _make(api: Api, change: Change) -> str:
    """Create or update one rule, and remember its id."""
    kind, body = change.wanted.kind, change.wanted.body
    sentry_id = change.sentry_id
    if change.action == "create":
        inside = f"projects/{api.project}/detectors" if kind == "detector" else f"{kind}s"
        path = f"organizations/{api.organization}/{inside}/"
        sentry_id = id_of(api.post(path, body), path)
    elif change.action == "update":
        api.put(f"organizations/{api.organization}/{kind}s/{sentry_id}/", body)
    changed = {"sentry_id": sentry_id, "applied_at": timezone.now()}
    same = SentryRule.objects.filter(kind=kind, name=change.wanted.name, sentry_id=sentry_id)
    if change.action != "keep" or not same.exists():
        SentryRule.objects.update_or_create(kind=kind, name=change.wanted.name, defaults=changed)
    return sentry_id
