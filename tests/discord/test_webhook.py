from __future__ import annotations

import logging

import pytest

from freeze_alerts.conf import FreezeAlertsError
from freeze_alerts.discord.webhook import InvalidWebhook, RedactTokens, Webhook, install, parse, redact

ID, TOKEN = "123456789012345678", "S3cret-token_of-the-webhook" + "x" * 41
WEBHOOK = Webhook(ID, TOKEN)


@pytest.mark.parametrize(
    "url",
    [
        f"https://discord.com/api/webhooks/{ID}/{TOKEN}",
        f"https://discord.com/api/v10/webhooks/{ID}/{TOKEN}/",
        f"https://discordapp.com/api/v6/webhooks/{ID}/{TOKEN}",
        f"https://ptb.discord.com/api/webhooks/{ID}/{TOKEN}/slack",
        f"https://canary.discord.com/api/webhooks/{ID}/{TOKEN}/github?wait=true",
        f"  https://Discord.com/api/webhooks/{ID}/{TOKEN}\n",
    ],
)
def test_every_form_of_discords_url_is_the_same_webhook(url: str) -> None:
    assert parse(url) == WEBHOOK
    assert parse(url).url() == f"https://discord.com/api/v10/webhooks/{ID}/{TOKEN}"


def test_a_thread_is_kept() -> None:
    assert parse(f"https://discord.com/api/webhooks/{ID}/{TOKEN}?wait=1&thread_id=77").thread_id == "77"


def test_a_url_below_another_base_will_do_where_that_is_configured() -> None:
    base = "http://127.0.0.1:8001/api/v10"
    assert parse(f"{base}/webhooks/1/abc?thread_id=2", f"{base}/") == Webhook("1", "abc", base, "2")
    assert parse(f"https://discord.com/api/webhooks/{ID}/{TOKEN}", base).api_url == base
    assert Webhook("1", "abc", base).url("55") == f"{base}/webhooks/1/abc/messages/55"


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("", "empty"),
        ("https://example.com", "not the URL of a Discord webhook"),
        (f"http://discord.com/api/webhooks/{ID}/{TOKEN}", "https"),
        (f"https://evil.example/api/webhooks/{ID}/{TOKEN}", "another server"),
        (f"https://discord.com.evil.example/api/webhooks/{ID}/{TOKEN}", "another server"),
        (f"https://discord.com/api/webhooks/{ID}", "cut short"),
        (f"https://discord.com/api/webhooks/{ID}/{TOKEN}/messages/1", "changed"),
        (f"https://discord.com/api/webhooks/{ID}/{TOKEN}?thread_id={TOKEN}", "thread_id"),
        ("http://127.0.0.1:8001/webhooks/1/abc", "https"),
    ],
)
def test_a_wrong_url_is_refused_with_advice_and_without_its_token(url: str, advice: str) -> None:
    with pytest.raises(InvalidWebhook, match=advice) as caught:
        parse(url)
    assert isinstance(caught.value, FreezeAlertsError)
    assert TOKEN not in str(caught.value)


def test_the_token_prints_nowhere() -> None:
    for shown in (
        repr(WEBHOOK),
        str(WEBHOOK),
        f"{WEBHOOK}",
        f"{[WEBHOOK]}",
        WEBHOOK.name,
        str(vars(InvalidWebhook())),
    ):
        assert TOKEN not in shown
    assert str(WEBHOOK) == WEBHOOK.name
    assert WEBHOOK.name.startswith(f"discord:{ID}/…")


def test_the_name_tells_two_tokens_apart() -> None:
    assert WEBHOOK.name == Webhook(ID, TOKEN).name != Webhook(ID, TOKEN[::-1]).name


@pytest.mark.parametrize(
    "text",
    [
        f"POST /api/v10/webhooks/{ID}/{TOKEN}?wait=true HTTP/1.1",
        f"PATCH /webhooks/{ID}/{TOKEN}/messages/1",
        f"next=%2Fapi%2Fwebhooks%2F{ID}%2F{TOKEN}",
        rf'{{"url": "https:\/\/discord.com\/api\/webhooks\/{ID}\/{TOKEN}"}}',
        f"twice /webhooks/1/{TOKEN} /webhooks/2/{TOKEN}",
    ],
)
def test_a_token_is_taken_out_of_any_text(text: str) -> None:
    assert TOKEN not in redact(text)
    assert "***" in redact(text)
    assert redact(redact(text)) == redact(text)


def test_the_log_filter_rewrites_the_record_and_is_installed_once(caplog: pytest.LogCaptureFixture) -> None:
    install()
    install()
    logger = logging.getLogger("urllib3.connectionpool")
    assert sum(isinstance(each, RedactTokens) for each in logger.filters) == 1
    with caplog.at_level(logging.DEBUG, "urllib3.connectionpool"):
        logger.debug("%s %s %s", "POST", f"/api/webhooks/{ID}/{TOKEN}", 200)
        logger.debug("another of %s", "urllib3's")
    assert caplog.messages == [f"POST /api/webhooks/{ID}/*** 200", "another of urllib3's"]
