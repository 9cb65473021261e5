"""A Sentry, or what stands before it, that answers what nobody has documented: said clearly, never a traceback."""

from __future__ import annotations

from typing import Any

import pytest

from freeze_alerts.alerts.models import Alert
from freeze_alerts.watch.sentry import ask_sentry
from tests.sources.sentry.test_reconcile import an_issue
from tests.sources.sentry.test_rules import run

pytestmark = pytest.mark.django_db(transaction=True)

ODD = [b"", b"null", b"[]", b"{}", b"7", b'"x"', b"[null]", b"[[]]", b"[{}]", b"<html>welcome</html>", b"[" * 100_000]
KEYS = [
    "id", "name", "app", "slug", "status", "sentryAppId", "type", "config", "dataSources", "queryObj", "snubaQuery",
    "eventTypes", "conditionGroup", "conditions", "actions", "triggers", "actionFilters", "logicType", "detectorIds",
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=lambda each: repr(each[:12]))
@pytest.mark.parametrize("action", ["plan", "apply"])
def test_one_odd_answer_is_an_error_or_a_difference(sentry, configure, action, odd):
    configure({"MONITOR": "backup-{database}"})
    run(action)
    for before in range(len(sentry.calls)):
        sentry.answers = [*[None] * before, (200, {}, odd)]
        code, printed, told = run(action)
        assert code in (0, 2, 3)
        assert (code == 3) == (told != ""), told
        assert printed or told
    sentry.answers = []


def bent(found: Any, key: str, odd: Any) -> Any:
    if isinstance(found, list):
        return [bent(each, key, odd) for each in found]
    if isinstance(found, dict):
        return {name: odd if name == key else bent(each, key, odd) for name, each in found.items()}
    return found


@pytest.mark.parametrize("key", KEYS)
def test_a_value_of_another_shape_is_an_error_or_a_difference(sentry, key):
    run("apply")
    for odd in (None, [], {}, 7, "x", [None], [7], [[]], [{}], {"x": 7}):
        sentry.bend = lambda found, odd=odd: bent(found, key, odd)
        code, _, told = run("plan")
        assert code in (0, 2, 3)
        assert (code == 3) == (told != "")


@pytest.mark.parametrize("odd", ODD, ids=lambda each: repr(each[:12]))
def test_whoever_asks_what_no_webhook_told_is_not_let_down_either(sentry, configure, odd):
    configure(ERRORS={"JUDGE": "sentry"})
    sentry.found["firstSeen"] = [an_issue("7")]
    for before in range(5):
        sentry.answers = [*[None] * before, (200, {}, odd)]
        ask_sentry()
    sentry.answers = []


def test_that_sentry_can_no_longer_be_understood_is_told(sentry, configure):
    configure(ERRORS={"JUDGE": "sentry"})
    sentry.answers = [(200, {}, b'{"slug": "backend"}')]
    ask_sentry()
    assert "answered nothing with an id" in Alert.objects.get(key="sentry:unreachable").text
