"""Writing down what a process has seen: one transaction, in which whatever is news is told too."""

from __future__ import annotations

import logging
import platform
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from functools import partial

from django.db import DatabaseError, InterfaceError, transaction
from django.dispatch import Signal
from django.utils import timezone

from freeze_alerts import conf, signals
from freeze_alerts.sources.errors import issues, rates, reports
from freeze_alerts.sources.errors.issues import News, Seen
from freeze_alerts.sources.errors.models import ErrorMinute, FailedPayment, Issue, IssueMinute, database
from freeze_alerts.sources.errors.record import reworded
from freeze_alerts.sources.errors.scrub import keyed, plain
from freeze_alerts.sources.errors.tally import Group, Tally
from freeze_alerts.sources.errors.upsert import add_counts, insert_new

logger = logging.getLogger("freeze_alerts")

NEW_WITHIN = timedelta(minutes=5)
Series = ErrorMinute.Series
Counts = Counter[tuple[str, int]]


def book(tally: Tally) -> None:
    """Book all of it or nothing: what this raises says that nothing was booked, and may be tried again.

    One text that the database has no room for must not hold up the others.
    """
    if conf.current().errors.judge != "local":
        return
    try:
        _book(tally)
    except DatabaseError:
        plainer = _in_plain(tally)
        if plainer.groups == tally.groups:
            raise
        _book(plainer)


def _in_plain(tally: Tally) -> Tally:
    """The same in characters that every database has room for."""
    plainer = Tally()
    plainer.unsorted = tally.unsorted
    for kind, group in tally.groups.items():
        plainer.groups[kind] = replace(group, record=reworded(group.record, plain))
    return plainer


def _book(tally: Tally) -> None:
    digests = issues.digests(tally.groups)
    # Read before the transaction: SQLite can't turn a reading one into a writing one under load.
    known = issues.known(digests.values())
    ordered = sorted(((digests[kind], group) for kind, group in tally.groups.items()), key=lambda each: each[0])
    loud = [group for digest, group in ordered if not _is_ignored(known.get(digest))]
    booked: list[bool] = []
    spoilt: list[Callable[[], object]] = []
    try:
        with transaction.atomic(using=database()):
            transaction.on_commit(partial(booked.append, True), using=database())
            _count_minutes(loud, tally.unsorted)
            seen = [issues.see(digest, known.get(digest), group) for digest, group in ordered]
            rows = [(each.issue.pk, minute, count) for each in seen for minute, count in each.group.minutes.items()]
            add_counts(IssueMinute, ("issue", "minute"), sorted(rows))
            for telling in (*_news(seen), *_rates(), *_dropped(tally)):
                _tell_apart(telling, spoilt)
    except Exception:
        if not booked:
            rates.forget_told()
            raise
        logger.exception("errors were booked, but somebody who was told of it failed")
    _tell_afterwards(spoilt)


def _is_ignored(issue: Issue | None) -> bool:
    return issue is not None and issue.status == Issue.Status.IGNORED


def _count_minutes(groups: Iterable[Group], unsorted: Counter[tuple[bool, int]]) -> None:
    """The first thing written: from here on processes book one after the other."""
    counts: Counts = Counter()
    failed: set[tuple[int, str]] = set()
    for group in groups:
        _count(counts, group.minutes, Series.ERRORS, *([Series.PAYMENTS] if group.record.payment else []))
        _count(counts, group.unnamed_payments, Series.UNNAMED)
        failed |= {(minute, keyed(payment)) for payment, minute in group.payments}
    for (payment, minute), count in unsorted.items():
        every = (Series.ERRORS, Series.PAYMENTS, Series.UNNAMED) if payment else (Series.ERRORS,)
        _count(counts, {minute: count}, *every)
    add_counts(ErrorMinute, ("series", "minute"), sorted((*key, count) for key, count in counts.items()))
    insert_new(FailedPayment, ("minute", "payment"), sorted(failed))


def _count(counts: Counts, minutes: Counter[int] | dict[int, int], *series: Series) -> None:
    for each in series:
        for minute, count in minutes.items():
            counts[each.value, minute] += count


def _news(seen: Iterable[Seen]) -> Iterable[Callable[[], object]]:
    """What is to be told of each issue: one thing at most, payments first."""
    for each in seen:
        if _is_ignored(each.issue):
            continue
        if each.issue.payment:
            yield partial(_send, signals.payment_failed, each, news=each.news.value)
        elif each.news is News.REGRESSED:
            yield partial(_send, signals.issue_regressed, each)
        elif each.news is News.FOUND:
            yield partial(_send_found, each)


def _send(signal: Signal, seen: Seen, **more: object) -> None:
    signal.send_robust(sender=Issue, **reports.told(seen), **more)


def _send_found(seen: Seen) -> None:
    recent = Issue.objects.using(database()).filter(found_at__gt=timezone.now() - NEW_WITHIN, payment=False)
    earlier = recent.filter(pk__lte=seen.issue.pk).count()
    _send(signals.issue_found, seen, new_within_5_minutes=earlier)


def _rates() -> Iterable[Callable[[], object]]:
    settings = conf.current().errors
    for series in (Series.ERRORS, Series.PAYMENTS):
        verdict = rates.judge(rates.read(series), settings)
        if rates.is_news(verdict):
            yield partial(rates.tell, verdict)


def _dropped(tally: Tally) -> Iterable[Callable[[], object]]:
    if count := tally.unsorted.total():
        yield partial(signals.errors_dropped.send_robust, sender=Tally, host=platform.node(), count=count)


def _tell_apart(telling: Callable[[], object], spoilt: list[Callable[[], object]]) -> None:
    """In a savepoint: a listener that spoils the transaction undoes its own part, and is told again afterwards."""
    try:
        with transaction.atomic(using=database()):
            telling()
            if transaction.get_rollback(using=database()):
                raise transaction.TransactionManagementError("somebody marked it to be rolled back")
    except (DatabaseError, InterfaceError):
        if not transaction.get_connection(database()).is_usable():
            raise
        logger.exception("somebody who was told of errors spoilt the transaction; told again after it")
        spoilt.append(telling)


def _tell_afterwards(spoilt: Iterable[Callable[[], object]]) -> None:
    for telling in spoilt:
        try:
            telling()
        except Exception:  # what is booked must not be booked again because of a listener
            logger.exception("somebody could not be told of errors")
