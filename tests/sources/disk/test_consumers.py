from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from pytest_django import Settings

from freeze_alerts.sources.disk import consumers, databases
from freeze_alerts.sources.disk.consumers import Size, Suspect
from freeze_alerts.sources.disk.databases import DatabaseSize

MEGABYTE = 1024**2
Du = Callable[[str], None]


@pytest.fixture
def shop(tmp_path: Path, settings: Settings) -> Path:
    """A shop with 2 MB of backups, 1 MB of media and a log."""
    for name, megabytes in (("backups", 2), ("media", 1), ("logs", 0)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(os.urandom(megabytes * MEGABYTE))
    settings.FREEZE_ALERTS = {"BACKUPS": {"DIRECTORY": tmp_path / "backups"}}
    settings.MEDIA_ROOT = str(tmp_path / "media")
    settings.STATIC_ROOT = None
    settings.BASE_DIR = tmp_path / "project"
    settings.LOGGING = {
        "version": 1,
        "handlers": {
            "file": {"class": "logging.FileHandler", "filename": str(tmp_path / "logs" / "shop.log"), "delay": True},
            "console": {"class": "logging.StreamHandler"},
        },
    }
    return tmp_path


@pytest.fixture
def no_databases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "sizes", list)


def names(shop: Path) -> dict[str, str]:
    return {each.name: each.path for each in consumers.suspects() if each.path.startswith(str(shop))}


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_known_suspects_are_found(shop: Path) -> None:
    assert names(shop) == {each: str(shop / each) for each in ("backups", "media", "logs")}


def test_a_suspect_that_is_not_there_or_not_set_is_none(shop: Path, settings: Settings) -> None:
    settings.MEDIA_ROOT = ""
    settings.FREEZE_ALERTS = {"BACKUPS": {"DIRECTORY": shop / "nowhere"}}
    assert list(names(shop)) == ["logs"]
    assert str(Path.cwd()) not in [each.path for each in consumers.suspects()]


def test_one_place_with_two_names_is_measured_once(shop: Path, settings: Settings) -> None:
    (shop / "link").symlink_to(shop / "backups")
    settings.MEDIA_ROOT = str(shop / "link")
    assert names(shop) == {"backups": str(shop / "backups"), "logs": str(shop / "logs")}


def test_a_log_beside_the_code_is_measured_alone(shop: Path, settings: Settings) -> None:
    settings.LOGGING = {
        "version": 1,
        "handlers": {"file": {"class": "logging.FileHandler", "filename": str(shop / "logs" / "file"), "delay": True}},
    }
    settings.BASE_DIR = shop / "logs" / "project"
    assert names(shop)["log file"] == str(shop / "logs" / "file")


@pytest.mark.usefixtures("no_databases")
def test_suspects_are_measured_largest_first(shop: Path) -> None:
    sizes = [each for each in consumers.measure(str(shop), each_seconds=5, total_seconds=10) if each.located]
    ours = [each for each in sizes if each.path.startswith(str(shop))]
    assert [each.name for each in ours] == ["backups", "media", "logs"]
    assert ours[0].size_bytes == pytest.approx(2 * MEGABYTE, abs=64 * 1024)


@pytest.mark.usefixtures("no_databases")
def test_only_suspects_on_the_same_disk_count(shop: Path, settings: Settings, mount: Callable[[str], Path]) -> None:
    settings.MEDIA_ROOT = str(place := mount("size=1m"))
    elsewhere = consumers.measure(str(shop), each_seconds=5, total_seconds=10)
    assert [each.name for each in consumers.measure(str(place), each_seconds=5, total_seconds=10)] == ["media"]
    assert "media" not in [each.name for each in elsewhere]


@pytest.mark.usefixtures("no_databases")
def test_nothing_is_measured_when_the_time_is_over(shop: Path) -> None:
    (size, *_) = consumers.measure(str(shop), each_seconds=3, total_seconds=0)
    assert (size.size_bytes, size.words) == (None, "not measured: no time left")


def test_databases_are_named_though_their_disk_is_not_known(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = DatabaseSize("database shop", "postgresql:database shop", 3 * MEGABYTE)
    monkeypatch.setattr(databases, "sizes", lambda: [known])
    largest, *_ = consumers.measure(str(shop), each_seconds=5, total_seconds=10)
    assert f"{largest.name} {largest.words}" == "database shop 3 MB (perhaps on another disk)"


def test_a_du_that_takes_too_long_is_killed_with_its_children(tmp_path: Path, du: Du) -> None:
    du(f"sleep 600 & echo $! > {tmp_path}/child; wait")
    size = consumers.disk_usage(Suspect("media", "/srv/media"), 0.5)
    assert size == Size("media", "/srv/media", None, "timed out after 0.5 s")
    child = int((tmp_path / "child").read_text())
    wait_until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)


def test_what_du_could_not_read_makes_it_at_least(du: Du) -> None:
    du("echo '12897485\t/srv/media'; echo 'cannot read' >&2; exit 1")
    size = consumers.disk_usage(Suspect("media", "/srv/media"), 5)
    assert size.words == "at least 12.3 GB"


def test_a_du_that_says_nothing_is_no_size(du: Du) -> None:
    du("exit 3")
    assert consumers.disk_usage(Suspect("media", "/srv/media"), 5).words == "du ended with 3"


def test_a_machine_without_du_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert consumers.disk_usage(Suspect("media", "/"), 5).words == "du: No such file or directory"


def test_du_steps_back_behind_everybody_else(du: Du) -> None:
    du("sleep 0.2; echo $(ps -o ni= -p $$)")
    assert consumers.disk_usage(Suspect("media", "/"), 5).size_bytes == 19 * 1024


def test_what_lies_inside_another_is_counted_once() -> None:
    sizes = [
        Size("media", "/srv/media", 5),
        Size("backups", "/srv/media/backups", 3),
        Size("logs", "/srv/media-logs", 2),
        Size("docker", "/var/lib/docker", None, "timed out after 3 s"),
        Size("database shop", "postgresql:shop", 9, located=False),
    ]
    assert consumers.explained_bytes(sizes) == 7


def test_a_size_nothing_is_known_of_says_so() -> None:
    assert Size("media", "/", None).words == "not known"
