"""``health/``: how the site and its alerting are, for load balancers, uptime monitors and people."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import connections, transaction
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from freeze_alerts import conf
from freeze_alerts.sources.disk import patience
from freeze_alerts.watch import reader
from freeze_alerts.watch.health import Condition, State, worst

STAFF_SECONDS = 1.0


@never_cache
@require_safe
@login_not_required
@transaction.non_atomic_requests
def health(request: HttpRequest) -> JsonResponse:
    """200 while the site can serve, 503 when something is critical; details for staff, and whoever has the token."""
    conditions = reader.look()
    state = worst(conditions)
    told: dict[str, Any] = {"status": state}
    if _has_token(request) or _is_staff(request, conditions):
        told["checks"] = [_row(each, timezone.now()) for each in conditions]
    return JsonResponse(told, status=503 if state is State.CRITICAL else 200)


def _row(condition: Condition, now: datetime) -> dict[str, Any]:
    return {
        "name": condition.name,
        "state": condition.state,
        "value": condition.value,
        "unit": condition.unit or None,
        "threshold": condition.threshold,
        "since": condition.since,
        "age_seconds": condition.at and max(0, round((now - condition.at).total_seconds())),
    }


def _has_token(request: HttpRequest) -> bool:
    wanted = conf.current().watch.health_token
    kind, _, brought = request.headers.get("Authorization", "").partition(" ")
    return kind.lower() == "bearer" and bool(wanted) and constant_time_compare(brought.strip(), wanted or "")


def _is_staff(request: HttpRequest, conditions: list[Condition]) -> bool:
    """Who it is stands in the database: so it is asked only while that answers, and with patience for a second."""
    answers = any(each.name == "database" and each.state is State.OK for each in conditions)
    if not answers or settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return False
    try:
        return patience.within(STAFF_SECONDS, "whether it is staff who asks for health", lambda: _asked(request))
    except Exception:  # noqa: BLE001 - whatever keeps us from knowing: then it is nobody
        return False


def _asked(request: HttpRequest) -> bool:
    try:
        user = getattr(request, "user", None)
        return bool(getattr(user, "is_active", False) and getattr(user, "is_staff", False))
    finally:
        connections.close_all()
