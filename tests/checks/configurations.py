"""A configuration with nothing to say against it, to be spoilt one piece at a time."""

from __future__ import annotations

from typing import Any

from django.core.checks import run_checks

from freeze_alerts.checks import CHECKS, TAG

TOKEN = "a-token-that-nobody-may-read-" + "x" * 40
WEBHOOK = f"https://discord.com/api/webhooks/123456789012345678/{TOKEN}"
GOOD: dict[str, Any] = {
    "BASE_URL": "https://shop.example",
    "RELEASE": "2026.11",
    "WEBHOOKS": dict.fromkeys(["errors", "payments", "backups", "admin"], WEBHOOK),
    "WATCH": {"PING_URL": "https://hc-ping.com/6f9619ff-8b86"},
}


def with_changes(**changes: Any) -> dict[str, Any]:
    return {**GOOD, **changes}


def with_type(**row: Any) -> dict[str, Any]:
    return with_changes(ALERT_TYPES={"warehouse.cold": row})


def with_orders(**changes: Any) -> dict[str, Any]:
    return with_changes(PAYMENTS={"ORDER_MODEL": "orders.Order", **changes})


def with_sentry(**changes: Any) -> dict[str, Any]:
    sentry = {"ORGANIZATION": "shop", "PROJECT": "backend", "INTEGRATION": "freeze-alerts", "TOKEN": "x" * 40}
    return with_changes(ERRORS={"JUDGE": "sentry"}, SENTRY={**sentry, "WEBHOOK_SECRETS": ["y" * 64], **changes})


def found(*, deploy: bool = True) -> list[str]:
    """The ids of all that our checks say now, as ``manage.py check`` would run them."""
    return [str(each.id) for each in run_checks(tags=[TAG], include_deployment_checks=deploy)]


def said(number: int) -> str:
    """The sentences of one check, as the settings are now."""
    check = next(each for each in CHECKS if each.id == f"freeze_alerts.W{number:03}")
    return "\n".join(each.msg for each in check.run())
