"""Which errors are about a payment: those tagged ``domain=payment``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from freeze_alerts.sources.errors.record import Record

DOMAIN_TAG, PAYMENT_DOMAIN = "domain", "payment"
ID_TAG = "payment_id"


def wanted_tags() -> frozenset[str]:
    """The tags that a record takes along."""
    return frozenset({DOMAIN_TAG, ID_TAG})


def is_payment(record: Record) -> bool:
    return record.tags.get(DOMAIN_TAG) == PAYMENT_DOMAIN


def payment_id(record: Record) -> str:
    """What tells this payment from others; empty where nothing does."""
    return record.tags.get(ID_TAG, "")
