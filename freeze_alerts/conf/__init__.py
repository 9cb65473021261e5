"""What the project says in ``settings.FREEZE_ALERTS``, as frozen dataclasses.

The only reader of our settings. They are looked at in each call of :func:`current`, and read anew where they
changed, so ``override_settings`` just works. A wrong value never raises here: the default stands in, and
:func:`problems` tells the system checks, because a typing mistake must not be what stops the alerts.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings

from freeze_alerts.conf.sections import (
    Audit,
    Backups,
    Delivery,
    Disk,
    Errors,
    Payments,
    Sentry,
    Settings,
    Watch,
    WebhookSource,
    Words,
    base_directory,
    read_webhook,
)  # fmt: skip

__all__ = [
    "CHANNELS", "NOT_A_SETTING", "Audit", "Backups", "Delivery", "Disk", "Errors", "FreezeAlertsError", "Payments",
    "Problem", "Sentry", "Settings", "Watch", "WebhookSource", "Words", "current", "problems", "read_webhook",
]  # fmt: skip

CHANNELS = ("errors", "payments", "backups", "admin")
NOT_A_SETTING = "is not a setting"


class FreezeAlertsError(Exception):
    """Something freeze-alerts can't do."""

    def __str__(self) -> str:
        return super().__str__() or (type(self).__doc__ or "").strip()


@dataclass(frozen=True)
class Problem:
    """A key or value that was passed over. ``where`` is dotted (``DISK.PATHS``); ``meant`` a likely spelling."""

    where: str
    what: str
    meant: str = ""


_read: tuple[tuple[Any, str | Path], Settings] | None = None
"""What was read last: the settings as they stood then, a copy that no later change reaches; and what they came to."""


def current() -> Settings:
    """The settings as they stand now, defaults filled in."""
    global _read  # noqa: PLW0603 - one tuple, replaced at once: threads see the old or the new
    told, read = (_raw(), base_directory()), _read
    if read is None or read[0] != told:
        _read = read = (_copy(told), _parse(Settings, told[0], "", []))
    return read[1]


def _copy(raw: Any) -> Any:
    """As it stands now, whatever becomes of its dicts and lists; all else is never changed, only replaced."""
    if isinstance(raw, Mapping):
        return {key: _copy(value) for key, value in raw.items()}
    return type(raw)(map(_copy, raw)) if type(raw) in (list, tuple, set, frozenset) else raw


def problems() -> list[Problem]:
    """Every unknown key and every value of the wrong type."""
    found: list[Problem] = []
    raw = getattr(settings, "FREEZE_ALERTS", {})
    if not isinstance(raw, Mapping):
        return [Problem("FREEZE_ALERTS", f"is a {type(raw).__name__}, and must be a dict")]
    _parse(Settings, raw, "", found)
    return found


def _raw() -> Mapping[str, Any]:
    raw = getattr(settings, "FREEZE_ALERTS", {})
    return raw if isinstance(raw, Mapping) else {}


_Section = TypeVar("_Section")


def _parse(section: type[_Section], raw: Mapping[str, Any], where: str, found: list[Problem]) -> _Section:
    known = {each.name.upper(): each for each in fields(section)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, value in raw.items():
        path = f"{where}{key}"
        if key not in known:
            meant = difflib.get_close_matches(str(key).upper(), known, n=1)
            found.append(Problem(path, NOT_A_SETTING, f"{where}{meant[0]}" if meant else ""))
            continue
        default = _default(known[key])
        if is_dataclass(default) and isinstance(value, Mapping):
            values[known[key].name] = _parse(type(default), value, f"{path}.", found)
        elif (wrong := _mismatch(default, value)) is not None:
            found.append(Problem(path, f"is {_article(value)}, and must be {wrong}"))
        else:
            values[known[key].name] = _converted(default, value)
    return section(**values)


def _default(each: Any) -> Any:
    return each.default if each.default_factory is MISSING else each.default_factory()


def _mismatch(default: Any, value: Any) -> str | None:
    """What the value should have been, or None where it fits its default."""
    for example, accepted, words in (
        (bool, bool, "True or False"),
        ((int, float), (int, float), "a number"),
        (Words, (str, list, tuple, set, frozenset), "a string or a list"),
        (tuple, (list, tuple, set, frozenset), "a list"),
        (Path, (str, Path), "a path"),
        (Mapping, Mapping, "a dict"),
        (str, str, "a string"),
        (type(None), (str, type(None)), "a string or None"),
    ):
        if isinstance(default, example):
            fits = isinstance(value, accepted)
            return None if fits and (accepted is bool or not isinstance(value, bool)) else words
    return "a dict" if is_dataclass(default) else None


def _converted(default: Any, value: Any) -> Any:
    if isinstance(default, Words):
        return Words([value] if isinstance(value, str) else map(str, value))
    if isinstance(default, tuple):
        return tuple(str(each) for each in value)
    return Path(value) if isinstance(default, Path) else value


def _article(value: Any) -> str:
    return "None" if value is None else f"of type {type(value).__name__}"
