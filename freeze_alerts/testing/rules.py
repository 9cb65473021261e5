"""The rules a single value must keep, each answering with Discord's own error tree; an empty tree is approval.

Codes and texts are those the API gives. Lengths count code points, after Discord's trimming.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from freeze_alerts.testing.answers import Tree

Rule = Callable[[Any], Tree]

_SNOWFLAKE = re.compile(r"^(0|[1-9][0-9]{0,18})$", re.ASCII)
_RFC_3339 = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$", re.ASCII)
_HOST = re.compile(r"^[\w-]+(\.[\w-]+)+$")
_NOT_IN_A_URL = re.compile(r"[\s\x00-\x1f\x7f]")
_FORBIDDEN_IN_A_NAME = ("clyde", "discord", "@", "#", ":", "```")


def wrong(code: str, message: str) -> Tree:
    """A leaf of the tree."""
    return {"_errors": [{"code": code, "message": message}]}


def required() -> Tree:
    return wrong("BASE_TYPE_REQUIRED", "This field is required")


def text(maximum: int, minimum: int = 0) -> Rule:
    def check(value: Any) -> Tree:
        if not isinstance(value, str):
            return wrong("STRING_TYPE_CONVERT", f'Could not interpret "{value}" as string.')
        if minimum and not value:
            return required()
        return _within(len(value), minimum, maximum)

    return check


def _within(size: int, minimum: int, maximum: int) -> Tree:
    if minimum <= size <= maximum:
        return {}
    if minimum:
        return wrong("BASE_TYPE_BAD_LENGTH", f"Must be between {minimum} and {maximum} in length.")
    return wrong("BASE_TYPE_MAX_LENGTH", f"Must be {maximum} or fewer in length.")


def integer(minimum: int, maximum: int) -> Rule:
    def check(value: Any) -> Tree:
        if isinstance(value, bool) or not isinstance(value, int):
            return wrong("NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        if value > maximum:
            return wrong("NUMBER_TYPE_MAX", f"int value should be less than or equal to {maximum}.")
        if value < minimum:
            return wrong("NUMBER_TYPE_MIN", f"int value should be greater than or equal to {minimum}.")
        return {}

    return check


def flags(*allowed: int) -> Rule:
    """A bit field of which only some bits may be set."""
    mask = sum(allowed)

    def check(value: Any) -> Tree:
        found = integer(0, 2**63 - 1)(value)
        if not found and value & ~mask:
            return wrong("BASE_TYPE_CHOICES", f"Value must be made of {allowed}.")
        return found

    return check


def boolean(value: Any) -> Tree:
    return {} if isinstance(value, bool) else wrong("BOOLEAN_TYPE_CONVERT", "Must be either true or false.")


def snowflake(value: Any) -> Tree:
    """An id. Strings only: a number loses digits on its way through other people's JSON."""
    if isinstance(value, str) and _SNOWFLAKE.match(value):
        return {}
    return wrong("NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')


def choice(*known: object) -> Rule:
    def check(value: Any) -> Tree:
        if not isinstance(value, bool) and value in known:
            return {}
        return wrong("BASE_TYPE_CHOICES", f"Value must be one of {known}.")

    return check


def timestamp(value: Any) -> Tree:
    """ISO 8601 with a zone."""
    try:
        if _RFC_3339.match(value) and datetime.fromisoformat(value):
            return {}
    except (TypeError, ValueError):
        pass
    return wrong("DATE_TIME_TYPE_PARSE", f"Could not parse {value}. Should be ISO8601.")


def url(maximum: int = 2048, schemes: tuple[str, ...] = ("http", "https")) -> Rule:
    """A link Discord takes: one of the schemes, and a host with a dot in it (``http://grafana:3000`` is none)."""

    def check(value: Any) -> Tree:
        found = text(maximum)(value)
        if found:
            return found
        scheme = value.partition(":")[0].lower() if ":" in value else ""
        if scheme not in schemes:
            message = f'Scheme "{scheme}" is not supported. Scheme must be one of {schemes}.'
            return wrong("URL_TYPE_INVALID_SCHEME", message)
        is_link = scheme not in ("http", "https") or _is_well_formed(value)
        return {} if is_link else wrong("URL_TYPE_INVALID_URL", "Not a well formed URL.")

    return check


def _is_well_formed(value: str) -> bool:
    if _NOT_IN_A_URL.search(value):
        return False
    try:
        parts = urlsplit(value)
        has_a_port_or_none = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return has_a_port_or_none and bool(_HOST.match((parts.hostname or "").removesuffix(".")))


def username(value: Any) -> Tree:
    """A webhook's name: Discord keeps a few words and signs to itself."""
    if not isinstance(value, str) or not 1 <= len(value) <= 80:
        return wrong("BASE_TYPE_BAD_LENGTH", "Must be between 1 and 80 in length.")
    for each in _FORBIDDEN_IN_A_NAME:
        if each in value.lower():
            return wrong("USERNAME_INVALID_CONTAINS", f'Username cannot contain "{each}"')
    if "everyone" in value.lower() or "here" in value.lower():
        return wrong("USERNAME_INVALID", "Username is invalid")
    return {}


def each_of(rule: Rule, maximum: int, minimum: int = 0, *, is_set: bool = False) -> Rule:
    """A list, and every item of it."""

    def check(value: Any) -> Tree:
        if not isinstance(value, list):
            return wrong("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        found = _within(len(value), minimum, maximum) or _branches(enumerate(map(rule, value)))
        if not found and is_set and len(set(value)) < len(value):
            return wrong("SET_TYPE_ALREADY_CONTAINS_VALUE", "The set already contains this value")
        return found

    return check


def shape(rules: Mapping[str, Rule], needed: Iterable[str] = ()) -> Rule:
    """An object: known keys keep their rules, null counts as absent, unknown keys are passed over."""

    def check(value: Any) -> Tree:
        if not isinstance(value, dict):
            return wrong("DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        missing = {key: required() for key in needed if value.get(key) is None}
        return missing | _branches((key, rules[key](value[key])) for key in rules if value.get(key) is not None)

    return check


def _branches(found: Iterable[tuple[object, Tree]]) -> Tree:
    return {str(key): tree for key, tree in found if tree}
