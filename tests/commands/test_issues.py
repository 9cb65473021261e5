from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from freeze_alerts.alerts.models import Alert
from freeze_alerts.sources.errors.models import Issue
from tests.sources.errors.records import book, kind, record

pytestmark = pytest.mark.django_db


def run(*arguments: object) -> tuple[int, str, str]:
    """The exit code, and what was printed to stdout and to stderr."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("issues", *map(str, arguments), stdout=out, stderr=err, no_color=True)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


@pytest.fixture
def lost() -> Issue:
    book(record(message="order 7 is lost", release="1.2", user="ann"), record(message="order 8 is lost", user="bob"))
    return Issue.objects.get()


def test_open_issues_are_listed_the_last_seen_first(lost: Issue) -> None:
    Issue.objects.update(last_seen_at=timezone.now() - timedelta(hours=2))
    book(kind("newer"))
    code, told, _ = run("list")
    rows = told.splitlines()[1:]
    assert code == 0
    assert "newer" in rows[0]
    assert rows[1].split() == [
        str(lost.pk), "ValueError:", "order", "7", "is", "lost", "shop.checkout.pay", "2", "2", "2", "h", "ago",
        "open",
    ]  # fmt: skip


def test_what_is_resolved_or_about_something_else_is_left_out(lost: Issue) -> None:
    assert run("list", "--payments")[1] == "No open issues.\n"
    Issue.objects.update(status="resolved")
    assert run("list")[1] == "No open issues.\n"
    assert "lost" in run("list", "--all")[1]


def test_a_long_list_is_cut_and_says_so(lost: Issue) -> None:
    book(kind("another"))
    assert run("list", "--limit", 1)[1].splitlines()[-1] == "… and 1 more: see them with --limit"


def test_the_list_is_for_programs_too(lost: Issue) -> None:
    (row,) = json.loads(run("list", "--json")[1])
    assert (row["id"], row["occurrences"], row["users"], row["status"]) == (lost.pk, 2, 2, "open")


def test_everything_about_one_is_shown(lost: Issue) -> None:
    code, told, _ = run("show", lost.pk)
    assert code == 0
    for words in ("ValueError: order 7 is lost", "shop/checkout.py:12 in pay", "pay(order)", "POST /checkout/", "1.2"):
        assert words in told
    shown = json.loads(run("show", lost.pk, "--json")[1])
    assert (shown["releases"], shown["sample"]["type"]) == (["1.2"], "ValueError")


def test_resolving_ends_the_alert_and_is_shown(lost: Issue) -> None:
    assert run("resolve", lost.pk, "--by", "ann") == (0, f"{lost.pk}: resolved: {lost}\n", "")
    alert = Alert.objects.get()
    assert (alert.ended, alert.acknowledged_by, alert.ended_because) == (True, "ann", "the issue is resolved")
    assert "resolved by ann, 20" in run("show", lost.pk)[1]
    assert run("resolve", lost.pk)[1] == f"{lost.pk}: it is resolved already\n"


def test_resolving_in_the_next_release_says_what_it_lacks(lost: Issue, settings) -> None:
    code, told, warned = run("resolve", lost.pk, "--next-release")
    assert (code, told) == (0, f"{lost.pk}: resolved in the next release: {lost}\n")
    assert "RELEASE" in warned
    settings.FREEZE_ALERTS = {"RELEASE": "1.3"}
    book(kind("another"))
    assert run("resolve", Issue.objects.latest("pk").pk, "--next-release")[2] == ""


def test_an_issue_can_be_ignored(lost: Issue) -> None:
    assert run("ignore", lost.pk)[1] == f"{lost.pk}: ignored: {lost}\n"
    assert Issue.objects.get().status == "ignored"
    assert run("resolve", lost.pk)[1] == f"{lost.pk}: it is ignored already\n"


@pytest.mark.parametrize("what", ["show", "resolve", "ignore"])
def test_an_issue_that_is_not_there_is_said(what: str) -> None:
    code, _, said = run(what, 4711)
    assert code == 1
    assert "no" in said
    assert "issue" in said


def test_one_that_is_not_there_keeps_no_other_from_being_resolved(lost: Issue) -> None:
    assert run("resolve", 4711, lost.pk)[0] == 1
    assert Issue.objects.get().status == "resolved"


def test_a_word_it_does_not_know_is_refused() -> None:
    with pytest.raises(CommandError):
        run("mend", 1)
