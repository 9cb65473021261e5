from __future__ import annotations

import itertools
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils.module_loading import import_string

from freeze_alerts import catalog
from freeze_alerts.catalog import (
    AlertType,
    Nature,
    Severity,
    UnknownAlertType,
    UnusableAlertType,
    entries,
    entry,
    entry_or_plain,
)
from freeze_alerts.conf import CHANNELS

H, M = (lambda n: timedelta(hours=n)), (lambda n: timedelta(minutes=n))

RUNBOOK = [
    # the runbook's quick reference: number, title, channel, severity, answer within
    ("errors.new_issue", "New issue", "errors", "medium", H(4)),
    ("errors.regression", "Regression", "errors", "high", H(1)),
    ("errors.spike", "Error spike", "errors", "warning", M(30)),
    ("payments.error", "Payment error", "payments", "critical", M(15)),
    ("payments.spike", "Payment error spike", "payments", "critical", M(15)),
    ("backups.failed", "Backup failure", "backups", "high", H(2)),
    ("backups.missed", "Missed backup", "backups", "high", H(2)),
    ("disk.space", "Disk space", "errors", "warning", H(1)),
    ("audit.delete", "Admin delete", "admin", "info", None),
]


def test_the_nine_are_the_runbooks():
    rows = [(row.value, row.title, row.channel, row.severity, row.answer_within) for row in catalog.NINE]
    assert rows == RUNBOOK


def test_every_alert_type_has_a_row_and_an_anchor_of_its_own():
    rows = [entry(each) for each in AlertType]
    assert len({row.anchor for row in rows}) == len(rows) == len(AlertType)
    assert {row.channel for row in rows} == set(CHANNELS)


def test_a_state_is_judged_at_intervals_and_a_fact_is_not():
    assert all((row.interval is not None) == (row.nature is Nature.STATE) for row in entries())


def test_every_diagnosis_can_be_imported():
    paths = [row.diagnosis for row in entries() if row.diagnosis]
    assert paths
    assert all(callable(import_string(path)) for path in paths)


def test_severities_are_ordered():
    ordered = list(Severity)
    assert [each.value for each in ordered] == ["info", "medium", "warning", "high", "critical", "emergency"]
    for (low_rank, low), (high_rank, high) in itertools.product(enumerate(ordered), repeat=2):
        assert (low < high) == (low_rank < high_rank)
        assert (low <= high) == (low_rank <= high_rank)
        assert (low > high) == (low_rank > high_rank)
        assert (low >= high) == (low_rank >= high_rank)


def test_a_severity_compares_with_its_word():
    assert Severity.HIGH > "warning"
    assert max("warning", Severity.HIGH) == "high"


def test_an_unknown_type_names_the_known_ones():
    with pytest.raises(UnknownAlertType, match=r"disk\.space"):
        entry("disk.spcae")


def test_a_type_of_ones_own_has_defaults(settings):
    settings.FREEZE_ALERTS = {"ALERT_TYPES": {"shop.stock": {"CHANNEL": "admin", "ANSWER_WITHIN_HOURS": None}}}
    row = entry("shop.stock")
    assert (row.title, row.channel, row.severity, row.answer_within) == ("shop.stock", "admin", "medium", None)
    assert row in entries()


@pytest.mark.parametrize("row", [{"SEVERITY": "loud"}, {"NATURE": "x"}, {"ANSWER_WITHIN_HOURS": "4"}, "x", None])
def test_an_unusable_type_of_ones_own_is_left_out(settings, row):
    settings.FREEZE_ALERTS = {"ALERT_TYPES": {"shop.stock": row}}
    assert len(entries()) == len(AlertType)
    with pytest.raises(UnusableAlertType, match=r"shop\.stock"):
        entry("shop.stock")
    assert entry_or_plain("shop.stock").channel == "errors"


def test_a_type_of_ours_cannot_be_replaced(settings):
    settings.FREEZE_ALERTS = {"ALERT_TYPES": {"disk.space": {"CHANNEL": "admin"}}}
    assert entry("disk.space").channel == "errors"


def test_the_catalog_is_plain_python():
    assert "django" not in Path(catalog.__file__).read_text(encoding="utf-8")
