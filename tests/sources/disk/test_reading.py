from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from pytest_django import Settings

from freeze_alerts.sources.disk import reading
from freeze_alerts.sources.disk.reading import Reading, Unreadable


def read(path: Path | str) -> Reading:
    seen = reading.read(str(path))
    assert isinstance(seen, Reading)
    return seen


def test_the_percent_is_of_what_can_be_used_as_df_counts() -> None:
    seen, blocks = read("/"), os.statvfs("/")
    used = blocks.f_blocks - blocks.f_bfree
    assert seen.used_percent == pytest.approx(100 * used / (used + blocks.f_bavail), abs=0.5)
    assert seen.usable_bytes <= seen.total_bytes


def test_a_percent_is_not_rounded_to_one_decimal(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = SimpleNamespace(used=8001, free=1999, total=10000, percent=80.0)
    monkeypatch.setattr(psutil, "disk_usage", lambda path: usage)
    assert read("/").used_percent == pytest.approx(80.01)


def test_a_missing_path_is_a_value_and_no_exception(tmp_path: Path) -> None:
    path = str(tmp_path / "nowhere")
    assert reading.read(path) == Unreadable(path, "No such file or directory")


def test_a_path_that_can_be_no_path_is_unreadable() -> None:
    assert isinstance(reading.read("/a\0b"), Unreadable)


def test_a_filesystem_that_hangs_is_unreadable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    release = threading.Event()
    monkeypatch.setattr(reading, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(psutil, "disk_usage", lambda path: release.wait(30))
    path = str(tmp_path)  # nobody else's: it is remembered as silent until the thread is gone
    assert reading.read(path) == Unreadable(path, "did not answer within 0.05 s")
    release.set()


def test_two_paths_on_one_disk_are_one_reading(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    seen = reading.read_all([str(tmp_path), str(tmp_path / "a"), str(tmp_path / "nowhere")])
    assert [each.path for each in seen] == [str(tmp_path), str(tmp_path / "nowhere")]
    assert isinstance(seen[0], Reading)
    assert seen[0].also == (str(tmp_path / "a"),)


def test_a_path_named_twice_is_one_path(tmp_path: Path) -> None:
    (seen,) = reading.read_all([str(tmp_path), str(tmp_path)])
    assert isinstance(seen, Reading)
    assert seen.also == ()


def test_subvolumes_of_one_device_are_one_disk(monkeypatch: pytest.MonkeyPatch, mount: Callable[[str], Path]) -> None:
    places = [str(mount("size=1m")), str(mount("size=1m"))]
    monkeypatch.setattr(reading, "_device", lambda path, number: "/dev/sda1")
    (seen,) = reading.read_all(places)
    assert isinstance(seen, Reading)
    assert (seen.path, seen.also) == (places[0], (places[1],))


def test_a_symbolic_link_leads_to_the_disk_behind_it(tmp_path: Path, mount: Callable[[str], Path]) -> None:
    (tmp_path / "link").symlink_to(place := mount("size=1m"))
    assert read(tmp_path / "link").device == f"tmpfs:{place}"


def test_every_disk_in_memory_has_a_name_of_its_own(mount: Callable[[str], Path]) -> None:
    places = [mount("size=1m"), mount("size=1m")]
    seen = reading.read_all([str(place) for place in places])
    assert [each.device for each in seen if isinstance(each, Reading)] == [f"tmpfs:{place}" for place in places]


def test_a_full_disk_reads_a_hundred_percent(mount: Callable[[str], Path]) -> None:
    place = mount("size=256k")
    with pytest.raises(OSError, match="No space left"):
        (place / "fill").write_bytes(bytes(512 * 1024))
    seen = read(place)
    assert (seen.used_percent, seen.free_bytes) == (100.0, 0)


def test_inodes_run_out_on_an_empty_disk(mount: Callable[[str], Path]) -> None:
    place = mount("size=1m,nr_inodes=20")
    for number in range(19):  # the root directory is the twentieth
        (place / str(number)).touch()
    with pytest.raises(OSError, match="No space left"):
        (place / "one more").touch()
    seen = read(place)
    assert (seen.inodes_used_percent, seen.inodes_free, seen.inodes_used) == (100.0, 0, 20)
    assert seen.used_percent < 1
    assert seen.worst_percent == 100.0


def test_a_filesystem_without_inodes_counts_none(mount: Callable[[str], Path]) -> None:
    seen = read(mount("size=1m,nr_inodes=0"))
    assert (seen.inodes_used_percent, seen.inodes_free, seen.inodes_used) == (None, None, None)
    assert seen.worst_percent == seen.used_percent


def test_an_empty_pseudo_filesystem_is_not_full() -> None:
    assert read("/proc").used_percent == 0.0


def test_without_a_list_of_mounts_the_device_has_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "disk_partitions", lambda **options: [])
    number = os.stat("/").st_dev
    assert read("/").device == f"dev:{os.major(number)}:{os.minor(number)}"


def test_the_host_is_the_machine_unless_settings_name_it(settings: Settings) -> None:
    assert read("/").host == socket.gethostname()
    settings.FREEZE_ALERTS = {"DISK": {"HOST": "web1"}}
    assert read("/").host == "web1"


def test_the_number_of_a_device_is_none_where_there_is_nothing(tmp_path: Path) -> None:
    assert reading.device_number(str(tmp_path)) == os.stat(tmp_path).st_dev
    assert reading.device_number(str(tmp_path / "nowhere")) is None
