"""Sentry as the judge: whether it can call us, and we it."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from django.urls import NoReverseMatch, reverse

from freeze_alerts import conf
from freeze_alerts.checks.registry import warns

_HERE = ("127.0.0.1", "::1", "localhost")
_NEEDED = ("organization", "project", "integration", "token")


@warns(100, hint="Put the integration's client secret, or the path of a file that holds it, into "
                 "FREEZE_ALERTS['SENTRY']['WEBHOOK_SECRETS']. Until then no error is told.")  # fmt: skip
def nobody_may_call() -> Iterator[str]:
    if not _judges():
        return
    if not any(_can_be_read(each) for each in conf.current().sentry.webhook_secrets):
        yield "FREEZE_ALERTS: ERRORS.JUDGE is sentry, and SENTRY.WEBHOOK_SECRETS has no secret to know its calls by."


@warns(101, hint="Set them in FREEZE_ALERTS['SENTRY']: sentry_rules and the look for what no webhook told need them.")
def sentry_cannot_be_asked() -> Iterator[str]:
    sentry = conf.current().sentry
    missing = [f"SENTRY.{name.upper()}" for name in _NEEDED if not getattr(sentry, name)]
    if _judges() and missing:
        verb = "is" if len(missing) == 1 else "are"
        yield f"FREEZE_ALERTS: ERRORS.JUDGE is sentry, and {', '.join(missing)} {verb} not set."


@warns(102, hint="Begin SENTRY['API_URL'] with https://: the token is sent with each call.")
def token_in_the_clear() -> Iterator[str]:
    sentry = conf.current().sentry
    url = urlsplit(sentry.api_url)
    if sentry.token and url.scheme != "https" and url.hostname not in _HERE:
        yield f"FREEZE_ALERTS: SENTRY.API_URL is {sentry.api_url!r}, where the token can be read on the way."


@warns(103, hint="Add path('alerts/', include('freeze_alerts.urls')) to the URLconf, and give Sentry the address.")
def no_webhook_address() -> Iterator[str]:
    if not _judges():
        return
    try:
        reverse("freeze_alerts:sentry_webhook")
    except NoReverseMatch:
        yield "FREEZE_ALERTS: ERRORS.JUDGE is sentry, and its webhooks have no address here."


def _judges() -> bool:
    return conf.current().errors.judge == "sentry"


def _can_be_read(source: str) -> bool:
    try:
        return bool(conf.read_webhook(source))
    except (OSError, ValueError):
        return False
