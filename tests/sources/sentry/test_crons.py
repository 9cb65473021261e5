"""The monitor that waits for backups, made before the first of them."""

from __future__ import annotations

import pytest

from freeze_alerts import conf
from freeze_alerts.sources.sentry import crons
from tests.sources.sentry.test_rules import run

pytestmark = pytest.mark.django_db


def test_apply_makes_the_monitor_before_the_first_backup(sentry, configure):
    configure({"MONITOR": "freeze-backup"})
    assert "+ monitor   freeze-backup  create" in run("plan")[1].splitlines()
    assert sentry.monitors == {}
    assert run("apply")[0] == 0
    assert sentry.monitors["freeze-backup"]["config"] == {
        "schedule_type": "interval", "schedule": [1, "hour"], "checkin_margin": 15, "max_runtime": 120,
        "failure_issue_threshold": 1, "recovery_threshold": 1,
    }  # fmt: skip
    assert run("check") == (0, "", "")


def test_applied_twice_it_is_made_once_and_one_that_was_deleted_is_found(sentry, configure):
    configure({"MONITOR": "freeze-backup"})
    run("apply")
    writes = len(sentry.written)
    assert run("apply")[0] == 0
    assert len(sentry.written) == writes
    sentry.monitors.clear()
    assert run("check")[0] == 2


def test_each_database_has_its_own_where_the_slug_says_so(sentry, configure):
    configure({"MONITOR": "{database}-backup"}, BACKUPS={"DATABASES": ["default", "Shop 2"]})
    run("apply")
    assert sorted(sentry.monitors) == ["default-backup", "shop-2-backup"]


def test_a_sentry_that_will_not_say_is_no_sentry_without_a_monitor(sentry, configure):
    configure({"MONITOR": "freeze-backup"})
    sentry.shut = "monitors/"
    code, _, complaint = run("apply")
    assert (code, sentry.monitors) == (3, {})
    assert "monitors/ is shut" in complaint


@pytest.mark.parametrize(
    ("hours", "schedule"),
    [(1, (1, "hour")), (24, (24, "hour")), (0.5, (30, "minute")), (1.5, (90, "minute")), (0.001, (1, "minute"))],
)
def test_the_schedule_is_how_often_a_backup_is_due(configure, hours, schedule):
    configure(BACKUPS={"EVERY_HOURS": hours})
    said = crons.check_in_config(conf.current())["schedule"]
    assert (said["value"], said["unit"]) == schedule
