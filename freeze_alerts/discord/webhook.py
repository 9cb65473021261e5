"""A webhook: its address in one form, and its token kept out of sight."""

from __future__ import annotations

import hashlib
import logging
import re
from dataclasses import dataclass

from freeze_alerts.conf import FreezeAlertsError

DISCORD_API_URL = "https://discord.com/api/v10"

_DISCORD = r"https://(?:(?:ptb|canary)\.)?discord(?:app)?\.com/api(?:/v[0-9]+)?/webhooks/([0-9]{15,20})/([\w-]{20,})"
_ENDING = r"(?:/(?:slack|github))?/*(?:\?([^#]*))?(?:#.*)?"
_THREAD = re.compile(r"(?:^|&)thread_id=([^&]*)")
# As it stands in a URL, in a percent-encoded one, and in JSON that escapes its slashes.
_SECRET = re.compile(r"(webhooks(?:\\?/|%2F)[0-9]+(?:\\?/|%2F))[\w.~+-]+", re.IGNORECASE)
_LOGGERS = ("urllib3.connectionpool", "urllib3.util.retry")


class InvalidWebhook(FreezeAlertsError):
    """This is not the URL of a Discord webhook."""


@dataclass(frozen=True, repr=False)
class Webhook:
    """Where messages go. Its name is public; its token and URL are secrets, and print nowhere."""

    id: str
    token: str
    api_url: str = DISCORD_API_URL
    thread_id: str = ""

    @property
    def name(self) -> str:
        """What it is called in logs, tables and pages: stable, and of no use to a thief."""
        return f"discord:{self.id}/…{hashlib.sha256(self.token.encode()).hexdigest()[-4:]}"

    def __repr__(self) -> str:
        return self.name

    __str__ = __repr__

    def url(self, message_id: str = "") -> str:
        """The secret address of the webhook, or of one message it posted."""
        message = f"/messages/{message_id}" if message_id else ""
        return f"{self.api_url}/webhooks/{self.id}/{self.token}{message}"


def parse(url: str, api_url: str = DISCORD_API_URL) -> Webhook:
    """The webhook behind the URL that Discord shows, whichever of its forms; one below ``api_url`` will do too.

    Raises InvalidWebhook, with what to do and without the URL.
    """
    api_url = api_url.strip().rstrip("/")
    below = rf"{re.escape(api_url)}/webhooks/([0-9]+)/([\w-]+)"
    for known, flags in ((_DISCORD, re.ASCII | re.IGNORECASE), (below, re.ASCII)):
        if (found := re.fullmatch(known + _ENDING, url.strip(), flags)) is not None:
            return Webhook(found[1], found[2], api_url, _thread_id(found[3] or ""))
    raise InvalidWebhook(_advice(url.strip(), api_url))


def redact(text: str) -> str:
    """The text with the token of every webhook in it replaced by ``***``."""
    return _SECRET.sub(r"\1***", text)


class RedactTokens(logging.Filter):
    """Takes webhook tokens out of a logger's records: urllib3 logs the path of each request at DEBUG."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if (redacted := redact(said)) != said:
            record.msg, record.args = redacted, None
        return True


def install() -> None:
    """Puts the filter on urllib3's loggers, once however often it is called."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(each, RedactTokens) for each in logger.filters):
            logger.addFilter(RedactTokens())


def _thread_id(query: str) -> str:
    found = _THREAD.search(query)
    if found and not re.fullmatch("[0-9]+", found[1]):
        raise InvalidWebhook("Its thread_id is not a number: copy the thread's ID in Discord, or leave it out.")
    return found[1] if found else ""


def _advice(url: str, api_url: str) -> str:
    how = "copy it in Discord under Edit Channel, Integrations, Webhooks, Copy Webhook URL"
    if not url:
        return f"It is empty: {how}."
    if "/webhooks/" not in url:
        return f"It is not the URL of a Discord webhook: {how}."
    if not url.startswith(("https://", f"{api_url}/")):
        return f"It must begin with https:// (or stand below {api_url}): {how}."
    return f"It is cut short, changed, or of another server than Discord (or {api_url}): {how}."
