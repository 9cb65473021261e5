"""Asking Sentry what no webhook told: silence is also what a calm week looks like.

Sentry's own relays have been silent for days with every part of them well, so its list of issues is held against what
came. What is found missing is told, and so is that it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from freeze_alerts import conf, signals
from freeze_alerts.sources.sentry import payloads, spikes
from freeze_alerts.sources.sentry.api import Api, ApiError
from freeze_alerts.sources.sentry.inbox import tell_missed
from freeze_alerts.sources.sentry.models import SentryDelivery, SentryRule
from freeze_alerts.sources.sentry.payloads import News, Scrub
from freeze_alerts.sources.sentry.plan import project_of

_QUERIES = {"issue_found": "is:unresolved firstSeen:-1h", "issue_regressed": "is:regressed lastSeen:-1h"}
_TEXTS = {"issue_found": "Sentry has never seen it before.", "issue_regressed": "It was resolved, and is back."}
_NAMED_AT_MOST = 5


@dataclass(frozen=True)
class Missed:
    """An issue of which no webhook told."""

    signal: str
    issue: Mapping[str, Any]
    payment: bool

    @property
    def number(self) -> str:
        return str(self.issue.get("id", ""))


def reconcile(scrub: Scrub) -> list[Missed]:
    """Ask, tell what was missed, and say that it was. Where Sentry can't be asked, that is told instead."""
    settings = conf.current()
    if settings.errors.judge != "sentry":
        return []
    try:
        with Api(settings.sentry) as api:
            missed = [each for signal in _QUERIES for each in _missed(api, settings, signal)]
            ends = spikes.missed_ends(api, settings)
    except ApiError as error:
        signals.sentry_unreachable.send_robust(sender=Missed, error=str(error))
        return []
    signals.sentry_asked.send_robust(sender=Missed)
    for end in ends:
        tell_missed(end)
    told = [each for each in missed if tell_missed(_news(each, scrub))]
    if told:
        titles = [str(each.issue.get("shortId") or each.number) for each in told[:_NAMED_AT_MOST]]
        signals.sentry_missed.send_robust(sender=Missed, count=len(told), issues=titles)
    return told


def _missed(api: Api, settings: conf.Settings, signal: str) -> list[Missed]:
    path, query = f"organizations/{api.organization}/issues/", _QUERIES[signal]
    where = {"project": project_of(api), "environment": settings.environment}
    rows = list(api.rows(path, query=query, **where))
    payments = (
        {str(each.get("id")) for each in api.rows(path, query=f"{query} domain:payment", **where)} if rows else ()
    )
    due = [each for each in rows if _is_due(each, signal) and not _came(str(each.get("id", "")), signal)]
    return [Missed(signal, each, str(each.get("id")) in payments) for each in due]


def _is_due(issue: Mapping[str, Any], signal: str) -> bool:
    """Whether its webhook has had its time to come; what is older than our rules in Sentry is not theirs to tell."""
    since = _moment(issue.get("firstSeen" if signal == "issue_found" else "lastSeen"))
    if since is None:
        return True
    ours = SentryRule.objects.order_by("applied_at").values_list("applied_at", flat=True).first()
    return since <= timezone.now() - spikes.WEBHOOKS_HAVE and (ours is None or since >= ours)


def _moment(value: Any) -> datetime | None:
    moment = parse_datetime(value) if isinstance(value, str) else None
    if moment is None or timezone.is_aware(timezone.now()):
        return moment
    return timezone.make_naive(moment) if timezone.is_aware(moment) else moment


def _came(number: str, signal: str) -> bool:
    """Whether anything told of it; of a regression, since the issue was last resolved."""
    of_it = SentryDelivery.objects.filter(issue=number)
    if signal == "issue_found":
        return of_it.filter(news__signal__in=[signal, "payment_failed"]).exists()
    payment = Q(news__signal="payment_failed", news__told__news__in=["", "regression"])
    back = of_it.filter(Q(news__signal=signal) | payment)
    resolved = of_it.filter(news__signal="issue_resolved").order_by("-received_at")
    last = resolved.values_list("received_at", flat=True).first()
    return (back if last is None else back.filter(received_at__gt=last)).exists()


def _news(missed: Missed, scrub: Scrub) -> News:
    told = payloads.told_of(missed.number, missed.issue, text=_TEXTS[missed.signal], scrub=scrub)
    if missed.payment:
        kind = "new" if missed.signal == "issue_found" else "regression"
        return News("payment_failed", missed.number, {**told, "news": kind})
    return News(missed.signal, missed.number, told)
