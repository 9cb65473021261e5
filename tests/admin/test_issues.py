from __future__ import annotations

import pytest

from freeze_alerts.alerts.models import Alert
from freeze_alerts.sources.errors.models import Issue
from tests.admin.conftest import _logged_in, _staff
from tests.sources.errors.records import book, record

pytestmark = pytest.mark.django_db

LIST = "/admin/freeze_alerts/issue/"


@pytest.fixture
def issue():
    book(record(message="order 7 is lost", release="1.2"))
    return Issue.objects.get()


@pytest.fixture
def as_bob(db):
    return _logged_in(_staff("bob", "view_issue", "change_issue"))


def act(client, action, *issues):
    said = {"action": action, "_selected_action": [each.pk for each in issues]}
    return client.post(LIST, said, follow=True).content.decode()


def test_issues_are_listed_filtered_and_searched(as_bob, issue):
    assert "order 7 is lost" in as_bob.get(LIST).content.decode()
    for query in (
        "status__exact=open",
        "payment__exact=0",
        "q=checkout",
        f"last_seen_at__year={issue.last_seen_at:%Y}",
    ):
        assert "1 issue\n" in as_bob.get(f"{LIST}?{query}").content.decode()


def test_an_issues_page_shows_where_it_came_from(as_bob, issue):
    told = as_bob.get(f"{LIST}{issue.pk}/change/").content.decode()
    for words in ("shop/checkout.py:12 in pay", "<code>pay(order)</code>", "POST /checkout/", "1.2"):
        assert words in told


@pytest.mark.parametrize(
    ("action", "status", "mode"),
    [
        ("resolve", "resolved", "now"),
        ("resolve_in_next_release", "resolved", "next_release"),
        ("ignore", "ignored", ""),
    ],
)
def test_an_issue_is_decided_with_one_action(as_bob, issue, action, status, mode):
    told = act(as_bob, action, issue)
    issue.refresh_from_db()
    assert (issue.status, issue.resolve_mode, issue.resolved_by) == (status, mode, "bob")
    assert "1 resolved" in told or "1 ignored" in told
    assert Alert.objects.get().ended
    assert "1 left alone: decided already." in act(as_bob, action, issue)


def test_a_decision_is_taken_back(as_bob, issue):
    act(as_bob, "ignore", issue)
    assert "1 open again." in act(as_bob, "reopen", issue)
    issue.refresh_from_db()
    assert (issue.status, issue.resolved_at, issue.resolved_by) == ("open", None, "")


def test_who_may_only_look_decides_nothing(issue):
    client = _logged_in(_staff("guest", "view_issue"))
    told = act(client, "resolve", issue)
    issue.refresh_from_db()
    assert (issue.status, "Resolve in" in told) == ("open", False)
