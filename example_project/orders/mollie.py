"""The few calls of Mollie's payments API that the shop needs. ``MOLLIE_API_URL`` may name a stand-in."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import requests
from django.conf import settings

TIMEOUT_SECONDS = 5


class MollieError(Exception):
    """Mollie did not do what it was asked to."""


@dataclass(frozen=True)
class Payment:
    """``status`` is Mollie's: open, paid, failed, canceled or expired."""

    id: str
    status: str
    checkout_url: str


def create_payment(amount: Decimal, *, description: str, redirect_url: str, webhook_url: str) -> Payment:
    """Begin a payment in euros. Raises MollieError."""
    said = _call("POST", "/payments", {
        "amount": {"currency": "EUR", "value": f"{amount:.2f}"},
        "description": description, "redirectUrl": redirect_url, "webhookUrl": webhook_url,
    })  # fmt: skip
    return _payment(said)


def payment(payment_id: str) -> Payment:
    """How a payment stands now. Raises MollieError."""
    return _payment(_call("GET", f"/payments/{payment_id}"))


def _call(method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {settings.MOLLIE_API_KEY}"}
    try:
        answer = requests.request(
            method, f"{settings.MOLLIE_API_URL}{path}", json=body, headers=headers, timeout=TIMEOUT_SECONDS
        )
        said = answer.json() if answer.content else {}
    except (requests.RequestException, ValueError) as error:
        raise MollieError(f"Mollie can't be reached: {type(error).__name__}") from error
    if not answer.ok:
        raise MollieError(f"Mollie answered {answer.status_code}: {said.get('detail', 'no reason given')}")
    return dict(said)


def _payment(said: dict[str, Any]) -> Payment:
    checkout = said.get("_links", {}).get("checkout", {})
    return Payment(said["id"], said["status"], checkout.get("href", ""))
