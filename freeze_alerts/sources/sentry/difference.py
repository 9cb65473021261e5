"""What Sentry has, held against what it should have: only what we say is compared, in one shape and order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from freeze_alerts.sources.sentry.rules import Body, Kind

_ABSENT = object()
_IDS = {"detectorIds", "targetIdentifier", "integrationId"}


def differences(kind: Kind, found: Mapping[str, Any], wanted: Body) -> list[str]:
    """A line for each difference, ``enabled: false, should be true``; none where all is as it should be."""
    return [
        f"{path}: {_said(now)}, should be {_said(then)}"
        for path, now, then in _compared("", _plain(kind, found), _plain(kind, wanted))
    ]


def _plain(kind: Kind, body: Mapping[str, Any]) -> Body:
    """The body as both sides are compared: lists whose order means nothing are sorted, ids are text."""
    plain: Body = {key: _tidy(key, value) for key, value in body.items()}
    if kind == "detector":
        plain["dataSources"] = [_source(each) for each in _rows(body, "dataSources")]
        plain["conditionGroup"] = _group(body.get("conditionGroup"))
    else:
        plain["triggers"] = _group(body.get("triggers"))
        blocks = [_group(each) for each in _rows(body, "actionFilters")]
        plain["actionFilters"] = sorted(blocks, key=lambda each: _in_order([each["logicType"], each["conditions"]]))
    return plain


def _source(source: Mapping[str, Any]) -> Body:
    """Sentry takes a query as it is, and gives it back wrapped twice."""
    wrapped = _mapping(_mapping(source.get("queryObj")).get("snubaQuery"))
    query = wrapped or source
    types = query.get("eventTypes")
    return {**query, "eventTypes": sorted(map(str, types)) if isinstance(types, list) else []}


def _group(group: Any) -> Body:
    group = _mapping(group)
    conditions = [
        {key: each.get(key) for key in ("type", "comparison", "conditionResult")}
        for each in _rows(group, "conditions")
    ]
    actions = [{key: _tidy(key, value) for key, value in each.items()} for each in _rows(group, "actions")]
    return {
        "logicType": group.get("logicType"),
        "conditions": sorted(conditions, key=_in_order),
        "actions": sorted(actions, key=lambda each: (str(each.get("type")), _in_order(each.get("config")))),
    }


def _rows(body: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """What stands there as it should; what else Sentry may have put there shows as a difference."""
    found = body.get(name)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _tidy(key: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {inner: _tidy(inner, each) for inner, each in value.items()}
    if key in _IDS and value is not None:
        return sorted(map(str, value)) if isinstance(value, list) else str(value)
    return value


def _compared(path: str, found: Any, wanted: Any) -> Iterator[tuple[str, Any, Any]]:
    """Where they differ; what Sentry has beyond what we say is its own affair, but for the rows of a list."""
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        for key, value in wanted.items():
            if key != "queryType":  # Sentry takes it and never gives it back
                yield from _compared(f"{path}.{key}" if path else key, found.get(key, _ABSENT), value)
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for number, (now, then) in enumerate(zip(found, wanted, strict=True)):
            yield from _compared(f"{path}[{number}]", now, then)
    elif found != wanted:
        yield path, found, wanted


def _in_order(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _said(value: Any) -> str:
    return "absent" if value is _ABSENT else json.dumps(value, sort_keys=True, default=str)
