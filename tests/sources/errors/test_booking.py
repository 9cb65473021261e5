from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from freeze_alerts import models, signals
from freeze_alerts.alerts.models import Alert
from freeze_alerts.sources.errors import booking, issues, rates
from freeze_alerts.sources.errors.models import ErrorMinute, FailedPayment, Issue, IssueMinute, IssueUser
from freeze_alerts.sources.errors.tally import minute_of
from tests.sources.errors.records import book, frame, kind, record, tally

pytestmark = pytest.mark.django_db(transaction=True)


def _alerts() -> list[tuple[str, str, str]]:
    return sorted(Alert.objects.values_list("type", "key", "severity"))


def _types() -> list[str]:
    return [each[0] for each in _alerts()]


def _keys(alert_type: str) -> list[str]:
    return [key for told, key, _ in _alerts() if told == alert_type]


def _errors(count: int, name: str = "known", **changes: Any) -> None:
    book(*(kind(name, **changes) for _ in range(count)))


@pytest.fixture
def ignored() -> None:
    """An issue whose alerts are out of the way: found, told, and its alert gone."""
    _errors(1)
    Alert.objects.all().delete()
    ErrorMinute.objects.all().delete()


def test_a_new_error_is_an_issue_and_an_alert() -> None:
    book(record(user="ann", release="1.2"), record(user="bob", release="1.3"), record(user="ann"))
    issue = Issue.objects.get()
    assert (issue.title, issue.culprit, issue.occurrences, issue.users) == (
        "ValueError: no such order", "shop.checkout.pay", 3, 2,
    )  # fmt: skip
    assert _alerts() == [("errors.new_issue", f"issue:{issue.pk}", "medium")]
    alert = Alert.objects.get()
    assert dict(alert.fields) == {
        "Where": "shop.checkout.pay", "In": "POST /checkout/", "Release": issue.last_release, "Issue": str(issue.pk),
    }  # fmt: skip


@pytest.mark.parametrize("unfit", ["half a \udcff surrogate", "a \x00 NUL"])
@pytest.mark.parametrize(
    "where",
    ["message", "transaction", "method", "path", "server", "logger", "type", "release", "environment", "level"],
)
def test_no_text_keeps_the_counts_of_others_waiting(unfit: str, where: str) -> None:
    book(kind("other"), record(**{where: unfit[:16]}))
    assert sum(ErrorMinute.objects.values_list("count", flat=True)) == 2
    assert Issue.objects.count() == 2


@pytest.mark.parametrize("unfit", ["half a \udcff surrogate", "a \x00 NUL"])
def test_nor_does_the_text_of_a_call_or_of_an_id(unfit: str) -> None:
    book(record(frames=(frame(unfit, unfit),)), record(user=unfit, payment=True, payment_id=unfit))
    assert Issue.objects.count() == 2


def test_an_error_met_again_is_counted_and_not_told() -> None:
    for _ in range(3):
        _errors(2)
    issue = Issue.objects.get()
    assert (issue.occurrences, sum(IssueMinute.objects.values_list("count", flat=True))) == (6, 6)
    assert [alert.occurrences for alert in Alert.objects.all()] == [1]


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (10, []),
        (11, [("errors.spike", "errors:spike", "warning")]),
        (50, [("errors.spike", "errors:spike", "warning")]),
        (51, [("errors.spike", "errors:spike", "critical")]),
    ],
)
def test_how_many_errors_are_a_spike(ignored: None, count: int, told: list[tuple[str, str, str]]) -> None:
    _errors(count)
    assert _alerts() == told


def test_a_spike_worsens_on_the_same_card(ignored: None) -> None:
    _errors(10)
    assert Alert.objects.count() == 0
    _errors(1)
    alert = Alert.objects.get()
    assert (alert.severity, alert.peak_value) == ("warning", 11)
    _errors(39)
    assert Alert.objects.get().severity == "warning"
    _errors(1)
    assert (worse := Alert.objects.get()).severity == "critical"
    assert (worse.pk, worse.peak_value) == (alert.pk, 51)


def test_three_payment_errors_are_a_card_for_each_issue_and_no_spike() -> None:
    for name in "abc":
        book(kind(name, payment=True))
    assert _types() == ["payments.error"] * 3


def test_a_fourth_payment_error_is_a_spike() -> None:
    for name in "abcd":
        book(kind(name, payment=True))
    assert _types() == ["payments.error"] * 4 + ["payments.spike"]


def test_retries_of_one_payment_are_no_spike() -> None:
    _errors(40, payment=True, payment_id="tr_1")
    assert [each for each in _alerts() if each[0] == "payments.spike"] == []
    for number in range(3):
        _errors(1, payment=True, payment_id=f"tr_{number}")
    assert "payments.spike" not in _types()
    _errors(1, payment=True, payment_id="tr_4")
    assert "payments.spike" in _types()
    assert FailedPayment.objects.values("payment").distinct().count() == 4


def test_a_payment_error_is_told_as_that_and_nothing_else() -> None:
    _errors(1, payment=True)
    (alert,) = Alert.objects.all()
    assert (alert.type, dict(alert.fields)["News"]) == ("payments.error", "a new issue")


def test_a_payment_error_of_a_known_issue_is_counted_on_its_card() -> None:
    for _ in range(3):
        _errors(1, payment=True)
    (alert,) = Alert.objects.all()
    assert (alert.type, alert.occurrences) == ("payments.error", 3)


def test_a_resolved_payment_error_that_is_back_is_one_message() -> None:
    _errors(1, payment=True)
    _resolve(Issue.objects.get(), hours_ago=1)
    Alert.objects.all().delete()
    _errors(1, payment=True)
    (alert,) = Alert.objects.all()
    assert (alert.type, dict(alert.fields)["News"]) == ("payments.error", "it was resolved, and is back")


def _resolve(issue: Issue, *, hours_ago: float, next_release: bool = False) -> None:
    assert issues.resolve(issue, by="ann", next_release=next_release)
    then = timezone.now() - timedelta(hours=hours_ago)
    Issue.objects.filter(pk=issue.pk).update(resolved_at=then)


def test_a_resolved_issue_that_is_back_is_a_regression() -> None:
    _errors(1)
    _resolve(Issue.objects.get(), hours_ago=1)
    assert Alert.objects.get().ended
    _errors(1)
    issue = Issue.objects.get()
    assert (issue.status, issue.times_regressed) == ("open", 1)
    told = Alert.objects.exclude(open_key=None).get()
    assert (told.type, told.key, told.severity) == ("errors.regression", issue.key, "high")
    assert "by ann, and is back" in told.text
    _errors(1)
    assert Issue.objects.get().times_regressed == 1
    assert Alert.objects.get(type="errors.regression").occurrences == 1


@pytest.mark.parametrize(
    ("seconds_after", "status"),
    [(-10, "resolved"), (30, "resolved"), (60, "resolved"), (62, "open")],
)
def test_errors_soon_after_the_resolving_are_late_news(seconds_after: float, status: str) -> None:
    _errors(1)
    _resolve(Issue.objects.get(), hours_ago=1)
    resolved_at = Issue.objects.get().resolved_at.timestamp()
    book(kind("known", at=resolved_at + seconds_after))
    assert Issue.objects.get().status == status


@pytest.mark.parametrize(
    ("release", "status"),
    [
        ("1", "resolved"),  # where it was seen before
        ("2", "resolved"),  # known by then from another issue
        ("", "resolved"),  # says nothing, so it may be an old one
        ("3", "open"),
    ],
)
def test_resolved_in_the_next_release_means_one_not_known_then(release: str, status: str) -> None:
    _errors(1, release="1")
    book(kind("other", release="2"))
    _resolve(Issue.objects.get(title="ValueError: known"), hours_ago=0)
    Issue.objects.filter(title="ValueError: known").update(resolve_mode="next_release")
    book(kind("known", release=release, at=time.time() + 120))
    assert Issue.objects.get(title="ValueError: known").status == status


def test_the_release_that_ran_when_it_was_resolved_is_not_the_next_one(settings: Any) -> None:
    settings.FREEZE_ALERTS = {"RELEASE": "2"}
    _errors(1, release="1")
    _resolve(Issue.objects.get(), hours_ago=0, next_release=True)
    book(kind("known", release="2", at=time.time() + 120))
    assert Issue.objects.get().status == "resolved"
    book(kind("known", release="3", at=time.time() + 120))
    assert Issue.objects.get().status == "open"


def test_a_next_release_met_in_the_time_of_grace_is_still_the_next_one() -> None:
    _errors(1, release="1")
    _resolve(Issue.objects.get(), hours_ago=0, next_release=True)
    book(kind("known", release="2", at=time.time() + 5))
    assert Issue.objects.get().status == "resolved"
    book(kind("known", release="2", at=time.time() + 120))
    assert Issue.objects.get().status == "open"


def test_an_ignored_issue_is_counted_and_neither_told_nor_part_of_a_spike() -> None:
    _errors(1)
    issues.ignore(Issue.objects.get(), by="ann")
    assert Alert.objects.get().ended
    _errors(100)
    issue = Issue.objects.get()
    assert (issue.occurrences, issue.status) == (101, "ignored")
    assert Alert.objects.exclude(open_key=None).count() == 0


def test_more_than_ten_new_issues_at_once_share_a_card() -> None:
    for number in range(15):
        book(kind(f"new {number}"))
    keys = _keys("errors.new_issue")
    assert len([key for key in keys if key.startswith("issue:")]) == 10
    (digest,) = Alert.objects.filter(key__startswith="issues:")
    assert "15 new issues within 5 minutes" in digest.text
    assert digest.occurrences == 5


def test_a_single_one_is_told_after_a_burst_is_over() -> None:
    for number in range(12):
        book(kind(f"new {number}"))
    Issue.objects.update(found_at=timezone.now() - timedelta(minutes=6))
    Alert.objects.all().delete()
    book(kind("single"))
    assert _keys("errors.new_issue") == [f"issue:{Issue.objects.latest('pk').pk}"]


def test_a_new_issue_is_part_of_a_critical_spike_that_stands(ignored: None) -> None:
    _errors(51)
    book(kind("new"))
    assert _types() == ["errors.spike"]


@pytest.mark.parametrize(
    "over",
    [
        {"clear_since": timezone.now()},  # below its line already, and only held
        {"last_seen_at": timezone.now() - timedelta(minutes=10)},  # not judged any more
        {"severity": "warning"},
        {"open_key": None, "status": "resolved", "resolved_at": timezone.now() - timedelta(days=1)},
    ],
)
def test_a_new_issue_is_told_when_the_spike_is_over(over: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    _errors(51)
    ErrorMinute.objects.all().delete()
    Alert.objects.filter(type="errors.new_issue").delete()
    Alert.objects.filter(type="errors.spike").update(**over)
    book(kind("new"))
    assert "errors.new_issue" in _types()


def test_a_kind_too_many_is_part_of_the_rate_and_told() -> None:
    counted = tally(kind("known"))
    counted.unsorted[False, minute_of(time.time())] = 20
    booking.book(counted)
    assert _types() == ["alerting.trouble", "errors.new_issue", "errors.spike"]
    assert Issue.objects.get().occurrences == 1


def test_nothing_is_booked_where_sentry_judges(settings: Any) -> None:
    settings.FREEZE_ALERTS = {"ERRORS": {"JUDGE": "sentry"}}
    _errors(1)
    assert Issue.objects.count() == 0


def test_people_are_kept_by_hash_and_counted_once() -> None:
    for user in ("ann", "bob", "ann"):
        _errors(1, user=user)
    assert Issue.objects.get().users == 2
    assert not IssueUser.objects.filter(user__in=["ann", "bob"]).exists()


def test_an_issue_that_was_deleted_meanwhile_is_new_again(monkeypatch: pytest.MonkeyPatch) -> None:
    _errors(1)
    known = issues.known
    monkeypatch.setattr(issues, "known", lambda digests: (known(digests), Issue.objects.all().delete())[0])
    _errors(2)
    assert Issue.objects.get().occurrences == 2


def test_a_booking_is_one_transaction_however_many_issues() -> None:
    book(*(kind(f"{number}") for number in range(30)))
    with _Transactions() as seen:
        book(*(kind(f"{number}") for number in range(30)))
    assert seen.count == 1


class _Transactions:
    def __enter__(self) -> _Transactions:
        self.count = 0
        self.real = transaction.Atomic.__enter__
        outer = self

        def enter(atomic: transaction.Atomic) -> None:
            outer.count += not connection.in_atomic_block
            outer.real(atomic)

        transaction.Atomic.__enter__ = enter  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        transaction.Atomic.__enter__ = self.real  # type: ignore[method-assign]


def test_a_listener_that_raises_harms_nobody() -> None:
    def listener(**_: object) -> None:
        raise RuntimeError("no")

    signals.issue_found.connect(listener)
    _errors(1)
    assert (Issue.objects.get().occurrences, _types()) == (1, ["errors.new_issue"])


def test_a_listener_that_spoils_the_transaction_loses_no_count_and_no_alert() -> None:
    def listener(**_: object) -> None:
        if connection.in_atomic_block:
            transaction.set_rollback(True)

    signals.issue_found.connect(listener)
    _errors(3)
    assert (Issue.objects.get().occurrences, ErrorMinute.objects.get().count) == (3, 3)
    assert _types() == ["errors.new_issue"]


def test_a_listener_whose_hook_fails_after_the_commit_books_nothing_twice(caplog: pytest.LogCaptureFixture) -> None:
    def hook() -> None:
        raise RuntimeError("after the commit")

    def listener(**_: object) -> None:
        transaction.on_commit(hook)

    signals.issue_found.connect(listener)
    with caplog.at_level(logging.ERROR, "freeze_alerts"):
        _errors(3)
    assert Issue.objects.get().occurrences == 3
    assert "somebody who was told of it failed" in caplog.text


def test_what_fails_before_the_commit_is_raised_and_nothing_is_booked(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("in the middle")

    monkeypatch.setattr(booking, "_news", fail)
    with pytest.raises(RuntimeError):
        _errors(1)
    assert rates._told == {}  # nor taken for told
    assert [model.objects.count() for model in (models.Issue, models.ErrorMinute, models.IssueMinute)] == [0, 0, 0]
