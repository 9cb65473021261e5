from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freeze_alerts import conf

SECRET = "https://discord.com/api/webhooks/123456789012345678/token-that-stays-secret"


@pytest.fixture
def configure(settings):
    def to(value):
        settings.FREEZE_ALERTS = value

    return to


def test_without_settings_everything_has_its_default(settings):
    del settings.FREEZE_ALERTS
    ours = conf.current()
    assert ours.disk.paths == ("/",)
    assert (ours.disk.warning_percent, ours.disk.critical_percent, ours.disk.emergency_percent) == (80, 90, 95)
    assert ours.delivery.spool == Path(settings.BASE_DIR) / "freeze_alerts_spool.jsonl"
    assert conf.problems() == []


def test_settings_are_read_late(configure):
    configure({"DISK": {"PATHS": ["/data"], "WARNING_PERCENT": 70}})
    assert conf.current().disk.paths == ("/data",)
    configure({})
    assert conf.current().disk.paths == ("/",)


def test_settings_changed_in_place_are_read_anew(configure):
    value = {"DISK": {"PATHS": ["/data"]}, "AUDIT": {}, "WEBHOOKS": {"errors": lambda: SECRET}}
    configure(value)
    assert conf.current() is conf.current()
    value["DISK"]["PATHS"].append("/more")
    assert conf.current().disk.paths == ("/data", "/more")
    value["AUDIT"]["KEEP_DAYS"] = 5
    assert conf.current().audit.keep_days == 5
    del value["DISK"]
    assert conf.current().disk.paths == ("/",)


def test_default_paths_follow_the_base_directory(settings, tmp_path):
    assert conf.current().backups.directory == Path(settings.BASE_DIR) / "backups"
    settings.BASE_DIR = str(tmp_path)
    assert conf.current().backups.directory == tmp_path / "backups"


@pytest.mark.parametrize(
    ("value", "where", "what", "meant"),
    [
        ({"WEBHOKS": {}}, "WEBHOKS", "is not a setting", "WEBHOOKS"),
        ({"DISK": {"WARNING_PRECENT": 1}}, "DISK.WARNING_PRECENT", "is not a setting", "DISK.WARNING_PERCENT"),
        ({"disk": {}}, "disk", "is not a setting", "DISK"),
        ({"XYZ": 1}, "XYZ", "is not a setting", ""),
        ({"DISK": {"WARNING_PERCENT": "80"}}, "DISK.WARNING_PERCENT", "must be a number", ""),
        ({"DISK": {"WARNING_PERCENT": True}}, "DISK.WARNING_PERCENT", "must be a number", ""),
        ({"DISK": {"PATHS": "/"}}, "DISK.PATHS", "must be a list", ""),  # would be read letter by letter
        ({"DISK": None}, "DISK", "must be a dict", ""),
        ({"ENVIRONMENT": 3}, "ENVIRONMENT", "must be a string", ""),
        ({"RUNBOOK_URL": 3}, "RUNBOOK_URL", "must be a string or None", ""),
        ({"DELIVERY": {"MAIL_ADMINS": 1}}, "DELIVERY.MAIL_ADMINS", "must be True or False", ""),
        ({"DELIVERY": {"SPOOL": 1}}, "DELIVERY.SPOOL", "must be a path", ""),
        ({"WEBHOOKS": []}, "WEBHOOKS", "must be a dict", ""),
        ([], "FREEZE_ALERTS", "must be a dict", ""),
    ],
)
def test_what_is_wrong_is_named_and_passed_over(configure, value, where, what, meant):
    configure(value)
    (problem,) = conf.problems()
    assert (problem.where, problem.meant) == (where, meant)
    assert what in problem.what
    assert conf.current() == conf.Settings()


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["DISK", "WEBHOOKS", "PATHS"]), inner),
)


@given(value=JSON)
def test_no_setting_makes_reading_them_fail(value):
    from django.test import override_settings

    with override_settings(FREEZE_ALERTS=value):
        conf.problems()
        conf.current().webhook_url("errors")


@pytest.mark.parametrize("kept_in", ["string", "path", "file name", "callable"])
def test_a_webhook_may_be_kept_in_many_places(configure, tmp_path, kept_in):
    file = tmp_path / "webhook"
    file.write_text(f"{SECRET}\n")
    places = {"string": SECRET, "path": file, "file name": str(file), "callable": lambda: SECRET}
    configure({"WEBHOOKS": {"errors": places[kept_in]}})
    assert conf.current().webhook_url("errors") == SECRET


@pytest.mark.parametrize("source", [None, "", "/nowhere/at/all", lambda: 1 / 0, lambda: None])
def test_a_webhook_that_is_not_there_is_none(configure, source):
    configure({"WEBHOOKS": {"errors": source}})
    assert conf.current().webhook_url("errors") == ""


def test_secrets_are_not_printed(configure):
    configure({"WEBHOOKS": {"errors": SECRET}, "SENTRY": {"TOKEN": SECRET}, "WATCH": {"PING_URL": SECRET}})
    assert "secret" not in repr(conf.current())
    configure({"BACKUPS": {"PING_URL": SECRET}})
    assert "secret" not in repr(conf.current())


def test_every_setting_says_its_type_by_its_default():
    for section in (each.default_factory for each in fields(conf.Settings) if callable(each.default_factory)):
        assert section() is not None


def test_an_error_without_words_says_what_its_class_says():
    class TapeFull(conf.FreezeAlertsError):
        """The tape is full."""

    assert str(TapeFull()) == "The tape is full."
    assert str(TapeFull("reel 3")) == "reel 3"
