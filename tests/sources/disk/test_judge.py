from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freeze_alerts import conf
from freeze_alerts.catalog import Severity
from freeze_alerts.sources.disk.judge import Verdict, judge, ladder
from tests.sources.disk.readings import a_reading

NONE, WARNING, CRITICAL, EMERGENCY = None, Severity.WARNING, Severity.CRITICAL, Severity.EMERGENCY
DEFAULT = conf.Disk()
percents = st.floats(0, 100)
lines = st.builds(
    lambda three: conf.Disk(warning_percent=three[0], critical_percent=three[1], emergency_percent=three[2]),
    st.tuples(percents, percents, percents),  # in any order: a wrong one is a check's business, not a crash
)


def rank(severity: Severity | None) -> int:
    return -1 if severity is None else severity.rank


def verdict(percent: float, *, inodes_percent: float | None = 0.0, settings: conf.Disk = DEFAULT) -> Verdict:
    return judge(a_reading(percent, inodes_percent=inodes_percent), settings)


@pytest.mark.parametrize(
    ("percent", "severity", "held"),
    [
        (0.0, NONE, NONE),  # an empty disk
        (75.0, NONE, NONE),  # on the clear line: clear
        (75.01, NONE, WARNING),  # would not warn, but an alert that stands is held
        (80.0, NONE, WARNING),  # the line itself is not above the line
        (80.01, WARNING, WARNING),  # strictly above, be it by a hundredth
        (85.0, WARNING, WARNING),  # critical lets go at 85
        (85.01, WARNING, CRITICAL),  # still close enough to hold critical
        (90.0, WARNING, CRITICAL),
        (90.01, CRITICAL, CRITICAL),
        (92.0, CRITICAL, CRITICAL),  # emergency lets go three points lower
        (92.01, CRITICAL, EMERGENCY),
        (95.0, CRITICAL, EMERGENCY),
        (95.01, EMERGENCY, EMERGENCY),
        (100.0, EMERGENCY, EMERGENCY),  # full
    ],
)
def test_the_ladder(percent: float, severity: Severity | None, held: Severity | None) -> None:
    judged = verdict(percent)
    assert (judged.severity, judged.held) == (severity, held)


@pytest.mark.parametrize(
    ("of_bytes", "of_inodes", "severity", "measure"),
    [
        (50.0, 96.0, EMERGENCY, "inodes"),  # no file fits any more, however empty the disk
        (96.0, 50.0, EMERGENCY, "bytes"),
        (85.0, 85.0, WARNING, "bytes"),  # a draw is told in bytes, which people know
        (85.0, None, WARNING, "bytes"),  # btrfs counts no inodes
    ],
)
def test_the_worse_of_bytes_and_inodes_counts(
    of_bytes: float, of_inodes: float | None, severity: Severity, measure: str
) -> None:
    judged = verdict(of_bytes, inodes_percent=of_inodes)
    assert (judged.severity, judged.measure) == (severity, measure)


@pytest.mark.parametrize(
    ("three_lines", "clear"),
    [
        ((80, 90, 95), [75, 85, 92]),  # the defaults
        ((60, 70, 85), [55, 65, 82]),  # the same distances
        ((80, 82, 84), [75, 80, 82]),  # close together: left at the line of the rung below at the latest
        ((3, 50, 90), [0, 45, 87]),  # never below nothing
        ((90, 80, 95), [85, 80, 92]),  # the wrong way round: left where it is climbed, not above
    ],
)
def test_a_rung_is_left_below_where_it_is_climbed(three_lines: tuple[float, ...], clear: list[float]) -> None:
    warning, critical, emergency = three_lines
    settings = conf.Disk(warning_percent=warning, critical_percent=critical, emergency_percent=emergency)
    assert [rung.clear for rung in ladder(settings)] == clear


@given(percents, percents, percents, lines)
def test_a_fuller_disk_is_never_judged_milder(one: float, other: float, inodes: float, settings: conf.Disk) -> None:
    lower, higher = sorted((one, other))
    emptier = verdict(lower, inodes_percent=inodes, settings=settings)
    fuller = verdict(higher, inodes_percent=inodes, settings=settings)
    assert rank(emptier.severity) <= rank(fuller.severity)
    assert rank(emptier.held) <= rank(fuller.held)


@given(percents, percents, lines)
def test_what_is_held_is_never_less_than_what_is_called_for(
    of_bytes: float, inodes: float, settings: conf.Disk
) -> None:
    judged = verdict(of_bytes, inodes_percent=inodes, settings=settings)
    assert rank(judged.held) >= rank(judged.severity)


def test_the_sentence_says_how_much_is_left() -> None:
    assert verdict(91.125).sentence == "/ on web1 is 91.2 % full: 7.1 GB left of 80 GB."


def test_the_sentence_about_inodes_says_how_many_files_fit() -> None:
    sentence = verdict(12, inodes_percent=96).sentence
    assert sentence == (
        "/ on web1 has used 96 % of its inodes: only 4,000 more files fit, however many bytes are free."
    )
