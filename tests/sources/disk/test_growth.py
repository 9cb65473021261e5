from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from freeze_alerts.sources.disk import consumers, growth
from freeze_alerts.sources.disk.consumers import Size
from freeze_alerts.sources.disk.models import DiskConsumer
from tests.sources.disk.readings import GIGABYTE

pytestmark = pytest.mark.django_db

NIGHT = datetime(2026, 3, 4, 1, 10, tzinfo=UTC)  # 02:10 in Amsterdam
EVENING = NIGHT + timedelta(hours=18)


def backups(gigabytes: float | None) -> Size:
    return Size("backups", "/backups", None if gigabytes is None else round(gigabytes * GIGABYTE))


@pytest.mark.parametrize(
    ("hours_later", "due"),
    [
        (0.1, False),  # just measured
        (3, False),  # night still, and the same one
        (18, False),  # the evening after
        (24, True),  # the next night
        (29, False),  # the next morning: the night may still be caught by another pass
        (30, True),  # nobody passes at night here: any hour will do
        (240, True),
    ],
)
def test_once_a_night_is_enough(hours_later: float, due: bool) -> None:
    growth.remember("web1", [backups(1)], NIGHT)
    assert growth.is_due("web1", NIGHT + timedelta(hours=hours_later)) is due


def test_the_first_measure_does_not_wait_for_the_night() -> None:
    growth.remember("web2", [backups(1)], EVENING)
    assert growth.is_due("web1", EVENING)


def test_a_measure_that_failed_was_the_days_try() -> None:
    growth.remember("web1", [backups(None)], NIGHT)
    assert not growth.is_due("web1", NIGHT + timedelta(minutes=5))


def test_what_grew_is_told_the_most_grown_first() -> None:
    growth.remember("web1", [backups(12), Size("media", "/media", 5), Size("logs", "/logs", 5)], NIGHT)
    now = [Size("media", "/media", 7), backups(21), Size("logs", "/logs", 1), Size("new", "/new", 1)]
    grown = growth.growth("web1", now, EVENING)
    assert [(each.name, each.grown_bytes) for each in grown] == [("backups", 9 * GIGABYTE), ("media", 2), ("logs", -4)]
    assert {each.since for each in grown} == {NIGHT}


def test_what_was_or_is_not_measured_is_not_compared() -> None:
    growth.remember("web1", [backups(None)], NIGHT)
    assert growth.growth("web1", [backups(12)], EVENING) == []
    growth.remember("web1", [backups(1)], NIGHT)
    assert growth.growth("web1", [backups(None)], EVENING) == []


def test_a_measure_of_an_hour_ago_shows_no_growth_so_the_one_before_counts() -> None:
    for measured_at, gigabytes in ((NIGHT - timedelta(days=1), 1), (NIGHT, 2), (EVENING - timedelta(hours=1), 9)):
        growth.remember("web1", [backups(gigabytes)], measured_at)
    (grown,) = growth.growth("web1", [backups(10)], EVENING)
    assert (grown.grown_bytes, grown.since) == (8 * GIGABYTE, NIGHT)


def test_a_young_measure_is_better_than_none() -> None:
    growth.remember("web1", [backups(9)], EVENING - timedelta(hours=1))
    (grown,) = growth.growth("web1", [backups(10)], EVENING)
    assert grown.grown_bytes == GIGABYTE


def test_measures_are_kept_for_30_days() -> None:
    for days in (31, 29, 0):
        growth.remember("web1", [backups(1)], NIGHT - timedelta(days=days))
    assert DiskConsumer.objects.count() == 2


def test_several_disks_share_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, float]] = []

    def measure(path: str, *, each_seconds: float, total_seconds: float) -> list[Size]:
        asked.append((path, total_seconds))
        return [backups(1)]

    monkeypatch.setattr(consumers, "measure", measure)
    assert growth.measure(["/", "/mnt"]) == [backups(1)]
    assert asked == [("/", 10.0), ("/mnt", 10.0)]


def test_a_naive_moment_is_on_the_projects_clock_already() -> None:
    naive = NIGHT.replace(tzinfo=None)
    assert growth.local(naive) == naive
    assert growth.local(NIGHT).hour == 2
