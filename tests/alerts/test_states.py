from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from freeze_alerts.alerts import Outcome
from freeze_alerts.alerts.models import Alert
from freeze_alerts.alerts.states import decide, end_unwatched, report_state
from freeze_alerts.catalog import AlertType, Severity
from freeze_alerts.outbox.models import Message

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
HOLD = timedelta(minutes=15)
WARNING, CRITICAL, EMERGENCY = Severity.WARNING, Severity.CRITICAL, Severity.EMERGENCY


@pytest.mark.parametrize(
    ("current", "held", "clear_for", "decided"),
    [
        (CRITICAL, CRITICAL, None, Outcome.UNCHANGED),  # still as bad
        (CRITICAL, EMERGENCY, None, Outcome.UNCHANGED),  # held by a worse line that was never crossed
        (CRITICAL, WARNING, None, Outcome.UNCHANGED),  # better since now: not yet believed
        (CRITICAL, WARNING, HOLD - timedelta(seconds=1), Outcome.UNCHANGED),
        (CRITICAL, WARNING, HOLD, Outcome.EASED),  # better for long enough
        (CRITICAL, None, HOLD - timedelta(seconds=1), Outcome.UNCHANGED),
        (CRITICAL, None, HOLD, Outcome.RESOLVED),
    ],
)
def test_what_is_better_must_stay_better(current, held, clear_for, decided):
    clear_since = None if clear_for is None else NOON - clear_for
    assert decide(current, held, clear_since, HOLD, NOON) is decided


@given(st.sampled_from(Severity), st.sampled_from([None, *Severity]), st.booleans())
def test_no_state_eases_upwards(current, held, long_ago):
    decided = decide(current, held, NOON - HOLD if long_ago else None, HOLD, NOON)
    if decided is Outcome.EASED:
        assert held is not None
        assert held < current


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def read(severity, held="same", **told):
    kept = severity if held == "same" else held
    return report_state(AlertType.DISK_SPACE, key="disk:web1:sda", severity=severity, held=kept, hold=HOLD, **told)


@pytest.mark.django_db(transaction=True)
class TestReports:
    def test_a_calm_reading_opens_nothing(self):
        assert read(None) is Outcome.UNCHANGED
        assert not Alert.objects.exists()

    def test_a_reading_that_goes_on_is_one_occurrence(self, clock):
        for value in (81, 84, 83):
            read(WARNING, value=value, text=f"{value} %")
            clock.shift(timedelta(minutes=5))
        alert = Alert.objects.get()
        assert (alert.occurrences, alert.peak_value, alert.text) == (1, 84, "83 %")
        assert Message.objects.count() == 1

    def test_it_ends_after_the_hold(self, clock):
        read(WARNING)
        clock.shift(timedelta(minutes=5))
        assert read(None) is Outcome.UNCHANGED
        clock.shift(HOLD)
        assert read(None, text="60 %") is Outcome.RESOLVED
        assert (Alert.objects.get().status, Alert.objects.get().text) == ("resolved", "60 %")

    def test_a_flap_within_the_hold_says_nothing_and_starts_it_anew(self, clock):
        read(WARNING)
        read(None)
        clock.shift(timedelta(minutes=10))
        read(WARNING)
        assert Alert.objects.get().clear_since is None
        clock.shift(timedelta(minutes=10))
        assert read(None) is Outcome.UNCHANGED
        assert Message.objects.count() == 1

    def test_between_the_lines_it_stays(self, clock):
        read(CRITICAL)
        clock.shift(timedelta(hours=1))
        assert read(WARNING, held=CRITICAL) is Outcome.UNCHANGED
        assert Alert.objects.get().severity == "critical"

    def test_it_eases_without_a_message(self, clock):
        read(EMERGENCY)
        read(WARNING)
        clock.shift(HOLD)
        assert read(WARNING) is Outcome.EASED
        alert = Alert.objects.get()
        assert (alert.severity, alert.card_due_at) == ("warning", NOON + HOLD)
        assert Message.objects.count() == 1

    def test_it_worsens_at_once(self, clock):
        read(WARNING)
        clock.shift(timedelta(minutes=5))
        assert read(EMERGENCY) is Outcome.WORSENED
        assert Alert.objects.get().raised_at == NOON + timedelta(minutes=5)

    def test_an_acknowledged_one_stays_acknowledged(self):
        read(WARNING)
        Alert.objects.update(status="acknowledged")
        read(WARNING)
        assert Alert.objects.get().status == "acknowledged"

    @pytest.mark.parametrize(("silent", "ended"), [(timedelta(minutes=15), 0), (timedelta(minutes=16), 1)])
    def test_one_that_nobody_watches_ends_so(self, clock, silent, ended):
        read(WARNING)
        clock.shift(silent)
        assert end_unwatched(AlertType.DISK_SPACE) == ended
        assert Alert.objects.get().unwatched == bool(ended)

    def test_a_fact_is_never_unwatched(self):
        assert end_unwatched(AlertType.NEW_ISSUE) == 0
