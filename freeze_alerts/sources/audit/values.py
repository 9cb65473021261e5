"""One value of a row, to JSON and back, exactly.

What JSON has stays as it is. Everything else becomes a list that begins with a word for its kind, so that no value
of a row can be mistaken for another.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Field, Model
from django.db.models.fields.files import FieldFile

PLAIN = frozenset({type(None), bool, int, float, str})
BINARY_LIMIT_BYTES = 1024 * 1024


class NotKept:
    """Stands for a value of which the record holds no more than that it was there."""


NOT_KEPT = NotKept()


class Redacted:
    """A JSON value without the secrets that were in it."""

    def __init__(self, value: Any) -> None:
        self.value = value


def encode(value: Any, field: Field[Any, Any] | None = None, obj: Model | None = None) -> Any:
    """A value as JSON can hold it; what is of no known kind goes through its field's own text."""
    if type(value) in PLAIN:
        return value
    for kinds, encoder in _KINDS:
        if isinstance(value, kinds):
            return encoder(value)
    return ["text", field.value_to_string(obj)] if field is not None and obj is not None else ["gone"]


def decode(value: Any, field: Field[Any, Any] | None = None) -> Any:
    """The value an :func:`encode` was given; NOT_KEPT where it kept none."""
    if type(value) is not list:
        return value
    kind, *rest = value
    if kind == "text":
        return field.to_python(rest[0]) if field is not None else rest[0]
    if kind in _DECODERS:
        return _DECODERS[kind](*rest)
    return NOT_KEPT


def _plain(value: Any) -> Any:
    """The bare number or text of a subclass of it: ``str()`` of an enumeration's member is its name."""
    return str.__str__(value) if isinstance(value, str) else value + 0


def _encode_json(value: Any) -> list[Any]:
    if isinstance(value, tuple):
        return ["tuple", [encode(each) for each in value]]
    if _is_json(value):
        return ["json", value]
    if isinstance(value, list):
        return ["list", [encode(each) for each in value]]
    return ["dict", [[encode(key), encode(each)] for key, each in value.items()]]


def _is_json(value: Any) -> bool:
    """Whether json itself gives it back as it is."""
    if isinstance(value, dict):
        return all(type(key) is str and _is_json(each) for key, each in value.items())
    if type(value) is list:
        return all(map(_is_json, value))
    return type(value) in PLAIN


def _binary(value: Any) -> list[Any]:
    raw = bytes(value)
    if len(raw) > BINARY_LIMIT_BYTES:
        return ["size", len(raw), hashlib.sha256(raw).hexdigest()]
    return ["bytes", base64.b85encode(raw).decode("ascii")]


_KINDS: tuple[tuple[type | tuple[type, ...], Callable[[Any], Any]], ...] = (
    (datetime, lambda value: ["datetime", value.isoformat()]),
    (date, lambda value: ["date", value.isoformat()]),
    (time, lambda value: ["time", value.isoformat()]),
    (timedelta, lambda value: ["timedelta", value.days, value.seconds, value.microseconds]),
    (Decimal, lambda value: ["decimal", str(value)]),
    (UUID, lambda value: ["uuid", value.hex]),
    ((bytes, bytearray, memoryview), _binary),
    (NotKept, lambda _value: ["masked"]),
    (Redacted, lambda value: ["redacted", value.value]),
    (FieldFile, lambda value: value.name),
    ((list, tuple, dict), _encode_json),
    ((int, float, str), _plain),  # members of an enumeration
)
"""A datetime is a date too, so the order counts."""

_DECODERS: dict[str, Callable[..., Any]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "timedelta": timedelta,
    "decimal": Decimal,
    "uuid": UUID,
    "bytes": base64.b85decode,
    "json": lambda value: value,
    "redacted": Redacted,
    "list": lambda values: [decode(each) for each in values],
    "tuple": lambda values: tuple(decode(each) for each in values),
    "dict": lambda pairs: {decode(key): decode(each) for key, each in pairs},
}
