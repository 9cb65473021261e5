from __future__ import annotations

from datetime import timedelta

import pytest

from freeze_alerts.sources.disk import words


@pytest.mark.parametrize(
    ("byte_count", "said"),
    [
        (0, "0 B"),
        (1023, "1,023 B"),
        (1024, "1 KB"),
        (80 * 1024**3, "80 GB"),
        (78308704256, "72.9 GB"),
        (1024**2 - 1, "1 MB"),  # never "1,024 KB"
        (1024**6, "1,024 PB"),  # beyond the last unit
        (-3 * 1024**3, "-3 GB"),
    ],
)
def test_a_size_is_said_as_df_says_it(byte_count: int, said: str) -> None:
    assert words.size(byte_count) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (91.2, "91.2 %"),
        (12.0, "12 %"),
        (80.001, "80.1 %"),  # above the line reads as above the line
        (79.99, "80 %"),
        (80.0, "80 %"),
        (100.0, "100 %"),
        (0.0, "0 %"),
    ],
)
def test_a_share_is_rounded_up(value: float, said: str) -> None:
    assert words.percent(value) == said


@pytest.mark.parametrize(
    ("duration", "said"),
    [
        (timedelta(seconds=5), "1 min"),
        (timedelta(minutes=40), "40 min"),
        (timedelta(minutes=89), "89 min"),
        (timedelta(minutes=90), "2 h"),
        (timedelta(hours=9, minutes=10), "9 h"),
        (timedelta(hours=47), "47 h"),
        (timedelta(days=3), "3 days"),
    ],
)
def test_a_span_is_said_in_the_unit_a_person_would_use(duration: timedelta, said: str) -> None:
    assert words.span(duration) == said
