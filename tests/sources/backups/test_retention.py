from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freeze_alerts import conf
from freeze_alerts.sources.backups.retention import AT_LEAST, Candidate, Decision, decide, freed_bytes
from tests.sources.backups.stories import DAY, HOUR, NOW, every, stories, taken, told

GOLDEN = Path(__file__).parent / "golden"
SETTINGS = conf.Backups()
NOTHING = conf.Backups(keep_hourly_hours=0, keep_daily_days=0, keep_weekly_weeks=0)

_minutes = st.integers(-60 * 48, 60 * 24 * 90)
_histories = st.lists(
    st.tuples(_minutes, st.booleans(), st.booleans()), max_size=80, unique_by=lambda each: each[0]
).map(
    lambda rows: [
        taken(NOW - timedelta(minutes=age), proved=proved, restored=proved and pinned, pinned=pinned and age % 7 == 0)
        for age, proved, pinned in rows
    ]
)
_keeps = st.builds(
    conf.Backups,
    keep_hourly_hours=st.integers(0, 30),
    keep_daily_days=st.integers(0, 9),
    keep_weekly_weeks=st.integers(0, 6),
)


def kept(decisions: list[Decision]) -> list[Candidate]:
    return [each.backup for each in decisions if each.stays]


@pytest.mark.parametrize("name", stories())
def test_a_history_is_kept_as_its_golden_file_says(name):
    assert told(name) == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


def test_every_golden_file_has_its_history():
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(stories())


def test_nothing_gives_nothing():
    assert decide([], SETTINGS, NOW) == []


def test_the_space_of_what_goes_is_counted():
    decisions = decide([Candidate(str(n), NOW - n * timedelta(minutes=1), 10) for n in range(9)], NOTHING, NOW)
    assert freed_bytes(decisions) == 10 * (9 - AT_LEAST)


def test_cleanups_after_each_backup_keep_weeks_back():
    """Cleaned up each hour for ten weeks: three whole weeks before this one, and never more than the ladders hold."""
    standing: list[Candidate] = []
    for each in reversed(every(HOUR, 24 * 70)):
        standing = kept(decide([*standing, each], SETTINGS, each.at))
        assert len(standing) <= 24 + 7 + 4
    assert f"{standing[-1].at:%G-%V}" == f"{NOW - 21 * DAY:%G-%V}"


@given(_histories, _keeps)
def test_what_must_never_go_never_goes(history, keep):
    stays = set(kept(decide(history, keep, NOW)))
    past = [each for each in history if each.at <= NOW]
    proved = [each for each in past if each.proved]
    restored = [each for each in past if each.restored]
    must = {max(some, key=lambda each: each.at) for some in (past, proved, restored) if some}
    must |= {each for each in history if each.pinned or each.at > NOW}
    assert must <= stays
    assert len(stays) >= min(AT_LEAST, len(history))


@given(_histories, _keeps)
def test_every_backup_is_decided_once_newest_first(history, keep):
    decided = [each.backup for each in decide(history, keep, NOW)]
    assert decided == sorted(history, key=lambda each: each.at, reverse=True)


@given(_histories, _keeps)
def test_doing_it_twice_deletes_nothing_more(history, keep):
    once = kept(decide(history, keep, NOW))
    assert kept(decide(once, keep, NOW)) == once


@given(_histories, _keeps, st.integers(0, 60 * 24 * 365))
def test_time_alone_deletes_nothing(history, keep, later):
    """A gap takes no places: without a new backup the same ones stay for ever."""
    past = [each for each in history if each.at <= NOW]
    assert kept(decide(past, keep, NOW)) == kept(decide(past, keep, NOW + timedelta(minutes=later)))


@given(_histories, _keeps)
def test_the_ladders_hold_the_newest_of_each_of_the_last_buckets(history, keep):
    """The same rule, said another way: by sets, not by walking."""
    past = [each for each in history if each.at <= NOW]
    expected = set()
    for words, places in (
        ("%Y-%m-%d %H", keep.keep_hourly_hours), ("%Y-%m-%d", keep.keep_daily_days), ("%G-%V", keep.keep_weekly_weeks),
    ):  # fmt: skip
        newest = {f"{each.at.astimezone(UTC):{words}}": each for each in sorted(past, key=lambda each: each.at)}
        last = sorted(newest, reverse=True)[: int(places)]
        expected |= {newest[bucket] for bucket in last}
        if past and len(newest) < places:
            expected.add(min(past, key=lambda each: each.at))
    ladders = ("hour", "day", "week", "oldest")
    climbed = {
        each.backup
        for each in decide(history, keep, NOW)
        if each.backup.at <= NOW and any(reason.startswith(ladders) for reason in each.reasons)
    }
    assert climbed == expected


@given(_histories, _keeps, st.sampled_from(["keep_hourly_hours", "keep_daily_days", "keep_weekly_weeks"]))
def test_a_longer_ladder_keeps_no_less_than_the_shorter(history, keep, ladder):
    more = conf.Backups(**{**_ladders(keep), ladder: getattr(keep, ladder) + 1})
    climbed = [_without_top_up(decide(history, each, NOW)) for each in (keep, more)]
    assert climbed[0] <= climbed[1]


def _ladders(keep: conf.Backups) -> dict[str, float]:
    return {name: getattr(keep, name) for name in ("keep_hourly_hours", "keep_daily_days", "keep_weekly_weeks")}


def _without_top_up(decisions: list[Decision]) -> set[Candidate]:
    extra = f"one of at least {AT_LEAST}"
    return {each.backup for each in decisions if each.stays and each.reasons != (extra,)}


def test_hours_are_those_of_utc_wherever_the_project_lives():
    """Two backups an hour apart, both called 02:30 in Amsterdam on the night the clocks go back."""
    first, second = (datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1))
    more = every(timedelta(minutes=1), AT_LEAST, until=second + 5 * HOUR)
    stays = kept(decide([taken(first), taken(second), *more], SETTINGS, second + 6 * HOUR))
    assert {taken(first), taken(second)} <= set(stays)
