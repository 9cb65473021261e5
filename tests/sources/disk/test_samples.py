from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from freeze_alerts.sources.disk import samples
from freeze_alerts.sources.disk.models import DiskSample
from tests.sources.disk.readings import GIGABYTE, NOON, a_reading

pytestmark = pytest.mark.django_db

PASS = timedelta(minutes=5)


def test_a_reading_is_written_down_whole() -> None:
    samples.store(a_reading(50, inodes_percent=10))
    row = samples.latest("web1", "/dev/sda1")
    assert row is not None
    assert (row.path, row.at, row.used_bytes, row.free_bytes) == ("/", NOON, 40 * GIGABYTE, 40 * GIGABYTE)
    assert (row.inodes_used, row.inodes_total) == (10_000, 100_000)
    assert str(row) == "web1 /dev/sda1 at 2026-03-04 12:00"


def test_a_filesystem_without_inodes_leaves_them_empty() -> None:
    samples.store(a_reading(50, inodes_percent=None))
    assert DiskSample.objects.get().inodes_total is None


@pytest.mark.parametrize(
    ("percent", "inodes_percent", "written"),
    [
        (94.99, 10.0, 1),
        (95.0, 10.0, 0),  # the last bytes are the shop's
        (10.0, 95.0, 0),  # and so are the last inodes
    ],
)
def test_a_nearly_full_disk_is_not_written_to(percent: float, inodes_percent: float, written: int) -> None:
    samples.store(a_reading(percent, inodes_percent=inodes_percent))
    assert DiskSample.objects.count() == written


def test_the_newest_is_that_of_the_same_host_and_device() -> None:
    samples.store(a_reading(read_at=NOON))
    samples.store(a_reading(read_at=NOON + PASS, path="/newest"))
    samples.store(a_reading(read_at=NOON + 2 * PASS, host="web2"))
    samples.store(a_reading(read_at=NOON + 2 * PASS, device="/dev/sdb"))
    newest = samples.latest("web1", "/dev/sda1")
    assert newest is not None
    assert newest.path == "/newest"
    assert samples.latest("web3", "/dev/sda1") is None


def test_a_window_is_given_oldest_first() -> None:
    for number in (2, 0, 1):
        samples.store(a_reading(40 + number, read_at=NOON + number * PASS))
    window = samples.since("web1", "/dev/sda1", NOON + PASS)
    assert [at for at, _ in window] == [NOON + PASS, NOON + 2 * PASS]


def test_the_first_sample_of_an_hour_sweeps_out_what_is_older_than_30_days() -> None:
    samples.store(a_reading(read_at=NOON - timedelta(days=31)))
    samples.store(a_reading(read_at=NOON - timedelta(days=29)))
    samples.store(a_reading(read_at=NOON))
    assert DiskSample.objects.count() == 2


def test_within_the_hour_nothing_is_swept(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    samples.store(a_reading(read_at=NOON))
    with django_assert_num_queries(2):
        samples.store(a_reading(read_at=NOON + PASS))
