from __future__ import annotations

import os
from pathlib import Path

import pytest
from pytest_django import Settings

from freeze_alerts.checks import places
from tests.checks.configurations import said


def _why_no_path(path: str) -> str:
    """Python's own words, which differ by version."""
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - its text is what is asked for
        os.stat(path)
    return str(refused.value)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/no/such/disk", "can't be read: No such file or directory"),
        ("/nu\0l", "is no path: " + _why_no_path("/nu\0l")),
    ],
)
def test_a_watched_path_that_is_not_there_is_told(path: str, words: str, settings: Settings) -> None:
    settings.FREEZE_ALERTS = {"DISK": {"PATHS": ["/", path]}}
    assert said(17) == f"FREEZE_ALERTS: DISK.PATHS names {path}, which {words}."


def test_a_mount_that_hangs_does_not_hold_up_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr(places, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(places.os, "stat", lambda path: (tmp_path / "pipe").read_text())
    settings.FREEZE_ALERTS = {"DISK": {"PATHS": ["/mnt/dead"]}}
    assert said(17) == "FREEZE_ALERTS: DISK.PATHS names /mnt/dead, which does not answer."
    (tmp_path / "pipe").write_text("lets the thread end")


def test_a_spool_that_is_yet_to_be_made_is_fine(tmp_path: Path, settings: Settings) -> None:
    settings.FREEZE_ALERTS = {"DELIVERY": {"SPOOL": tmp_path / "spool.jsonl"}}
    assert said(18) == ""


def test_a_spool_that_is_a_directory_is_told(tmp_path: Path, settings: Settings) -> None:
    settings.FREEZE_ALERTS = {"DELIVERY": {"SPOOL": tmp_path}}
    assert said(18).endswith("which is a directory.")


def test_a_spool_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setattr(places.os, "access", lambda path, mode: path != tmp_path)  # root may write anywhere
    settings.FREEZE_ALERTS = {"DELIVERY": {"SPOOL": tmp_path / "spool.jsonl"}}
    assert said(18).endswith("which this user can't write.")
