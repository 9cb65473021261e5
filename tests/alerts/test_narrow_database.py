"""A text that the database has no room for is told all the same, with its emoji replaced."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import OperationalError, transaction

from freeze_alerts.alerts import Outcome, booking, open_alert, outage, resolve_alert
from freeze_alerts.alerts.models import Alert
from freeze_alerts.catalog import AlertType
from freeze_alerts.outbox import spool
from tests.alerts.test_emergency import away
from tests.narrow import narrow_connection, narrow_database

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True, params=[narrow_database, narrow_connection], ids=["tables", "connection"])
def _narrow(request: pytest.FixtureRequest) -> Iterator[None]:
    with request.param():
        yield


def burn(key: str = "1", **told: str) -> Outcome:
    return open_alert(AlertType.BACKUP_FAILED, key=key, title="🔥 on Bücher™", **{"text": "all 🔥", **told})


def test_an_alert_is_opened_without_its_emoji():
    assert burn() is Outcome.OPENED
    alert = Alert.objects.get()
    assert (alert.title, alert.text) == ("\ufffd on Bücher™", "all \ufffd")


def test_within_a_transaction_too():
    with transaction.atomic():
        assert burn() is Outcome.OPENED
    assert Alert.objects.count() == 1


def test_it_is_counted_and_ends():
    burn()
    assert burn() is Outcome.REPEATED
    assert resolve_alert(AlertType.BACKUP_FAILED, key="1", reason="no more 🔥", by="🧑") is Outcome.RESOLVED
    assert Alert.objects.get().ended_because == "no more \ufffd"


def test_one_whose_key_has_an_emoji_is_the_same_when_it_ends():
    burn("/mnt/🔥")
    burn("/mnt/🧯")
    assert burn("/mnt/🔥") is Outcome.REPEATED
    assert resolve_alert(AlertType.BACKUP_FAILED, key="/mnt/🔥") is Outcome.RESOLVED
    assert Alert.objects.exclude(open_key=None).count() == 1


def test_what_was_spooled_is_booked():
    with away():
        burn()
        resolve_alert(AlertType.BACKUP_FAILED, key="1", reason="no more 🔥")
    booking.book_spool()
    assert spool.is_empty()
    assert not spool.rejected_path().exists()
    assert Alert.objects.get(type=AlertType.BACKUP_FAILED).ended


def test_an_environment_with_an_emoji_is_no_hindrance(settings):
    settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, "ENVIRONMENT": "prod 🚀"}
    assert burn() is Outcome.OPENED


@pytest.mark.parametrize(
    "said",
    [
        (1366, "Incorrect string value: '\\xF0\\x9F\\x94\\xA5' for column 'title' at row 1"),
        (1267, "Illegal mix of collations (utf8mb3_general_ci,IMPLICIT) and (utf8mb4_general_ci,COERCIBLE)"),
        (3988, "Conversion from collation utf8mb4_0900_ai_ci into utf8mb3_general_ci impossible for parameter"),
    ],
)
def test_a_refused_text_is_no_outage(said):
    """Some drivers call it an operational error."""
    assert not outage.is_away(OperationalError(*said))
