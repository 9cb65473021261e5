"""What is said of an issue, and what may be asked about the errors of late."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from django.db.models import Sum

from freeze_alerts.sources.errors.issues import News, Seen
from freeze_alerts.sources.errors.models import Issue, IssueMinute, database
from freeze_alerts.sources.errors.tally import minute_of

_PREFIX = "issue:"


def told(seen: Seen) -> dict[str, Any]:
    """The arguments of the signals about an issue."""
    issue = seen.issue
    return {
        "key": issue.key, "title": issue.title, "text": _sentence(seen), "fields": fields(issue, seen.release),
        "release": seen.release, "link": "",
    }  # fmt: skip


def fields(issue: Issue, release: str) -> list[tuple[str, str]]:
    """What a card shows of an issue, name and value."""
    shown = [("Where", issue.culprit), ("In", where(issue)), ("Release", release), ("Issue", str(issue.pk))]
    return [(name, value) for name, value in shown if value]


def where(issue: Issue) -> str:
    """The page, task or command: ``POST /checkout/``."""
    sample = issue.sample
    name = sample.get("transaction") or sample.get("path") or ""
    return f"{sample.get('method', '')} {name}".strip()


def issue_of(key: str) -> Issue | None:
    """The issue that an alert of this key is about; None where it is none of ours, or gone."""
    number = key.removeprefix(_PREFIX)
    if not key.startswith(_PREFIX) or not number.isdecimal():
        return None
    return Issue.objects.using(database()).filter(pk=int(number)).first()


def top_issues(minutes: int = 60, limit: int = 5, *, payment: bool | None = None) -> Sequence[tuple[Issue, int]]:
    """The most frequent issues of the last minutes and how often each was met; ignored ones left out."""
    since = minute_of(time.time()) - minutes
    rows = IssueMinute.objects.using(database()).filter(minute__gt=since).exclude(issue__status=Issue.Status.IGNORED)
    if payment is not None:
        rows = rows.filter(issue__payment=payment)
    counted = dict(rows.values_list("issue").annotate(times=Sum("count")).order_by("-times", "issue")[:limit])
    found = Issue.objects.using(database()).in_bulk(counted)
    return [(found[pk], times) for pk, times in counted.items() if pk in found]


def releases(issue: Issue) -> list[str]:
    """The releases it was seen in, the oldest first."""
    return list(issue.releases.using(database()).order_by("seen_at", "pk").values_list("release", flat=True))


def _sentence(seen: Seen) -> str:
    issue, times = seen.issue, "" if seen.group.count == 1 else f", {seen.group.count:,} times"
    if seen.news is News.FOUND:
        return f"Never seen before{times}."
    if seen.news is News.REGRESSED:
        by = f" by {issue.resolved_by}" if issue.resolved_by else ""
        resolved = f" on {issue.resolved_at:%-d %B %Y}{by}" if issue.resolved_at else ""
        return f"It was resolved{resolved}, and is back{times}."
    return f"Met again{times}; {issue.occurrences + seen.group.count:,} times in all."
