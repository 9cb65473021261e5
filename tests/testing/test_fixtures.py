from __future__ import annotations

from django.conf import settings
from django.test import override_settings

from freeze_alerts.testing.discord import DiscordServer
from freeze_alerts.testing.fixtures import stand_in
from tests.testing.calling import post


def test_the_settings_lead_to_the_stand_in_and_keep_the_rest(discord: DiscordServer) -> None:
    ours = settings.FREEZE_ALERTS
    assert ours["DISCORD_API_URL"] == discord.api_url
    assert ours["DELIVERY"] == {"DOORBELL": "none"}
    assert list(ours["WEBHOOKS"]) == ["errors", "payments", "backups", "admin"]
    assert post(discord, url=ours["WEBHOOKS"]["backups"]).status_code == 200
    assert len(discord.messages("backups")) == 1


@override_settings(FREEZE_ALERTS={"WEBHOOKS": {"ops": "https://discord.example/real"}})
def test_a_channel_of_the_projects_own_is_caught_too() -> None:
    with stand_in() as server:
        assert settings.FREEZE_ALERTS["WEBHOOKS"]["ops"] == server.webhook("ops")


def test_the_settings_are_put_back() -> None:
    before = settings.FREEZE_ALERTS
    with stand_in():
        assert settings.FREEZE_ALERTS is not before
    assert settings.FREEZE_ALERTS is before
