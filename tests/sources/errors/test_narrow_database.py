"""An error whose text the database has no room for holds up neither itself nor the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from freeze_alerts.alerts.models import Alert
from freeze_alerts.sources.errors import issues
from freeze_alerts.sources.errors.models import Issue, IssueRelease
from tests.narrow import narrow_connection, narrow_database
from tests.sources.errors.records import book, frame, kind, record

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True, params=[narrow_database, narrow_connection], ids=["tables", "connection"])
def _narrow(request: pytest.FixtureRequest) -> Iterator[None]:
    with request.param():
        yield


EMOJI: list[dict[str, Any]] = [
    {"message": "no 🍕 left"},
    {"type": "", "template": "no 🍕 left", "logger": "shop"},
    {"frames": (frame("bake_🍕"),)},
    {"release": "🍕-1"},
    {"environment": "🍕"},
    {"transaction": "/🍕/", "user": "🧑", "payment": True, "payment_id": "🍕"},
]


@pytest.mark.parametrize("odd", EMOJI, ids=lambda each: next(iter(each)))
def test_it_is_an_issue_like_any_other_and_so_are_the_rest(odd):
    for _ in range(2):
        book(kind("plain"), record(fingerprint=("odd",), **odd))
    assert sorted(Issue.objects.values_list("occurrences", flat=True)) == [2, 2]
    assert Alert.objects.filter(type__in=["errors.new_issue", "payments.error"]).count() == 2


def test_a_release_of_the_settings_may_have_one_too(settings):
    settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, "RELEASE": "🍕-1"}
    book(kind("plain"))
    assert issues.resolve(Issue.objects.get(), by="ann", next_release=True)
    book(kind("plain"))
    assert IssueRelease.objects.get().release == "\ufffd-1"
