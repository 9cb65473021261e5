"""The findings of an error alert: how bad it is, which release, and the line it came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from django.utils import timezone

from freeze_alerts import conf
from freeze_alerts.diagnosis import providers, services
from freeze_alerts.diagnosis.budget import Skip, Step
from freeze_alerts.sources.errors import reports
from freeze_alerts.sources.errors.models import Issue

_LIMIT_SECONDS = 5.0
_TOP = 5
_RELEASES_SHOWN = 4


class IssueAlert(Protocol):
    """What is asked of an alert: which trouble it is."""

    @property
    def key(self) -> str: ...


def issue_steps(alert: IssueAlert) -> list[Step]:
    """The steps for one issue, new or back; for many new ones at once, which they are."""
    if alert.key.startswith("issues:"):
        return [top_issues()]
    return [
        Step("How bad it is", lambda: _extent(_issue(alert)), _LIMIT_SECONDS),
        Step("The line it came from", lambda: _line(_issue(alert)), _LIMIT_SECONDS),
    ]


def spike_steps(_: object) -> list[Step]:
    """The steps for more errors than usual: which, since which release, and whose fault it may be."""
    return [
        top_issues(),
        Step("Release", _release, _LIMIT_SECONDS),
        services.step(),
        *providers.steps(),
    ]


def top_issues(*, payment: bool | None = None) -> Step:
    """The most frequent issues of the hour."""
    return Step("Top issues of the hour", lambda: _top(payment), _LIMIT_SECONDS)


def _issue(alert: IssueAlert) -> Issue:
    issue = reports.issue_of(alert.key)
    if issue is None:
        raise Skip("this issue is not kept here: follow the card's link")
    return issue


def _extent(issue: Issue) -> str:
    return "\n".join(line for line in (_count(issue), _releases(issue), _history(issue)) if line)


def _count(issue: Issue) -> str:
    times = f"{issue.occurrences:,} time{'s'[: issue.occurrences != 1]}"
    people = f", {issue.users:,} user{'s'[: issue.users != 1]}" if issue.users else ""
    return f"{times}{people}; first {_when(issue.first_seen_at)}, last {_when(issue.last_seen_at)}"


def _releases(issue: Issue) -> str:
    seen = reports.releases(issue)
    if not seen:
        return ""
    more = f"{len(seen) - _RELEASES_SHOWN} earlier, " if len(seen) > _RELEASES_SHOWN else ""
    return f"in release {more}{', '.join(seen[-_RELEASES_SHOWN:])}"


def _history(issue: Issue) -> str:
    if not issue.times_regressed:
        return ""
    by = f" by {issue.resolved_by}" if issue.resolved_by else ""
    resolved = f"; resolved {_when(issue.resolved_at)}{by}" if issue.resolved_at else ""
    return f"back for the {_ordinal(issue.times_regressed)} time{resolved}"


def _line(issue: Issue) -> str:
    """The nearest call of the project's own, as it was stored: scrubbed, and without variables."""
    frames: list[dict[str, Any]] = issue.sample.get("frames") or []
    own = [each for each in frames if each.get("in_app")]
    if not frames:
        raise Skip("it was logged, not raised: see where in the card")
    frame = (own or frames)[-1]
    place = f"{frame.get('filename')}:{frame.get('line')} in {frame.get('function')}"
    return "\n".join(line for line in (place, str(frame.get("code") or "").strip()) if line)


def _top(payment: bool | None) -> str:
    found = reports.top_issues(limit=_TOP, payment=payment)
    if not found:
        raise Skip("no issue was met within the hour")
    return "\n".join(f"{times:,} × {issue.title[:100]} ({issue.culprit[:60]})" for issue, times in found)


def _release() -> str:
    """Which release it is, and whether the trouble began with it."""
    issues = [issue for issue, _ in reports.top_issues(limit=_TOP)]
    running = conf.current().release or _most_common([each.last_release for each in issues])
    if not running:
        raise Skip("no error says which release it is from: set RELEASE")
    began = sum(each.first_release == running for each in issues)
    of = f"{began} of the top {len(issues)} issues" if len(issues) > 1 else "the top issue"
    return f"{running}; {of} began with it" if began else f"{running}; no top issue began with it"


def _most_common(names: Sequence[str]) -> str:
    counted = Counter(name for name in names if name).most_common(1)
    return counted[0][0] if counted else ""


def _when(moment: datetime) -> str:
    """The hour, and the day where that isn't plain."""
    now = timezone.localtime() if timezone.is_aware(moment) else timezone.now()
    there = timezone.localtime(moment) if timezone.is_aware(moment) else moment
    return f"{there:%H:%M}" if there.date() == now.date() else f"{there:%d %b %Y %H:%M}"


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10 if number % 100 not in (11, 12, 13) else 0, "th")
    return f"{number}{ending}"
