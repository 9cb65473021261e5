"""Each minute: judge the rates, though no error came, and forget the counts that nobody asks for any more."""

from __future__ import annotations

import time
from datetime import timedelta

from freeze_alerts import conf
from freeze_alerts.sources.errors import rates
from freeze_alerts.sources.errors.models import ErrorMinute, FailedPayment, IssueMinute, database
from freeze_alerts.sources.errors.tally import minute_of

_FORGOTTEN_AT_ONCE = 5_000


def judge_rates() -> list[rates.Verdict]:
    """Read, judge and tell both series; none where Sentry judges."""
    if conf.current().errors.judge != "local":
        return []
    verdicts = rates.judge_all()
    forget()
    return verdicts


def forget() -> int:
    """Delete some of the counts that are older than ERRORS.KEEP_DAYS; returns how many."""
    days = max(conf.current().errors.keep_days, 1)
    before = minute_of(time.time() - timedelta(days=days).total_seconds())
    gone = 0
    for model in (ErrorMinute, IssueMinute, FailedPayment):
        old = model.objects.using(database()).filter(minute__lt=before)
        oldest = list(old.order_by("minute").values_list("pk", flat=True)[:_FORGOTTEN_AT_ONCE])
        for start in range(0, len(oldest), 500):  # SQLite takes no more than so many parameters
            gone += model.objects.using(database()).filter(pk__in=oldest[start : start + 500]).delete()[0]
    return gone
