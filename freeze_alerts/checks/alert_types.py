"""The project's own alert types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.module_loading import import_string

from freeze_alerts import catalog, conf
from freeze_alerts.catalog import AlertType, Nature, Severity
from freeze_alerts.checks.registry import did_you_mean, warns

_WORDS = {"SEVERITY": [each.value for each in Severity], "NATURE": [each.value for each in Nature]}
_TEXTS = ("TITLE", "CHANNEL", "COMMAND", "ANCHOR", "DIAGNOSIS")
_NUMBERS = ("ANSWER_WITHIN_HOURS", "INTERVAL_MINUTES")
KEYS = (*_TEXTS, *_NUMBERS, *_WORDS)


@warns(19, hint="An alert of such a type can't be opened, or lacks what is wrong here. The guide “Add an alert type "
                "of your own” lists what each key may be.")  # fmt: skip
def unusable_alert_types() -> Iterator[str]:
    for name, row in conf.current().alert_types.items():
        for trouble in _troubles(name, row):
            yield f"FREEZE_ALERTS: ALERT_TYPES[{name!r}] {trouble}"


def _troubles(name: str, row: Any) -> Iterator[str]:
    if name in [each.value for each in AlertType]:
        yield "has the name of one of ours, which stays as it is."
        return
    if not isinstance(row, Mapping):
        yield f"is a {type(row).__name__}, and must be a dict."
        return
    wrong = [trouble for key, value in row.items() if (trouble := _trouble_with(str(key), value))]
    yield from wrong or _trouble_in_all(name)


def _trouble_with(key: str, value: Any) -> str:
    if key not in KEYS:
        return f'has the unknown key "{key}"{did_you_mean(key.upper(), KEYS)}'
    if key in _WORDS and value not in _WORDS[key]:
        return f"has {value!r} as {key}, which must be one of {', '.join(_WORDS[key])}."
    if key in _TEXTS and not isinstance(value, str):
        return f"has {value!r} as {key}, which must be a string."
    if key in _NUMBERS and not isinstance(value, (int, float, type(None))):
        return f"has {value!r} as {key}, which must be a number or None."
    return _trouble_with_diagnosis(value) if key == "DIAGNOSIS" and value else ""


def _trouble_with_diagnosis(path: str) -> str:
    try:
        found = import_string(path)
    except Exception as error:  # noqa: BLE001 - importing runs the project's code, which may raise anything
        return f'has "{path}" as DIAGNOSIS, which can\'t be imported: {error}.'
    return "" if callable(found) else f'has "{path}" as DIAGNOSIS, which is no function.'


def _trouble_in_all(name: str) -> Iterator[str]:
    try:
        catalog.entry(name)
    except catalog.UnusableAlertType as error:
        yield f"is not usable: {error}."
