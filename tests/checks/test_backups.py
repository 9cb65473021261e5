from __future__ import annotations

import sys
from pathlib import Path

import pyrage  # type: ignore[import-not-found]
import pytest
from pytest_django import Settings

from tests.checks.configurations import said, with_changes


@pytest.mark.parametrize("place", ["MEDIA_ROOT", "STATIC_ROOT", "STATICFILES_DIRS"])
def test_backups_that_a_web_server_serves_are_found(place: str, settings: Settings, tmp_path: Path) -> None:
    settings.FREEZE_ALERTS = with_changes(BACKUPS={"DIRECTORY": str(tmp_path / "media" / "backups")})
    assert said(83) == ""
    public = str(tmp_path / "media")
    setattr(settings, place, [("prefix", public)] if place == "STATICFILES_DIRS" else public)
    assert f"inside {place}" in said(83)


def test_a_neighbour_with_the_same_beginning_is_no_inside(settings: Settings, tmp_path: Path) -> None:
    settings.FREEZE_ALERTS = with_changes(BACKUPS={"DIRECTORY": str(tmp_path / "media-backups")})
    settings.MEDIA_ROOT = str(tmp_path / "media")
    assert said(83) == ""


def test_a_misspelt_database_and_storage_are_asked_back(settings: Settings) -> None:
    settings.FREEZE_ALERTS = with_changes(BACKUPS={"DATABASES": ["defualt"], "STORAGE": "staticfile"})
    assert 'did you mean "default"?' in said(80)
    assert 'did you mean "staticfiles"?' in said(84)


@pytest.mark.parametrize(("every", "stale", "wrong"), [(1, 25, False), (24, 25, False), (24, 24, True), (25, 1, True)])
def test_what_is_stale_before_the_next_is_made_is_found(
    every: float, stale: float, wrong: bool, settings: Settings
) -> None:
    settings.FREEZE_ALERTS = with_changes(BACKUPS={"EVERY_HOURS": every, "STALE_AFTER_HOURS": stale})
    assert bool(said(81)) is wrong


RECIPIENT = str(pyrage.x25519.Identity.generate().to_public())


def test_recipients_that_are_none_are_found(settings: Settings) -> None:
    settings.FREEZE_ALERTS = with_changes(BACKUPS={"ENCRYPT_TO": [RECIPIENT]})
    assert said(85) == ""
    settings.FREEZE_ALERTS = with_changes(BACKUPS={"ENCRYPT_TO": [RECIPIENT, "me@shop.example"]})
    assert "ENCRYPT_TO has 'me@shop.example', which is neither an age recipient" in said(85)


def test_recipients_without_the_extra_are_found(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyrage", None)
    settings.FREEZE_ALERTS = with_changes(BACKUPS={"ENCRYPT_TO": [RECIPIENT]})
    assert "pip install 'freeze-alerts[encryption]'" in said(85)
