"""When Discord itself is the trouble: mail to ADMINS, and whatever else Apprise can reach."""

from __future__ import annotations

import importlib
import logging
from typing import Any

import django
from django.core import mail

from freeze_alerts import conf

logger = logging.getLogger("freeze_alerts")

MAIL_TIMEOUT_SECONDS = 10


def tell(subject: str, body: str) -> None:
    """Tell by every spare way that settings name. Never raises; what fails is logged without the address."""
    subject = f"freeze-alerts: {subject}"
    for way in (_mail, _apprise):
        try:
            way(subject, body)
        except Exception as error:  # noqa: BLE001 - the last resort has no further one; its text may hold a secret
            logger.error("the spare way %s failed: %s", way.__name__.strip("_"), type(error).__name__)


def _mail(subject: str, body: str) -> None:
    if conf.current().delivery.mail_admins:
        # Since Django 6.1 the project's MAILERS say how long to wait.
        bounded = django.VERSION < (6, 1)
        how: dict[str, Any] = {"connection": mail.get_connection(timeout=MAIL_TIMEOUT_SECONDS)} if bounded else {}
        mail.mail_admins(subject, body, **how)


def _apprise(subject: str, body: str) -> None:
    """One URL after the other, so that one that fails is told apart. Needs the extra ``apprise``."""
    for number, url in enumerate(conf.current().delivery.spare, start=1):
        apprise = importlib.import_module("apprise")  # an extra: imported only where it is asked for
        way = apprise.Apprise()
        if not (way.add(url) and way.notify(title=subject, body=body)):
            logger.error("the spare way number %s did not take the message", number)
