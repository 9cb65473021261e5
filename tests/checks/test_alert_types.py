from __future__ import annotations

import re
from typing import Any

import pytest
from pytest_django import Settings

from freeze_alerts import catalog
from freeze_alerts.checks import alert_types
from tests.checks.configurations import said, with_changes, with_type
from tests.paths import ROOT


def test_an_own_type_with_every_key_is_fine(settings: Settings) -> None:
    settings.FREEZE_ALERTS = with_type(
        TITLE="Freezer too warm", CHANNEL="errors", SEVERITY="critical", ANSWER_WITHIN_HOURS=0.5, NATURE="state",
        INTERVAL_MINUTES=5, COMMAND="ls", ANCHOR="cold", DIAGNOSIS="freeze_alerts.diagnosis.disk.steps",
    )  # fmt: skip
    assert said(19) == ""


@pytest.mark.parametrize("row", [{}, {"ANSWER_WITHIN_HOURS": None}, {"DIAGNOSIS": ""}])
def test_an_own_type_may_leave_out_what_it_likes(row: dict[str, Any], settings: Settings) -> None:
    settings.FREEZE_ALERTS = with_type(**row)
    assert said(19) == ""


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"SEVRITY": "high"}, 'has the unknown key "SEVRITY": did you mean "SEVERITY"?'),
        ({"severity": "high"}, 'has the unknown key "severity": did you mean "SEVERITY"?'),
        ({"SEVERITY": "urgent"}, "has 'urgent' as SEVERITY, which must be one of info, medium"),
        ({"SEVERITY": ["high"]}, "has ['high'] as SEVERITY"),
        ({"NATURE": "event"}, "has 'event' as NATURE, which must be one of state, fact, record"),
        ({"CHANNEL": None}, "has None as CHANNEL, which must be a string"),
        ({"INTERVAL_MINUTES": "5"}, "has '5' as INTERVAL_MINUTES, which must be a number or None"),
        ({"ANSWER_WITHIN_HOURS": 1e30}, "is not usable: "),
        (
            {"DIAGNOSIS": "shop.no_such_module.steps"},
            'has "shop.no_such_module.steps" as DIAGNOSIS, which can\'t be imported: No module',
        ),
        (
            {"DIAGNOSIS": "freeze_alerts.conf.CHANNELS"},
            'has "freeze_alerts.conf.CHANNELS" as DIAGNOSIS, which is no function',
        ),
    ],
)
def test_what_is_wrong_with_an_own_type_is_told(row: dict[str, Any], words: str, settings: Settings) -> None:
    settings.FREEZE_ALERTS = with_type(**row)
    assert f"ALERT_TYPES['warehouse.cold'] {words}" in said(19)


def test_an_own_type_that_is_no_dict_is_told(settings: Settings) -> None:
    settings.FREEZE_ALERTS = with_changes(ALERT_TYPES={"warehouse.cold": "critical"})
    assert "is a str, and must be a dict" in said(19)


def test_an_own_type_cannot_take_the_place_of_one_of_ours(settings: Settings) -> None:
    settings.FREEZE_ALERTS = with_changes(ALERT_TYPES={"disk.space": {"SEVERITY": "info"}})
    assert "ALERT_TYPES['disk.space'] has the name of one of ours" in said(19)


def test_the_keys_known_here_are_those_the_catalog_reads(settings: Settings) -> None:
    asked: list[str] = []

    class Asked(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            asked.append(key)
            return super().get(key, default)

    settings.FREEZE_ALERTS = with_changes(ALERT_TYPES={"warehouse.cold": Asked()})
    catalog.entry("warehouse.cold")
    assert sorted(asked) == sorted(alert_types.KEYS)


def test_the_keys_known_here_are_those_the_guide_lists() -> None:
    guide = (ROOT / "docs" / "how-to" / "add-an-alert-type.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| `([A-Z_]+)`", guide, re.MULTILINE)) == sorted(alert_types.KEYS)


@pytest.mark.parametrize("row", ["critical", {"INTERVAL_MINUTES": 1e30}, {"SEVERITY": "urgent"}])
def test_an_unusable_type_does_not_keep_the_others_from_being_listed(row: Any, settings: Settings) -> None:
    settings.FREEZE_ALERTS = with_changes(ALERT_TYPES={"warehouse.cold": row})
    assert len(catalog.entries()) == len(catalog.AlertType)
