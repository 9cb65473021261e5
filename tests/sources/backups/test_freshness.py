from __future__ import annotations

from datetime import timedelta

import pytest

from freeze_alerts.sources.backups import freshness
from tests.sources.backups.manifests import NOON

DAY_AND_AN_HOUR = timedelta(hours=25)


@pytest.mark.parametrize(
    ("newest", "since", "stale"),
    [
        (timedelta(minutes=1), None, False),
        (DAY_AND_AN_HOUR, None, False),  # passed means passed
        (DAY_AND_AN_HOUR + timedelta(seconds=1), None, True),
        (timedelta(hours=1), timedelta(days=300), False),  # since when we watch does not matter then
        (None, timedelta(hours=1), False),  # installed an hour ago: there is still time
        (None, timedelta(days=300), True),
        (None, None, True),  # nobody knows since when: better told
    ],
)
def test_a_backup_is_stale_when_it_is_older_than_its_limit(newest, since, stale):
    seen = freshness.judge(
        "default", newest and NOON - newest, watched_since=since and NOON - since,
        stale_after=DAY_AND_AN_HOUR, now=NOON,
    )  # fmt: skip
    assert (seen.stale, seen.severity is not None) == (stale, stale)


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=20), "0 min"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=25, minutes=59), "25 h"),
        (timedelta(days=2), "2 days"),
        (timedelta(days=3, hours=23), "3 days"),
    ],
)
def test_an_age_is_never_rounded_up(age, words):
    assert freshness.in_words(age) == words


def test_the_sentence_names_the_database_and_the_moment():
    seen = freshness.judge(
        "shop", NOON, watched_since=None, stale_after=DAY_AND_AN_HOUR, now=NOON + timedelta(hours=30)
    )
    assert seen.sentence == "The newest complete backup of shop is 30 h old, of 2026-11-23 12:00 UTC."
