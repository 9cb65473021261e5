"""Sentry's webhooks as its documentation shows them, signed."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
from typing import Any

SECRET = "a-client-secret-of-the-integration-0123456789abcdef"
URL = "/alerts/sentry/webhook/"
_numbers = itertools.count()
_COMMON = {"installation": {"uuid": "a8e5d37a-696c-4c54-adb5-b3f28d64c7de"},
           "actor": {"type": "application", "id": "sentry", "name": "Sentry"}}  # fmt: skip


def event_alert(rule: str, *, issue: str = "1117540176", event: str = "e4874d664c3540c1a32eab185f12c5ab",
                tags: Any = (), **changes: Any) -> dict[str, Any]:  # fmt: skip
    return {
        "action": "triggered", **_COMMON,
        "data": {
            "triggered_rule": rule,
            "event": {
                "event_id": event, "issue_id": issue, "project": 1, "title": "PaymentError: declined",
                "level": "error", "culprit": "/pay/", "release": "shop@1.2.3", "platform": "python",
                "datetime": "2026-08-19T21:06:17.403000Z", "timestamp": 1566248777.677, "type": "error", "logger": "",
                "tags": [["environment", "production"], ["level", "error"], *tags],
                "metadata": {"type": "PaymentError", "value": "declined", "filename": "shop/payments.py"},
                "exception": {"values": [{"type": "PaymentError", "value": "declined", "stacktrace": {"frames": [
                    {"filename": "shop/payments.py", "vars": {"card": "4111111111111111"}}]}}]},
                "user": {"email": "ada@shop.example"}, "request": {"data": {"cvv": "123"}},
                "url": "https://sentry.io/api/0/projects/shop/backend/events/e4874d66/",
                "web_url": f"https://sentry.io/organizations/shop/issues/{issue}/events/e4874d66/",
                "issue_url": f"https://sentry.io/api/0/organizations/shop/issues/{issue}/",
                **changes,
            },
        },
    }  # fmt: skip


def metric_alert(action: str, rule: str, *, number: str = "4") -> dict[str, Any]:
    return {
        "action": action, **_COMMON,
        "data": {
            "description_title": f"{action.title()}: {rule}",
            "description_text": "62 events in the last 60 minutes\\nFilter: level:error",
            "web_url": "https://sentry.io/organizations/shop/alerts/1/",
            "metric_alert": {
                "id": number, "identifier": "1", "title": rule, "status": 2, "date_started": "2026-08-19T21:06:17Z",
                "date_closed": None, "projects": ["backend"],
                "alert_rule": {"id": "7", "name": rule, "aggregate": "count()", "query": "level:error",
                               "time_window": 60, "threshold_type": 0, "triggers": []},
            },
        },
    }  # fmt: skip


def issue(action: str, *, number: str = "1117540176", project: str = "backend", **changes: Any) -> dict[str, Any]:
    return {
        "action": action, **_COMMON, "actor": {"type": "user", "id": 7, "name": "Ada"},
        "data": {"issue": {
            "id": number, "shortId": "BACKEND-Y", "title": "PaymentError: declined", "culprit": "/pay/",
            "permalink": f"https://sentry.io/organizations/shop/issues/{number}/",
            "web_url": f"https://sentry.io/organizations/shop/issues/{number}/",
            "url": f"https://sentry.io/api/0/organizations/shop/issues/{number}/", "level": "error",
            "status": "unresolved", "substatus": "new", "statusDetails": {},
            "project": {"id": "77", "slug": project, "name": project}, "metadata": {"type": "PaymentError"},
            "issueCategory": "error", "issueType": "error", "priority": "high", "isUnhandled": False, "count": "3",
            "userCount": 3, "firstSeen": "2026-08-19T21:06:17Z", "lastSeen": "2026-08-19T21:06:17Z", **changes,
        }},
    }  # fmt: skip


def sign(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def headers(body: bytes, resource: str, *, request_id: str = "", secret: str = SECRET) -> dict[str, str]:
    return {
        "Sentry-Hook-Signature": sign(body, secret),
        "Request-ID": request_id or f"{next(_numbers):032x}",
        "Sentry-Hook-Resource": resource,
        "Sentry-Hook-Timestamp": "1566248777",
    }


def post(client: Any, resource: str, body: Any, **more: str) -> int:
    """Sends it as Sentry does, and gives the status."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = headers(raw, resource, **more)
    return int(client.post(URL, raw, content_type="application/json", headers=sent).status_code)
