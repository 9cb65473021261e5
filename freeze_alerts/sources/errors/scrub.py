"""Foreign text without what must not be kept: card numbers, addresses, passwords, tokens.

Each pattern takes time in step with the length of the text, and the text is cut first.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from django.conf import settings

LONGEST = 1_000
HIDDEN = "[hidden]"
_RARE = re.compile("[\U00010000-\U0010ffff]")

_SENSITIVE = (
    "password|passwd|pwd|secret|token|apikey|api_key|api-key|authorization|auth|cookie|sessionid|csrftoken|session|"
    "csrf|cvv|cvc|card|cardno|card_number|cardnumber|pan|iban|pin|ssn|signature|dsn|private_key|access_key"
)
_RULES = (
    # What stands after such a name, with or without quotes around either: password='x', "cvc": 123, Cookie: a=b; c=d
    (
        re.compile(
            rf"(?i)(?<![a-z0-9])((?:[a-z0-9]{{1,20}}[_-]){{0,2}}(?:{_SENSITIVE}))(['\"]?\s{{0,3}}[:=]\s{{0,3}})"
            r"(?:\"[^\"]{0,500}\"?|'[^']{0,500}'?|(?:basic|bearer)\s{1,3}[^\s,;]{1,500}|[^\s,;)}\]]{1,500})"
        ),
        rf"\1\2{HIDDEN}",
    ),
    (re.compile(r"(?i)\b(cvv|cvc|pin)(\s{1,3})[0-9]{3,6}\b"), rf"\1\2{HIDDEN}"),
    (re.compile(r"(?i)\b(bearer|basic)\s{1,3}[a-z0-9._~+/=-]{6,500}"), rf"\1 {HIDDEN}"),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,15}://)[^\s/@]{1,200}@"), rf"\1{HIDDEN}@"),
    (re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}"), "[e-mail]"),
    (re.compile(r"(?<![0-9])[0-9](?:[ .-]?[0-9]){11,18}(?![0-9])"), "[number]"),
    (re.compile(r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b"), "[iban]"),
    (re.compile(r"(?<![\w-])(?=[\w-]{0,200}[0-9])[\w-]{24,200}(?:\.[\w-]{8,200}){0,2}"), "[token]"),
    (re.compile(r"\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b"), "[address]"),
)


def scrub(text: str, longest: int = LONGEST) -> str:
    """The text as it may be kept and told, cut to its first ``longest`` characters."""
    text = storable(text[: min(longest * 2, LONGEST)])
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return text[:longest]


def storable(text: str) -> str:
    """Text that every database takes: PostgreSQL has no NUL, and none has half a surrogate."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def plain(text: str) -> str:
    """The text with what lies above U+FFFF replaced, emoji mostly: MySQL's and MariaDB's ``utf8mb3`` refuses that."""
    return _RARE.sub("\ufffd", text)


def keyed(identity: str) -> str:
    """A hash that tells one person or payment from another, and can't be turned back without the SECRET_KEY."""
    key = f"freeze_alerts.errors:{settings.SECRET_KEY}".encode()
    return hmac.new(key, identity.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]
