"""The watch over ourselves: the address outside, and the token for health. Neither is ever shown."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from freeze_alerts import conf
from freeze_alerts.checks.registry import warns

TOKEN_SHORTEST = 16


@warns(60, hint="Copy it from whoever waits for the ping; it begins with https://. Until then nobody is pinged, and "
                "that is an alarm there.")  # fmt: skip
def bad_ping_address() -> Iterator[str]:
    url = conf.current().watch.ping_url
    if url and not is_http(url):
        yield "FREEZE_ALERTS: WATCH.PING_URL is no http or https address."


@warns(61, deploy_only=True, hint="Set FREEZE_ALERTS['WATCH']['PING_URL'] to a check of healthchecks.io, or of a "
                                  "service with the same convention, on another machine.")  # fmt: skip
def nobody_outside() -> Iterator[str]:
    if not conf.current().watch.ping_url:
        yield "FREEZE_ALERTS: WATCH.PING_URL is not set: when this machine is gone, nobody is told."


@warns(62, hint="Make a longer one: python -c 'import secrets; print(secrets.token_urlsafe())'. Without any, staff "
                "alone see the details of health.")  # fmt: skip
def guessable_token() -> Iterator[str]:
    token = conf.current().watch.health_token
    if token and len(token) < TOKEN_SHORTEST:
        yield f"FREEZE_ALERTS: WATCH.HEALTH_TOKEN has {len(token)} characters, and can be guessed."


def is_http(url: str) -> bool:
    """Whether a ping could be sent there."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
