"""Taking a webhook of Sentry's in: is it Sentry's, has it been here before, and what does it say?

Sentry waits a second and never comes again, so nothing is done here but to look and to write one row.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Mapping
from enum import IntEnum
from http import HTTPStatus
from typing import Any

from django.db import DatabaseError, IntegrityError, router, transaction

from freeze_alerts import conf
from freeze_alerts.sources.sentry import inbox, payloads
from freeze_alerts.sources.sentry.models import SentryDelivery
from freeze_alerts.sources.sentry.payloads import News, Scrub

logger = logging.getLogger("freeze_alerts")

BODY_LONGEST_BYTES = 5_000_000
SIGNATURE, REQUEST_ID, RESOURCE = "Sentry-Hook-Signature", "Request-ID", "Sentry-Hook-Resource"


class Answer(IntEnum):
    """What Sentry is told: a status, and not a word more."""

    TAKEN = HTTPStatus.ACCEPTED
    MALFORMED = HTTPStatus.BAD_REQUEST
    NOT_SENTRYS = HTTPStatus.UNAUTHORIZED
    NO_SECRET = HTTPStatus.FORBIDDEN
    TOO_LONG = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def receive(headers: Mapping[str, str], body: bytes, scrub: Scrub) -> Answer:
    """Take a webhook in. ``scrub`` makes foreign text fit to be kept."""
    if len(body) > BODY_LONGEST_BYTES:
        return Answer.TOO_LONG
    settings = conf.current()
    secrets = _secrets(settings.sentry)
    if not secrets:
        return Answer.NO_SECRET
    if not is_signed(body, headers.get(SIGNATURE, ""), secrets):
        return Answer.NOT_SENTRYS
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return Answer.MALFORMED
    if not isinstance(said, dict):
        return Answer.MALFORMED
    resource = headers.get(RESOURCE, "")[:32]
    _keep(_row(headers, body, resource, said, _news(resource, said, settings, scrub)))
    return Answer.TAKEN


def is_signed(body: bytes, signature: str, secrets: list[str]) -> bool:
    """Whether one of the secrets made this signature of these very bytes; all are tried, in constant time."""
    given = signature.lower().encode("utf-8", "replace")
    expected = [hmac.new(each.encode(), body, hashlib.sha256).hexdigest().encode() for each in secrets]
    return any([hmac.compare_digest(each, given) for each in expected])  # noqa: C419 - the list has no early end


def _secrets(sentry: conf.Sentry) -> list[str]:
    """Every secret that can be read; one whose file is gone must not open the door, nor close it for the others."""
    found = []
    for source in sentry.webhook_secrets:
        try:
            found.append(conf.read_webhook(source))
        except (OSError, ValueError) as problem:
            logger.warning("a secret for Sentry's webhooks can't be read: %s", type(problem).__name__)
    return [each for each in found if each]


def _news(resource: str, said: Mapping[str, Any], settings: conf.Settings, scrub: Scrub) -> News:
    try:
        return payloads.read(resource, said, settings, scrub)
    except Exception as problem:  # noqa: BLE001 - a door: whatever Sentry sends, it gets its answer
        logger.warning("a webhook of Sentry's (%s) could not be read: %s", resource, type(problem).__name__)
        return News(why_not="could not be read")


def _row(
    headers: Mapping[str, str], body: bytes, resource: str, said: Mapping[str, Any], news: News
) -> SentryDelivery:
    digest = hashlib.sha256(news.identity.encode() if news.identity else body).hexdigest()
    return SentryDelivery(
        request_id=headers.get(REQUEST_ID, "")[:64] or f"body:{digest[:58]}",
        news_key=digest if news.signal else None,
        issue=news.issue[:64],
        resource=resource,
        action=payloads.text_of(said, "action")[:32],
        news=news.as_json(),
    )


def _keep(row: SentryDelivery) -> None:
    """Write it down, unless it is here; where the database is away, what it tells is told at once."""
    try:
        with transaction.atomic(using=router.db_for_write(SentryDelivery)):
            row.save(force_insert=True)
    except IntegrityError:
        logger.info("a webhook of Sentry's came again: %s", row.request_id)
    except DatabaseError:
        inbox.tell(row)
