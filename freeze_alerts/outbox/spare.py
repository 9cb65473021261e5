"""When Discord itself is the trouble: mail to ADMINS."""

from __future__ import annotations

import logging

from django.core import mail

from freeze_alerts import conf

logger = logging.getLogger("freeze_alerts")

MAIL_TIMEOUT_SECONDS = 10


def mail_admins(subject: str, body: str) -> None:
    """Mail ADMINS, if settings allow it. Never raises, and never waits long for a mail server."""
    if not conf.current().delivery.mail_admins:
        return
    try:
        mail.mail_admins(
            f"freeze-alerts: {subject}", body, connection=mail.get_connection(timeout=MAIL_TIMEOUT_SECONDS)
        )
    except Exception:  # the last resort has no further one
        logger.exception("could not mail ADMINS: %s", subject)
