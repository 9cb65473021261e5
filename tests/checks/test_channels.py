from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from freeze_alerts.checks import CHECKS
from tests.checks.configurations import GOOD, TOKEN, WEBHOOK, said, with_changes, with_type


def _raises() -> str:
    raise RuntimeError(f"the vault is closed: {WEBHOOK}")


def _returns_nothing() -> None:
    return None


@pytest.mark.parametrize("url", [WEBHOOK, WEBHOOK.replace("discord.com", "canary.discord.com")])
def test_a_webhook_as_discord_shows_it_is_fine(url: str, settings: Settings) -> None:
    settings.FREEZE_ALERTS = with_changes(WEBHOOKS={"errors": url})
    assert said(6) == ""


@pytest.mark.parametrize("url", [WEBHOOK.replace("https", "http"), WEBHOOK.replace("discord.com", "discord.example")])
def test_no_warning_shows_the_token_of_a_webhook(url: str, settings: Settings) -> None:
    settings.FREEZE_ALERTS = with_changes(
        WEBHOOKS={"errors": url, "admin": _raises, url: url}, BASE_URL=url, MENTIONS={"critical": url}
    )
    settings.FREEZE_ALERTS[url] = url
    sentences = [each.msg for check in CHECKS for each in check.run()]
    assert "#errors is no webhook" in said(6)
    assert not [each for each in sentences if TOKEN in each]


def test_a_webhook_in_a_file_is_read_and_judged(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "good").write_text(f"{WEBHOOK}\n")
    (tmp_path / "bad").write_text("https://shop.example")
    settings.FREEZE_ALERTS = {"WEBHOOKS": {"errors": tmp_path / "good", "admin": str(tmp_path / "bad")}}
    assert said(7) == ""
    assert said(6).count("\n") == 0
    assert "#admin" in said(6)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("/no/such/file", "/no/such/file: No such file or directory"),
        (_raises, "it raised RuntimeError"),
        (_returns_nothing, "it returned nothing"),
        (42, "its type is wrong: AttributeError"),
    ],
)
def test_a_webhook_that_cannot_be_read_is_told_with_the_reason(source: Any, words: str, settings: Settings) -> None:
    settings.FREEZE_ALERTS = {"WEBHOOKS": {"errors": source}}
    assert said(7) == f"FREEZE_ALERTS: the webhook of #errors can't be read: {words}."
    assert said(6) == ""


def test_an_empty_file_is_told(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "webhook").touch()
    settings.FREEZE_ALERTS = {"WEBHOOKS": {"errors": tmp_path / "webhook"}}
    assert said(7).endswith("webhook is empty.")


def test_a_channel_that_no_alert_reaches_is_told_with_the_likely_one(settings: Settings) -> None:
    settings.FREEZE_ALERTS = {"WEBHOOKS": {"error": WEBHOOK}}
    assert 'did you mean "errors"?' in said(8)


def test_a_channel_of_an_own_alert_type_is_used(settings: Settings) -> None:
    settings.FREEZE_ALERTS = with_type(CHANNEL="warehouse") | {"WEBHOOKS": {"warehouse": WEBHOOK}}
    assert said(8) == ""


def test_alert_types_without_a_webhook_are_named(settings: Settings) -> None:
    webhooks = {**GOOD["WEBHOOKS"], "payments": ""}
    settings.FREEZE_ALERTS = with_type(CHANNEL="warehouse") | {"WEBHOOKS": webhooks}
    assert (
        "#payments (payments.error, payments.spike, payments.failing, payments.stuck); #warehouse (warehouse.cold)"
        in said(10)
    )


@pytest.mark.parametrize("mention", ["role:1234567890", "user:1234567890", "everyone", "here"])
def test_a_mention_that_is_one_is_fine(mention: str, settings: Settings) -> None:
    settings.FREEZE_ALERTS = {"MENTIONS": {"critical": mention}}
    assert said(11) == ""


@pytest.mark.parametrize("mention", ["@here", "role:admins", "<@&1234567890>", "1234567890", "", None, 7])
def test_a_mention_that_is_none_is_told(mention: Any, settings: Settings) -> None:
    settings.FREEZE_ALERTS = {"MENTIONS": {"critical": mention}}
    assert f"MENTIONS['critical'] is {mention!r}" in said(11)


def test_a_mention_for_an_unknown_severity_is_told_with_the_likely_one(settings: Settings) -> None:
    settings.FREEZE_ALERTS = {"MENTIONS": {"critcal": "here"}}
    assert 'did you mean "critical"?' in said(11)


def test_nobody_need_have_a_mail_address_where_none_is_used(settings: Settings) -> None:
    settings.ADMINS, settings.FREEZE_ALERTS = [], {"DELIVERY": {"MAIL_ADMINS": False}}
    assert said(12) == ""
