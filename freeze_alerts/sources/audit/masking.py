"""Which columns hold secrets: their values are never kept, not even in part."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from django.db.models import Field

from freeze_alerts import conf
from freeze_alerts.sources.audit.values import PLAIN, Redacted

SECRET_WORDS = (
    "pass", "passwd", "password", "passphrase", "pwd", "secret", "token", "apikey", "api key", "privatekey",
    "private key", "accesskey", "access key", "otp", "totp", "pin", "cvv", "cvc", "cardnumber", "card number", "ssn",
    "iban", "sessionkey", "session key", "credential", "credentials",
)  # fmt: skip
MARK = "•••"
_ENCRYPTED = ("encrypt", "fernet")
_TURNS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[\W_]+")
_NOT_PLURAL = ("pass", "address")


@dataclass(frozen=True)
class Rules:
    """``mask`` and ``keep`` name columns (``iban``, ``shop.order.iban``); ``exclude`` models (``shop.order``)."""

    mask: frozenset[str] = frozenset()
    keep: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()

    def hides(self, label: str, field: Field[Any, Any]) -> bool:
        """Whether this column of the model ``app.model`` is masked; a column whose key it holds is no better."""
        names = {name.lower() for name in (field.name, field.attname)}
        names |= {f"{label}.{name}" for name in names}
        if names & self.keep:
            return False
        if names & self.mask or is_secret(field.name) or _is_key_of_secret(field) or _is_encrypted(field):
            return True
        target = getattr(field, "target_field", None) if field.remote_field else None
        return target is not None and self.hides(target.model._meta.label_lower, target)


def rules(mask: Iterable[str] = (), keep: Iterable[str] = (), exclude: Iterable[str] = ()) -> Rules:
    """The rules of one admin, with those of the whole project."""
    everywhere = conf.current().audit.mask
    return Rules(_lowered([*mask, *everywhere]), _lowered(keep), _lowered(exclude))


@lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Whether a name has a word in it that stands for a secret.

    >>> is_secret("api_token"), is_secret("resetTokens"), is_secret("pinned")
    (True, True, False)
    """
    words = [_singular(word.lower()) for word in _TURNS.split(name) if word]
    pairs = [" ".join(pair) for pair in pairwise(words)]
    return not {*words, *pairs}.isdisjoint(SECRET_WORDS)


def redact(value: Any) -> Any:
    """JSON without the values of keys that name secrets; the same object where there are none."""
    clean = _redacted(value)
    return value if clean is value else Redacted(clean)


def _redacted(value: Any) -> Any:
    if type(value) in PLAIN:
        return value
    if isinstance(value, dict):
        clean = {key: MARK if is_secret(str(key)) else _redacted(each) for key, each in value.items()}
        return clean if any(clean[key] is not each for key, each in value.items()) else value
    if isinstance(value, list):
        items = [_redacted(each) for each in value]
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    return value


def _is_key_of_secret(field: Field[Any, Any]) -> bool:
    """The ``key`` of a model that is itself a secret, as a token's is."""
    return field.name == "key" and is_secret(field.model.__name__)


def _is_encrypted(field: Field[Any, Any]) -> bool:
    """Fields of such libraries give their plain text to whoever reads the column."""
    where = f"{type(field).__module__}.{type(field).__qualname__}".lower()
    return any(word in where for word in _ENCRYPTED)


def _singular(word: str) -> str:
    return word[:-1] if word.endswith("s") and word not in _NOT_PLURAL else word


def _lowered(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)
