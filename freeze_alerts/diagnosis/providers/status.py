"""The shapes that status pages have, and what is said of them.

Statuspage: https://www.atlassian.com/software/statuspage, as documented at ``/api`` of each page.
Instatus: https://instatus.com/help/api/public-data; its pages answer at Statuspage's paths too, in another shape, so
that a reader of the other kind would find nothing wrong for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from freeze_alerts.conf import FreezeAlertsError
from freeze_alerts.discord.text import head, one_line

_FINE = {"operational", "OPERATIONAL"}
_STATUSPAGE = {
    "none": "all systems operational", "minor": "minor trouble", "major": "major trouble",
    "critical": "critical trouble", "maintenance": "under maintenance",
}  # fmt: skip
_INSTATUS = {"UP": "all systems operational", "HASISSUES": "has issues", "UNDERMAINTENANCE": "under maintenance"}
_WORDS = {
    "degraded_performance": "degraded", "partial_outage": "partly down", "major_outage": "down",
    "under_maintenance": "under maintenance", "DEGRADEDPERFORMANCE": "degraded", "PARTIALOUTAGE": "partly down",
    "MINOROUTAGE": "partly down", "MAJOROUTAGE": "down", "UNDERMAINTENANCE": "under maintenance",
    "operational": "operational", "OPERATIONAL": "operational",
}  # fmt: skip
_NAMED_AT_MOST = 5
_INCIDENTS_AT_MOST = 2
_NAME_LONGEST = 80


class Unknown(FreezeAlertsError):
    """neither up nor down"""


@dataclass(frozen=True)
class Component:
    """A part of what a provider runs. ``group`` is the name of what it belongs to, or empty."""

    name: str
    status: str
    group: str = ""

    @property
    def is_fine(self) -> bool:
        return self.status in _FINE

    @property
    def words(self) -> str:
        name = f"{self.group} / {self.name}" if self.group else self.name
        return f"{name} {_WORDS.get(self.status, self.status)}"

    def is_called(self, name: str) -> bool:
        return name.casefold() in (self.name.casefold(), self.group.casefold())


@dataclass(frozen=True)
class Page:
    """What a status page says. ``components`` is None where they could not be read."""

    is_fine: bool
    words: str
    components: Sequence[Component] | None
    incidents: Sequence[str]


def describe(page: Page, wanted: Sequence[str] = ()) -> str:
    """The page in a line or a few, of the wanted components alone where any are named. Raises Unknown."""
    shown = _of_interest(page, wanted)
    troubled = [each for each in shown if not each.is_fine]
    if not troubled and (wanted or page.is_fine):
        names = ", ".join(wanted)
        return f"{names}: operational" if wanted else page.words
    names = ", ".join(each.words for each in troubled[:_NAMED_AT_MOST])
    more = len(troubled) - _NAMED_AT_MOST
    lines = [page.words + (f": {names}" if names else "") + (f" and {more} more" if more > 0 else "")]
    return "\n".join([*lines, *page.incidents[:_INCIDENTS_AT_MOST]])


def statuspage(summary: Any) -> Page | None:
    """A page of Statuspage's shape; None where it is none."""
    status = summary.get("status") if isinstance(summary, Mapping) else None
    indicator = _text(status, "indicator") if isinstance(status, Mapping) else ""
    if indicator not in _STATUSPAGE:
        return None
    rows = list(_rows(summary, "components"))
    groups = {_text(each, "id"): _text(each, "name") for each in rows if each.get("group") is True}
    components = [
        Component(_text(each, "name"), _text(each, "status"), groups.get(_text(each, "group_id"), ""))
        for each in rows
        if each.get("group") is not True
    ]
    incidents = [_incident(each, "created_at") for each in _rows(summary, "incidents")]
    return Page(indicator == "none", _STATUSPAGE[indicator], components, incidents)


def instatus(summary: Any, components: Any) -> Page | None:
    """A page of Instatus' shape; None where it is none. ``components`` is what the second address answered."""
    about = summary.get("page") if isinstance(summary, Mapping) else None
    state = _text(about, "status") if isinstance(about, Mapping) else ""
    if state not in _INSTATUS:
        return None
    incidents = [_incident(each, "started") for each in _rows(summary, "activeIncidents")]
    return Page(state == "UP", _INSTATUS[state], list(_leaves(components)) or None, incidents)


def _of_interest(page: Page, wanted: Sequence[str]) -> list[Component]:
    if wanted and page.components is None:
        raise Unknown("its components can't be read")
    known = list(page.components or ())
    for name in wanted:
        if not any(each.is_called(name) for each in known):
            raise Unknown(f"it has no component {name!r}")
    return [each for each in known if not wanted or any(each.is_called(name) for name in wanted)]


def _leaves(node: Any, group: str = "", depth: int = 0) -> Iterator[Component]:
    """The components without children, however the tree above them is built."""
    if depth > 5 or not isinstance(node, Mapping):  # noqa: PLR2004 - deeper than any page
        return
    children = [*_rows(node, "components"), *_rows(node, "children")]
    for each in children:
        yield from _leaves(each, _text(node, "name") or group, depth + 1)
    if not children and (name := _text(node, "name")):
        parent = node.get("group")
        yield Component(name, _text(node, "status"), group or (_text(parent, "name") if parent else ""))


def _incident(row: Mapping[str, Any], since: str) -> str:
    began, link = _text(row, since), _text(row, "shortlink") or _text(row, "url")
    return f"{_text(row, 'name')} (since {began})" + (f" {link}" if link.startswith("https://") else "")


def _rows(node: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    rows = node.get(key)
    return (each for each in rows if isinstance(each, Mapping)) if isinstance(rows, list) else iter(())


def _text(node: Any, key: str) -> str:
    value = node.get(key) if isinstance(node, Mapping) else None
    return head(one_line(value), _NAME_LONGEST) if isinstance(value, str) else ""
