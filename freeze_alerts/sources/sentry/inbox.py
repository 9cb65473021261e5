"""Working Sentry's webhooks off: each becomes a signal once, in the transaction that says so."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, IntegrityError, router, transaction
from django.utils import timezone

from freeze_alerts import conf, signals
from freeze_alerts.catalog import Severity
from freeze_alerts.sources.sentry.models import SentryDelivery
from freeze_alerts.sources.sentry.payloads import News

logger = logging.getLogger("freeze_alerts")

AT_ONCE = 500
SECOND_SOURCE_WAITS = timedelta(minutes=1)
"""``issue.*`` comes beside the rules, and knows no tags: the rule that says the same has this long to come first."""
SAME_NEWS_WITHIN = timedelta(minutes=10)
KEPT = timedelta(days=30)
_SIGNALS = {
    "issue_found": signals.issue_found, "issue_regressed": signals.issue_regressed,
    "payment_failed": signals.payment_failed, "issue_resolved": signals.issue_resolved,
    "sentry_judged": signals.sentry_judged,
}  # fmt: skip


def work_off() -> int:
    """Make alerts of what has come; returns how many webhooks were worked off."""
    ripe = timezone.now() - SECOND_SOURCE_WAITS
    waiting = SentryDelivery.objects.filter(worked_at=None).order_by("id")[:AT_ONCE]
    due = [row for row in waiting if not _is_second_source(row) or row.received_at <= ripe]
    worked = sum(_work_off_whatever_comes(row) for row in due)
    if worked:
        signals.sentry_heard.send_robust(sender=SentryDelivery)
    return worked


def prune(*, dry_run: bool = False) -> int:
    """Take away what was worked off a month ago; returns how many."""
    old = SentryDelivery.objects.filter(worked_at__lt=timezone.now() - KEPT)
    return old.count() if dry_run else old.delete()[0]


def tell(row: SentryDelivery) -> str:
    """Send the signal that a webhook becomes; returns what became of it."""
    news: Mapping[str, Any] = row.news
    signal = _SIGNALS.get(news.get("signal", ""))
    if signal is None:
        return str(news.get("why_not") or "nothing follows from it")
    if conf.current().errors.judge != "sentry":
        return "the local judge decides"
    told = dict(news["told"])
    if told.get("severity"):
        told["severity"] = Severity(told["severity"])
    signal.send_robust(sender=SentryDelivery, **told)
    return f"told as {news['signal']}"


def tell_missed(news: News) -> bool:
    """Tell what no webhook told, as one would have; False where another process was quicker."""
    about, now = news.issue or news.told.get("series", ""), timezone.now()
    name = f"asked:{about}:{news.signal}:{now:%Y-%m-%dT%H}"[:64]
    row = SentryDelivery(
        request_id=name, news_key=name, issue=news.issue, resource="reconcile", action=news.signal,
        news=news.as_json(), worked_at=now, outcome="missed: told by asking",
    )  # fmt: skip
    try:
        with transaction.atomic(using=router.db_for_write(SentryDelivery)):
            row.save(force_insert=True)
            tell(row)
    except IntegrityError:
        return False
    return True


def _work_off_whatever_comes(row: SentryDelivery) -> bool:
    """A listener that spoils the transaction holds nothing up: its webhook is told again, outside of any."""
    using = router.db_for_write(SentryDelivery)
    try:
        return _work_off(row)
    except DatabaseError:
        if not transaction.get_connection(using).is_usable():
            raise
        logger.exception("somebody who was told of a webhook of Sentry's spoilt the transaction; told again after it")
    mine = SentryDelivery.objects.filter(pk=row.pk, worked_at=None)
    if not mine.update(worked_at=timezone.now(), outcome="told after its transaction was spoilt"):
        return False
    tell(row)
    return True


def _work_off(row: SentryDelivery) -> bool:
    """False where somebody else has it."""
    with transaction.atomic(using=router.db_for_write(SentryDelivery)):
        mine = SentryDelivery.objects.filter(pk=row.pk, worked_at=None)
        if not mine.update(worked_at=timezone.now()):
            return False
        outcome = "told by its rule" if _is_second_source(row) and _told_by_rule(row) else tell(row)
        SentryDelivery.objects.filter(pk=row.pk).update(outcome=outcome[:255])
    return True


def _is_second_source(row: SentryDelivery) -> bool:
    return row.resource == "issue" and row.news.get("signal") == "issue_regressed"


def _told_by_rule(row: SentryDelivery) -> bool:
    rule = SentryDelivery.objects.filter(issue=row.issue, resource="event_alert").exclude(news_key=None)
    around = (row.received_at - SAME_NEWS_WITHIN, row.received_at + SAME_NEWS_WITHIN)
    return rule.filter(received_at__range=around).exists()
