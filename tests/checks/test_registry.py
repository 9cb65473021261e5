"""All checks at once: that each is there, is found by the misconfiguration it is for, and stands on its page."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from django.core import checks as django_checks
from django.core.checks.registry import registry
from django.core.management import call_command
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from freeze_alerts import conf
from freeze_alerts.checks import CHECKS, TAG
from freeze_alerts.schedule import BEAT_SCHEDULE
from tests.checks.configurations import GOOD, WEBHOOK, found, with_changes, with_orders, with_sentry, with_type
from tests.paths import ROOT

urlpatterns: list[Any] = []  # a URLconf without the admin

WRONG: dict[int, dict[str, Any]] = {
    1: {"FREEZE_ALERTS": with_changes(WEBHOKS={})},
    2: {"FREEZE_ALERTS": with_changes(DISK={"PATHS": "/"})},
    3: {"FREEZE_ALERTS": with_changes(DELIVERY={"DOORBELL": "celery"})},
    4: {"FREEZE_ALERTS": with_changes(DISK={"HOLD_MINUTES": -1})},
    5: {"FREEZE_ALERTS": with_changes(DISK={"WARNING_PERCENT": 90})},
    6: {"FREEZE_ALERTS": with_changes(WEBHOOKS={**GOOD["WEBHOOKS"], "errors": "https://shop.example/hook"})},
    7: {"FREEZE_ALERTS": with_changes(WEBHOOKS={**GOOD["WEBHOOKS"], "errors": "/no/such/file"})},
    8: {"FREEZE_ALERTS": with_changes(WEBHOOKS={**GOOD["WEBHOOKS"], "alerts": WEBHOOK})},
    9: {"FREEZE_ALERTS": with_changes(WEBHOOKS={})},
    10: {"FREEZE_ALERTS": with_changes(WEBHOOKS={"errors": WEBHOOK})},
    11: {"FREEZE_ALERTS": with_changes(MENTIONS={"critical": "@everyone"})},
    12: {"ADMINS": []},
    13: {"FREEZE_ALERTS": with_changes(RUNBOOK_URL="shop.example/runbook")},
    14: {"FREEZE_ALERTS": with_changes(BASE_URL="http://localhost:8000")},
    15: {"FREEZE_ALERTS": with_changes(BASE_URL="")},
    16: {"ROOT_URLCONF": __name__},
    17: {"FREEZE_ALERTS": with_changes(DISK={"PATHS": ["/", "/no/such/disk"]})},
    18: {"FREEZE_ALERTS": with_changes(DELIVERY={"SPOOL": "/no/such/directory/spool.jsonl"})},
    19: {"FREEZE_ALERTS": with_type(SEVERITY="urgent")},
    72: {"FREEZE_ALERTS": with_changes(AUDIT={"PROTECTED_MODELS": ["zoo.animall"]})},
    73: {"FREEZE_ALERTS": with_changes(AUDIT={"TRUSTED_PROXIES": ["nginx"]})},
    74: {"FREEZE_ALERTS": with_changes(AUDIT={"ACTOR_RESOLVER": "shop.who"})},
    100: {"FREEZE_ALERTS": with_sentry(WEBHOOK_SECRETS=[])},
    101: {"FREEZE_ALERTS": with_sentry(TOKEN="")},
    102: {"FREEZE_ALERTS": with_changes(SENTRY={"TOKEN": "x", "API_URL": "http://sentry.shop.example/api/0"})},
    103: {"FREEZE_ALERTS": with_sentry(), "ROOT_URLCONF": "tests.checks.admin_only"},
    90: {"FREEZE_ALERTS": with_changes(RELEASE="")},
    91: {"FREEZE_ALERTS": with_changes(ERRORS={"CLEAR_PERCENT": 100})},
    92: {"FREEZE_ALERTS": with_changes(ERRORS={"IGNORE_LOGGERS": ["*"]})},
    93: {"FREEZE_ALERTS": with_changes(ERRORS={"KEEP_DAYS": 0.5})},
    95: {"FREEZE_ALERTS": with_orders(ORDER_MODEL="orders.Ordr")},
    96: {"FREEZE_ALERTS": with_orders(CREATED_FIELD="placed_on")},
    97: {"FREEZE_ALERTS": with_orders(PAID="payed")},
    99: {"FREEZE_ALERTS": with_changes(PROVIDERS={"Mollie": "status.mollie.com"})},
    98: {"FREEZE_ALERTS": with_orders(STUCK_AFTER_MINUTES=10080)},
    80: {"FREEZE_ALERTS": with_changes(BACKUPS={"DATABASES": ["defualt"]})},
    81: {"FREEZE_ALERTS": with_changes(BACKUPS={"EVERY_HOURS": 24, "STALE_AFTER_HOURS": 24})},
    82: {"FREEZE_ALERTS": with_changes(BACKUPS={"KEEP_DAILY_DAYS": 0.5})},
    83: {"FREEZE_ALERTS": with_changes(BACKUPS={"DIRECTORY": "/srv/media/backups"}), "MEDIA_ROOT": "/srv/media"},
    84: {"FREEZE_ALERTS": with_changes(BACKUPS={"STORAGE": "offsite"})},
    85: {"FREEZE_ALERTS": with_changes(BACKUPS={"ENCRYPT_TO": ["nobody"]})},
    86: {"FREEZE_ALERTS": with_changes(BACKUPS={"PING_URL": "hc-ping.com/6f9619ff-8b86"})},
    87: {"FREEZE_ALERTS": with_changes(BACKUPS={"DATABASES": ["default", "default"]}, SENTRY={"MONITOR": "backup"})},
    25: {"FREEZE_ALERTS": with_changes(DELIVERY={"SPARE": ["ntfys://shop"]})},
    60: {"FREEZE_ALERTS": with_changes(WATCH={"PING_URL": "hc-ping.com/6f9619ff-8b86"})},
    61: {"FREEZE_ALERTS": with_changes(WATCH={})},
    62: {"FREEZE_ALERTS": with_changes(WATCH={**GOOD["WATCH"], "HEALTH_TOKEN": "guess me"})},
}
BOUNDED = {
    "broker_url": "redis://127.0.0.1:6379/0",
    "broker_transport_options": {"socket_timeout": 5, "socket_connect_timeout": 2},
    "broker_pool_acquire_timeout": 2,
    "task_ignore_result": True,
    "task_time_limit": 600,
    "result_backend": "redis://127.0.0.1:6379/1",
    "beat_schedule": BEAT_SCHEDULE,
}
WRONG_CELERY: dict[int, dict[str, Any]] = {
    20: {"broker_transport_options": {"socket_timeout": 5}},
    21: {"task_ignore_result": False},
    22: {"broker_pool_acquire_timeout": None},
    23: {"task_time_limit": None},
    24: {"beat_schedule": {"of-the-shop": {"task": "shop.tasks.sell", "schedule": 60}}},
}

ASK_DATABASE = [26]  # see test_databases.py


@pytest.fixture(autouse=True)
def _a_good_configuration(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)  # as where the extra is not installed
    settings.FREEZE_ALERTS, settings.ADMINS = GOOD, [("Ada", "ada@shop.example")]


def test_a_good_configuration_gives_no_warning() -> None:
    assert found() == []


def test_a_good_configuration_of_celery_gives_none_either(shop_celery: Callable[..., Celery]) -> None:
    shop_celery(**BOUNDED)
    assert found() == []


@pytest.mark.parametrize("number", WRONG)
def test_each_misconfiguration_is_found_by_its_check_and_no_other(number: int, settings: Settings) -> None:
    for name, value in WRONG[number].items():
        setattr(settings, name, value)
    assert found() == [f"freeze_alerts.W{number:03}"]


@pytest.mark.parametrize("number", WRONG_CELERY)
def test_each_misconfiguration_of_celery_too(number: int, shop_celery: Callable[..., Celery]) -> None:
    shop_celery(**{**BOUNDED, **WRONG_CELERY[number]})
    assert found() == [f"freeze_alerts.W{number:03}"]


def test_the_tables_above_leave_no_check_out() -> None:
    assert sorted(check.id for check in CHECKS) == sorted(
        f"freeze_alerts.W{number:03}" for number in [*WRONG, *WRONG_CELERY, *ASK_DATABASE]
    )


def test_every_id_is_unique() -> None:
    assert len({check.id for check in CHECKS}) == len(CHECKS)


def test_django_knows_every_check() -> None:
    known = registry.get_checks(include_deployment_checks=True)
    ours = [each for each in known if TAG in getattr(each, "tags", ())]
    assert {each.__name__ for each in ours} == {check.find.__name__ for check in CHECKS}
    always = [each for each in registry.get_checks() if TAG in getattr(each, "tags", ())]
    assert len(ours) - len(always) == sum(check.deploy_only for check in CHECKS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_every_check_gives_a_hint_a_reader_can_act_on(check: Any) -> None:
    assert len(check.hint.split()) > 5


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_every_check_stands_on_its_page(check: Any) -> None:
    when = "with `--deploy`" if check.deploy_only else "with `--database`" if check.asks_database else "always"
    page = (ROOT / "docs" / "reference" / "checks.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| `{check.id}` \| {when} \| .+ \| .+ \|$", page, re.MULTILINE)


def test_no_check_stands_on_the_page_that_is_none() -> None:
    page = (ROOT / "docs" / "reference" / "checks.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(freeze_alerts.W\d+)`", page, re.MULTILINE) == sorted(check.id for check in CHECKS)


@pytest.mark.parametrize("configuration", [{}, {"WEBHOOKS": {"errors": "", "payments": None}}])
def test_a_fresh_install_hears_of_the_missing_webhook_alone(configuration: Any, settings: Settings) -> None:
    settings.FREEZE_ALERTS, settings.ADMINS = configuration, []
    assert found(deploy=False) == ["freeze_alerts.W009"]


def test_a_project_without_our_settings_hears_no_more(settings: Settings) -> None:
    del settings.FREEZE_ALERTS
    assert found(deploy=False) == ["freeze_alerts.W009"]


def test_the_worst_configuration_stops_no_command(settings: Settings) -> None:
    settings.FREEZE_ALERTS = with_changes(DISK=[], WEBHOOKS={"errors": "nonsense"}, ALERT_TYPES={"own": 7})
    call_command("check", tags=[TAG], deploy=True)


def test_a_check_that_fails_says_so_and_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conf, "current", lambda: 1 / 0)
    messages = django_checks.run_checks(tags=[TAG])
    assert {each.level for each in messages} == {django_checks.WARNING}
    assert {each.msg for each in messages} == {"This could not be checked: ZeroDivisionError."}


def test_no_check_needs_more_than_the_arguments_django_gives() -> None:
    assert not [check.id for check in CHECKS if inspect.signature(check.find).parameters]


_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(Path("/x"))
_junk = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2)
)
_sections = st.dictionaries(st.sampled_from(["PATHS", "WARNING_PERCENT", "SPOOL", "DOORBELL", "errors", "own"]), _junk)
_keys = st.sampled_from([name.upper() for name in conf.Settings.__dataclass_fields__])
_own_type = st.dictionaries(st.sampled_from(["TITLE", "CHANNEL", "SEVERITY", "NATURE", "INTERVAL_MINUTES"]), _junk)
_own_types = st.fixed_dictionaries({"ALERT_TYPES": st.fixed_dictionaries({"own": _own_type})})


@given(st.dictionaries(_keys, _junk | _sections) | _own_types)
def test_whatever_stands_in_the_settings_every_check_can_tell(configuration: dict[str, Any]) -> None:
    with override_settings(FREEZE_ALERTS=configuration):
        sentences = [each.msg for check in CHECKS if not check.asks_database for each in check.run()]
    assert not [each for each in sentences if "could not be checked" in each]
