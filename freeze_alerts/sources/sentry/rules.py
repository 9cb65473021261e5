"""The five rules as Sentry has to have them: two monitors ("detectors") and five alerts ("workflows").

Thresholds are those of ``FREEZE_ALERTS["ERRORS"]``. A count is above its line, never on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from freeze_alerts import conf
from freeze_alerts.catalog import AlertType

Kind = Literal["detector", "workflow", "monitor"]
Body = dict[str, Any]

NAMES: dict[str, str] = {
    AlertType.NEW_ISSUE: "new issue",
    AlertType.REGRESSION: "regression",
    AlertType.ERROR_SPIKE: "error spike",
    AlertType.PAYMENT_ERROR: "payment error",
    AlertType.PAYMENT_SPIKE: "payment spike",
}
CRITICAL, WARNING, FINE = 75, 50, 0
"""Sentry's priorities: what a condition results in."""
_AT_ONCE, _EVERY_5_MINUTES = 0, 5
_HOUR_SECONDS = 3600


@dataclass(frozen=True)
class Target:
    """What our rules are tied to in Sentry, as found there."""

    project_id: str
    error_detector_id: str
    app_slug: str
    app_id: str


@dataclass(frozen=True)
class Wanted:
    """One rule as it should be. ``body`` is what is sent to make it so."""

    kind: Kind
    name: str
    body: Body


def name_of(alert_type: str, environment: str) -> str:
    """What Sentry calls the rule of an alert type: two installations of one project keep apart."""
    return f"freeze {environment}: {NAMES[alert_type]}"


def detectors(settings: conf.Settings) -> list[Wanted]:
    """The monitors that count: all errors, and those of payments."""
    errors = settings.errors
    both = [(errors.critical_per_hour, CRITICAL), (errors.warning_per_hour, WARNING)]
    return [
        _detector(settings, AlertType.ERROR_SPIKE, "", both),
        _detector(settings, AlertType.PAYMENT_SPIKE, "domain:payment", [(errors.payment_spike_per_hour, CRITICAL)]),
    ]


def workflows(settings: conf.Settings, target: Target, detector_ids: Mapping[str, str]) -> list[Wanted]:
    """The alerts that call us. ``detector_ids`` are those of :func:`detectors`, by name."""
    hook: Body = {"type": "webhook", "integrationId": None, "data": {}, "status": "active",
                  "config": {"targetIdentifier": target.app_slug}}  # fmt: skip
    payment = _condition("tagged_event", {"key": "domain", "match": "eq", "value": "payment"})

    def on_errors(alert_type: str, triggers: list[Body], filters: list[Body], frequency: int) -> Wanted:
        block = {"logicType": "all", "conditions": filters, "actions": [hook]}
        ids = [target.error_detector_id]
        return _workflow(settings, alert_type, ids, triggers=triggers, filters=[block], frequency=frequency)

    return [
        on_errors(AlertType.NEW_ISSUE, [_condition("first_seen_event", True)], [], _AT_ONCE),
        on_errors(AlertType.REGRESSION, [_condition("regression_event", True)], [], _AT_ONCE),
        on_errors(AlertType.PAYMENT_ERROR, [], [payment], _EVERY_5_MINUTES),
        _on_count(settings, AlertType.ERROR_SPIKE, target, detector_ids, [CRITICAL, WARNING]),
        _on_count(settings, AlertType.PAYMENT_SPIKE, target, detector_ids, [CRITICAL]),
    ]


def _on_count(
    settings: conf.Settings, alert_type: str, target: Target, detector_ids: Mapping[str, str], priorities: list[int]
) -> Wanted:
    """Called when a monitor rises to a priority, and when it leaves it again."""
    hook: Body = {"type": "sentry_app", "integrationId": None, "data": {}, "status": "active",
                  "config": {"targetType": "sentry_app", "targetIdentifier": target.app_id}}  # fmt: skip
    blocks = [
        {
            "logicType": "any-short",
            "conditions": [
                _condition("issue_priority_greater_or_equal", priority),
                _condition("issue_priority_deescalating", priority),
            ],
            "actions": [hook],
        }
        for priority in priorities
    ]
    ids = [detector_ids[name_of(alert_type, settings.environment)]]
    return _workflow(settings, alert_type, ids, triggers=[], filters=blocks, frequency=_AT_ONCE)


def _workflow(
    settings: conf.Settings,
    alert_type: str,
    detector_ids: list[str],
    *,
    triggers: list[Body],
    filters: list[Body],
    frequency: int,
) -> Wanted:
    name = name_of(alert_type, settings.environment)
    return Wanted("workflow", name, {
        "name": name, "enabled": True, "environment": settings.environment, "config": {"frequency": frequency},
        "detectorIds": detector_ids,
        "triggers": {"logicType": "any-short", "conditions": triggers, "actions": []},
        "actionFilters": filters,
    })  # fmt: skip


def _detector(settings: conf.Settings, alert_type: str, query: str, lines: list[tuple[float, int]]) -> Wanted:
    name, lowest = name_of(alert_type, settings.environment), min(line for line, _ in lines)
    conditions = [_condition("gt", line, priority) for line, priority in lines]
    return Wanted("detector", name, {
        "name": name, "type": "metric_issue", "enabled": True, "config": {"detectionType": "static"},
        "dataSources": [{
            "aggregate": "count()", "dataset": "events", "environment": settings.environment,
            "eventTypes": ["default", "error"], "query": query, "queryType": 0, "timeWindow": _HOUR_SECONDS,
        }],
        "conditionGroup": {
            "logicType": "any", "conditions": [*conditions, _condition("lte", lowest, FINE)], "actions": [],
        },
    })  # fmt: skip


def _condition(kind: str, comparison: Any, result: Any = True) -> Body:
    return {"type": kind, "comparison": comparison, "conditionResult": result}
