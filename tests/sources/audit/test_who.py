from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.core.signing import TimestampSigner
from django.test import RequestFactory

from freeze_alerts.sources.audit.who import Who, client_ip, where_from, who_asks

TRUSTED = {"AUDIT": {"TRUSTED_PROXIES": ["127.0.0.0/8", "10.0.0.0/8", "2001:db8::/32"]}}


@pytest.mark.parametrize(
    ("remote", "forwarded", "ip"),
    [
        ("203.0.113.9", "6.6.6.6", "203.0.113.9"),  # no proxy of ours: whatever it says is its own invention
        ("10.0.0.1", "6.6.6.6, 203.0.113.9", "203.0.113.9"),  # the leftmost is what the client claims
        ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9, garbage, 10.0.0.2", "10.0.0.2"),  # garbage ends the walk
        ("", "203.0.113.9", "203.0.113.9"),  # a Unix socket
        ("", "", ""),
        ("127.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
        ("127.0.0.1", '"[2001:db9::7]:443"', "2001:db9::7"),
        ("127.0.0.1", "fe80::1%eth0", "fe80::1"),
        ("127.0.0.1", "::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8::1", "2001:db9::1", "2001:db9::1"),
        ("nonsense", "6.6.6.6", ""),
    ],
)
def test_the_address_is_read_from_the_right_past_proxies_of_ours(remote, forwarded, ip, settings):
    settings.FREEZE_ALERTS = TRUSTED
    assert client_ip({"REMOTE_ADDR": remote, "HTTP_X_FORWARDED_FOR": forwarded}) == ip


def _request(user, **session):
    request = RequestFactory().post(
        "/admin/", {"action": "purge"}, headers={"User-Agent": "x" * 999, "X-Request-Id": "r1"}
    )
    request.user, request.session = user, session
    return request


@pytest.fixture
def bob(db):
    return get_user_model().objects.create(username="bob")


@pytest.fixture
def eve(db):
    return get_user_model().objects.create(username="eve")


def test_an_account_is_named_as_text(bob):
    assert who_asks(_request(bob)) == Who(str(bob.pk), "bob")
    assert who_asks(_request(AnonymousUser())) == Who()


def test_the_person_behind_a_hijacked_account_is_named(bob, eve):
    assert who_asks(_request(bob, hijack_history=[str(eve.pk), "77"])) == Who(str(bob.pk), "bob", str(eve.pk), "eve")


def test_the_person_behind_loginas_is_named(bob, eve):
    signed = TimestampSigner().sign(str(eve.pk))
    assert who_asks(_request(bob, loginas_from_user=signed)).real_actor == "eve"
    assert who_asks(_request(bob, loginas_from_user="forged:1:x")).real_actor == ""


def test_the_person_behind_an_impersonation_is_named(bob, eve):
    request = _request(bob)
    request.impersonator = eve
    assert who_asks(request).real_actor == "eve"


def test_a_person_whose_account_is_gone_is_named_by_its_number(bob):
    assert who_asks(_request(bob, hijack_history=["4711"])).real_actor == "user 4711"


def resolver(request) -> Who:
    return Who("9", "from the badge reader")


def test_a_project_may_know_better_who_acts(bob, settings):
    settings.FREEZE_ALERTS = {"AUDIT": {"ACTOR_RESOLVER": f"{__name__}.resolver"}}
    assert who_asks(_request(bob)).actor == "from the badge reader"


def test_where_it_came_from_is_cut_to_what_the_columns_take(bob):
    where = where_from(_request(bob), "admin")
    assert (where.method, where.path, where.action, where.request_id, where.site) == (
        "POST", "/admin/", "purge", "r1", "admin",
    )  # fmt: skip
    assert len(where.user_agent) == 200
