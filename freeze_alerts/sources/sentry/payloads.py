"""What Sentry's webhooks say, as far as it concerns us: https://docs.sentry.io/organization/integrations/.

A rule is known by its exact name. Of an event only what a card shows is taken; its tags come as a dict or as pairs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from freeze_alerts import conf
from freeze_alerts.catalog import AlertType, Severity
from freeze_alerts.sources.sentry import rules

TITLE_LONGEST, TEXT_LONGEST = 256, 400
SPIKES = {AlertType.ERROR_SPIKE: "errors", AlertType.PAYMENT_SPIKE: "payments"}
"""The monitors' alert types, and how ``sentry_judged`` calls what each counts."""
_LEVELS = {"critical": Severity.CRITICAL, "warning": Severity.WARNING, "resolved": None}
_ENDED = {"resolved": "resolved in Sentry", "archived": "archived in Sentry", "ignored": "archived in Sentry"}
_COUNTED = re.compile(r"\d+")
_PROJECT = re.compile(r"/projects/[^/]+/([^/]+)/")

Scrub = Callable[[str], str]


@dataclass(frozen=True)
class News:
    """What a webhook tells. ``signal`` names the signal of ours it becomes; empty for what is no news."""

    signal: str = ""
    issue: str = ""
    """Sentry's number of the issue, where it is about one."""
    told: dict[str, Any] = field(default_factory=dict)
    """The signal's arguments."""
    identity: str = ""
    """What else tells it from other news about the same; empty where only the whole body does."""
    why_not: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def read(resource: str, body: Mapping[str, Any], settings: conf.Settings, scrub: Scrub) -> News:
    """The news in a webhook. Anything that is not as documented is no news."""
    data, action = _mapping(body, "data"), text_of(body, "action")
    if resource == "event_alert":
        return _event(data, settings, scrub)
    if resource == "metric_alert":
        return _metric(action, data, settings, scrub)
    if resource == "issue":
        return _issue(action, body, settings, scrub)
    return News(why_not="nothing follows from it")


def key_of(issue: str) -> str:
    """How alerts name an issue of Sentry's."""
    return f"sentry:{issue}"


def told_of(issue: str, row: Mapping[str, Any], *, text: str, scrub: Scrub, release: str = "") -> dict[str, Any]:
    """The arguments of a signal about an issue, from an event or an issue as Sentry describes it."""
    fields = [("Where", _clean(row, "culprit", scrub)), ("Release", release), ("Issue", text_of(row, "shortId"))]
    link = next(
        (each for each in (text_of(row, "web_url"), text_of(row, "permalink")) if each.startswith("https://")), ""
    )
    return {
        "key": key_of(issue), "title": _clean(row, "title", scrub)[:TITLE_LONGEST] or "an error", "text": text,
        "fields": [[name, value] for name, value in fields if value], "release": release, "link": link,
    }  # fmt: skip


def _event(data: Mapping[str, Any], settings: conf.Settings, scrub: Scrub) -> News:
    event, rule = _mapping(data, "event"), text_of(data, "triggered_rule")
    alert_type, issue = _alert_type(rule, settings), text_of(event, "issue_id")
    if alert_type in SPIKES:
        return _spike(alert_type, _priority(event), text_of(event, "title"), "", scrub)
    if alert_type is None or not issue:
        return News(why_not=f"no rule of ours: {rule[:80]!r}")
    if _elsewhere(_PROJECT.search(text_of(event, "url")), settings):
        return News(why_not="another project")
    tags = dict(_pairs(event.get("tags")))
    payment = tags.get("domain") == "payment" or alert_type == AlertType.PAYMENT_ERROR
    release = text_of(event, "release") or tags.get("release", "")
    texts = {
        AlertType.NEW_ISSUE: "Sentry has never seen it before.",
        AlertType.REGRESSION: "It was resolved in Sentry, and is back.",
        AlertType.PAYMENT_ERROR: "A payment met an error.",
    }
    told = told_of(issue, event, text=texts[AlertType(alert_type)], scrub=scrub, release=release)
    identity = f"{rule}|{issue}|{text_of(event, 'event_id')}"
    if payment:
        news = {AlertType.NEW_ISSUE: "new", AlertType.REGRESSION: "regression"}.get(AlertType(alert_type), "")
        return News("payment_failed", issue, {**told, "news": news}, identity)
    signal = "issue_found" if alert_type == AlertType.NEW_ISSUE else "issue_regressed"
    return News(signal, issue, told, identity)


def _metric(action: str, data: Mapping[str, Any], settings: conf.Settings, scrub: Scrub) -> News:
    alert = _mapping(data, "metric_alert")
    names = [text_of(_mapping(alert, "alert_rule"), "name"), text_of(alert, "title")]
    alert_type = next((found for name in names if (found := _alert_type(name, settings))), None)
    if alert_type not in SPIKES or action not in _LEVELS:
        return News(why_not=f"no rule of ours: {names[0][:80]!r} {action[:20]!r}")
    text = text_of(data, "description_text").replace("\\n", "\n")
    return _spike(alert_type, action, text, text_of(data, "web_url"), scrub)


def _spike(alert_type: str, action: str, text: str, link: str, scrub: Scrub) -> News:
    text, severity = scrub(text)[:TEXT_LONGEST], _LEVELS[action]
    counted = _COUNTED.search(text)
    told = {
        "series": SPIKES[AlertType(alert_type)],
        "severity": severity,
        "text": text,
        "count": int(counted[0][:12]) if counted else 0,
        "link": link if link.startswith("https://") else "",
    }
    return News("sentry_judged", "", told)


def _issue(action: str, body: Mapping[str, Any], settings: conf.Settings, scrub: Scrub) -> News:
    issue = _mapping(_mapping(body, "data"), "issue")
    number, slug = text_of(issue, "id"), text_of(_mapping(issue, "project"), "slug")
    if not number or slug != settings.sentry.project:
        return News(why_not="another project")
    if action in _ENDED:
        by = scrub(text_of(_mapping(body, "actor"), "name"))[:150]
        return News("issue_resolved", number, {"key": key_of(number), "by": by, "reason": _ENDED[action]})
    if action == "unresolved" and text_of(issue, "substatus") == "regressed":
        told = told_of(number, issue, text="It was resolved in Sentry, and is back.", scrub=scrub)
        return News("issue_regressed", number, told)
    return News(issue=number, why_not="left to the rules")


def _alert_type(rule: str, settings: conf.Settings) -> str | None:
    return {rules.name_of(each, settings.environment): each for each in rules.NAMES}.get(rule)


def _priority(event: Mapping[str, Any]) -> str:
    """A monitor's issue that comes as an event: its level says how bad it is."""
    occurrence = _mapping(event, "occurrence")
    level = text_of(occurrence, "level") or text_of(event, "level")
    return "warning" if level == "warning" else "critical"


def _elsewhere(found: re.Match[str] | None, settings: conf.Settings) -> bool:
    return found is not None and found[1] != settings.sentry.project and not found[1].isdecimal()


def _pairs(tags: Any) -> Iterator[tuple[str, str]]:
    pairs = tags.items() if isinstance(tags, Mapping) else tags if isinstance(tags, list) else ()
    for pair in pairs:
        if isinstance(pair, (list, tuple)) and len(pair) == 2 and isinstance(pair[0], str):  # noqa: PLR2004 - a pair
            yield pair[0], _storable(pair[1]) if isinstance(pair[1], str) else ""


def _mapping(row: Any, name: str) -> Mapping[str, Any]:
    value = row.get(name) if isinstance(row, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def text_of(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if isinstance(value, str):
        return _storable(value[:2000])
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _storable(text: str) -> str:
    """Text that every database takes: PostgreSQL has no NUL, and none has half a surrogate."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _clean(row: Mapping[str, Any], name: str, scrub: Scrub) -> str:
    return " ".join(scrub(text_of(row, name)).split())[:TEXT_LONGEST]
