"""What a clock that was put back leaves behind: moments further ahead than any we set, for which all would wait.

Moments are kept in the database by the clock on the wall, since many processes share them. A clock that was put
forward only makes things due early.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from django.utils import timezone

from freeze_alerts.outbox import pace
from freeze_alerts.outbox.claim import LEASE
from freeze_alerts.outbox.fold import NEW_DIGEST_AFTER
from freeze_alerts.outbox.models import Message, WebhookState

logger = logging.getLogger("freeze_alerts")

SKEW = timedelta(minutes=2)
"""By how much the clocks of two hosts may differ without harm."""
NOTICED_FROM_SECONDS = 5.0
LONGEST_WAIT = timedelta(hours=1)
"""For an edit of an old message, or as Discord asks."""


class _Clock:
    ahead_seconds: float | None = None
    """By how much the clock on the wall was ahead of the one that never jumps, when this process last looked."""


def mend_if_put_back() -> None:
    """Mend at this process's first pass, and whenever its clock has been put back since the last."""
    before, _Clock.ahead_seconds = _Clock.ahead_seconds, time.time() - time.monotonic()
    if before is None or _Clock.ahead_seconds < before - NOTICED_FROM_SECONDS:
        mend()


def mend() -> int:
    """Bring back whatever lies further ahead than can be; returns how many rows."""
    now = timezone.now()
    ahead = now + SKEW
    unsent = Message.objects.filter(state__in=(Message.State.PENDING, Message.State.UNKNOWN))
    digests = Message.objects.filter(kind=Message.Kind.DIGEST, created_at__gt=ahead)
    leases = Message.objects.filter(lease_until__gt=ahead + LEASE)
    edits = Message.objects.filter(redraw_at__gt=ahead + LONGEST_WAIT)
    blocks = WebhookState.objects.filter(blocked_until__gt=ahead + LONGEST_WAIT)
    windows = WebhookState.objects.filter(reset_at__gt=ahead)
    paces = WebhookState.objects.filter(paced_until__gt=ahead + pace.longest_debt())
    mended = (
        digests.filter(state=Message.State.SENT).update(created_at=now - 2 * NEW_DIGEST_AFTER)
        + unsent.filter(created_at__gt=ahead).update(created_at=now, due_at=now)
        + leases.update(lease_until=now - timedelta(seconds=1))
        + edits.update(redraw_at=now)
        + blocks.update(blocked_until=now)
        + windows.update(reset_at=None, remaining=None)
        + paces.update(paced_until=now)
    )
    if mended:
        logger.warning("the clock was put back: %s rows of the outbox were mended", mended)
    return mended
