from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from tests.checks.configurations import said

urlpatterns: list[Any] = []


@pytest.mark.parametrize("name", ["BASE_URL", "RUNBOOK_URL", "DISCORD_API_URL"])
@pytest.mark.parametrize("address", ["shop.example", "//shop.example", "ftp://shop.example", "https://", "http://[x"])
def test_an_address_must_be_one_of_the_web(name: str, address: str, settings: Settings) -> None:
    settings.FREEZE_ALERTS = {name: address}
    assert f"{name} is '{address}'" in said(13)
    assert said(14) == ""


@pytest.mark.parametrize(
    "address", ["http://localhost:8000", "http://web/", "http://[::1]/", "https://me@shop.example"]
)
def test_a_link_discord_would_refuse_is_told(address: str, settings: Settings) -> None:
    settings.FREEZE_ALERTS = {"BASE_URL": address, "DISCORD_API_URL": "http://proxy:8080/api/v10"}
    assert "Discord takes no link to BASE_URL" in said(14)
    assert "DISCORD_API_URL" not in said(14)
    assert said(13) == ""


@pytest.mark.parametrize("address", ["https://shop.example/", "http://127.0.0.1:8000", "https://shop.example:8443/x"])
def test_a_link_discord_takes_is_fine(address: str, settings: Settings) -> None:
    settings.FREEZE_ALERTS = {"BASE_URL": address, "RUNBOOK_URL": address}
    assert said(13) == said(14) == ""


@pytest.mark.parametrize("urlconf", [__name__, None])
def test_no_admin_is_missed_where_cards_lead_nowhere_anyway(urlconf: str | None, settings: Settings) -> None:
    settings.ROOT_URLCONF, settings.FREEZE_ALERTS = urlconf, {}
    assert said(16) == ""
    settings.FREEZE_ALERTS = {"BASE_URL": "https://shop.example"}
    assert "The admin has no address here" in said(16)
