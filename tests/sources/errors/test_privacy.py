"""A checkout fails with everything in it that must not be kept. Nothing of it is, in any row or message of ours."""

from __future__ import annotations

import json
import re
import sys

import pytest
from django.apps import apps
from django.core import serializers

from freeze_alerts.delivery import deliver_once
from freeze_alerts.sources.errors.models import Issue
from freeze_alerts.testing.discord import DiscordServer
from tests import processes

pytestmark = pytest.mark.django_db(transaction=True)

SECRETS = (
    "4111 1111 1111 1111",
    "5500 0000 0000 0004",
    "999",
    "ann@shop.example",
    "hunter2",
    "s3ss10n",
    "t0k3n-in-the-query-4711",
    "b34r3r",
    "NL91ABNA0417164300",
    "live_dHar4XY7LxsDOtmnkVtjNVWXLSlXsM",
)


def _kept() -> str:
    """All that our tables hold."""
    rows = [row for model in apps.get_app_config("freeze_alerts").get_models() for row in model.objects.all()]
    return serializers.serialize("json", rows)


def _stands_in(secret: str, text: str) -> bool:
    """Whether it does, and not as a part of some hash or moment that happens to have its digits."""
    return re.search(rf"(?<![0-9a-f.]){re.escape(secret)}(?![0-9a-f])", text) is not None or secret.join("''") in text


@pytest.mark.parametrize("when", ["never", "before"])
def test_no_secret_of_a_failed_checkout_is_kept_or_told(when: str, discord: DiscordServer) -> None:
    command = [sys.executable, "-m", "tests.sources.errors.host_project", when, "checkout"]
    process = processes.start(command, DJANGO_SETTINGS_MODULE="tests.sources.errors.host_settings")
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert Issue.objects.count() == 2
    deliver_once()
    told = json.dumps([message.first_payload for message in discord.messages()])
    assert "CheckoutFailed" in told
    kept = _kept()
    assert "CheckoutFailed" in kept
    assert [secret for secret in SECRETS if _stands_in(secret, kept) or _stands_in(secret, told)] == []
