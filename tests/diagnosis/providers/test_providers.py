"""Status pages read over HTTP, as a step of the findings."""

from __future__ import annotations

import time

import pytest

from freeze_alerts.diagnosis import providers
from freeze_alerts.diagnosis.budget import run_steps
from freeze_alerts.diagnosis.providers import fetch
from freeze_alerts.diagnosis.providers.configured import Provider, configured, unusable
from freeze_alerts.diagnosis.providers.status import Unknown
from freeze_alerts.discord.message import Outcome
from tests.diagnosis.providers.pages import DIGITALOCEAN, DRIP, MOLLIE_CALM, MOLLIE_ILL, MOLLIE_TREE

SUMMARY, COMPONENTS = "/api/v2/summary.json", "/api/v2/components.json"


def says(pages, *components):
    return providers.status(Provider("Mollie", pages.url, components))


def test_a_statuspage_is_read_in_one_call(pages):
    pages.answer(SUMMARY, DIGITALOCEAN)
    assert says(pages).startswith("major trouble: Spaces / NYC3 down")
    assert pages.asked == [SUMMARY]


def test_instatus_is_read_in_two(pages):
    pages.answer(SUMMARY, MOLLIE_ILL)
    pages.answer(COMPONENTS, MOLLIE_TREE)
    assert says(pages).startswith("has issues: Payments / Webhook degraded")


def test_instatus_without_readable_components_is_read_by_its_summary(pages):
    pages.answer("/summary.json", MOLLIE_CALM)
    pages.answer(COMPONENTS, b"<html>")
    assert says(pages) == "all systems operational"


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (404, b"", "answered 404"),
        (503, b"{}", "answered 503"),
        (200, b"<html>all fine</html>", "can't be read (JSONDecodeError)"),
        (200, b"{}", "a shape we can't read"),
        (200, b"[" * 100_000, "can't be read (RecursionError)"),
        (200, b" " * (fetch.BODY_LONGEST_BYTES + 1), "too long"),
    ],
)
def test_what_cannot_be_read_is_unknown(pages, status, body, reason):
    for path in (SUMMARY, "/summary.json"):
        pages.answer(path, body, status)
    with pytest.raises(Unknown) as unknown:
        says(pages)
    assert reason in str(unknown.value)


def test_a_server_that_is_not_there_is_unknown():
    with pytest.raises(Unknown, match="ConnectionError"):
        providers.status(Provider("Mollie", "http://127.0.0.1:9"))


def test_a_body_that_drips_is_left_after_the_limit(pages, monkeypatch):
    monkeypatch.setattr(fetch, "WHOLE_SECONDS", 0.5)
    pages.answers[SUMMARY] = (200, {}, DRIP)
    began = time.monotonic()
    with pytest.raises(Unknown):
        says(pages)
    assert time.monotonic() - began < 60  # for ever, without a limit


def test_a_redirect_is_followed_without_its_body(pages):
    pages.answer(SUMMARY, b"x" * 10_000_000, 302, Location=f"{pages.url}/moved.json")
    pages.answer("/moved.json", MOLLIE_CALM)
    assert says(pages) == "all systems operational"


def test_redirects_in_circles_are_unknown(pages):
    for path in (SUMMARY, "/summary.json"):
        pages.answer(path, b"", 302, Location=path)
    with pytest.raises(Unknown, match="leads in circles"):
        says(pages)


def test_a_redirect_never_leaves_https():
    with pytest.raises(Unknown, match="away from https"):
        fetch._next("https://status.mollie.com/x", "http://127.0.0.1/x")
    assert fetch._next("http://a/x", "https://b/y") == "https://b/y"


def test_an_answer_is_kept_for_a_minute_and_so_is_none(pages, monkeypatch):
    pages.answer(SUMMARY, DIGITALOCEAN)
    for _ in range(3):
        says(pages)
        with pytest.raises(Unknown):
            providers.status(Provider("Other", f"{pages.url}/other"))
    assert pages.asked.count(SUMMARY) == 1
    assert pages.asked.count(f"/other{SUMMARY}") == 1
    monkeypatch.setattr(providers, "KEPT_SECONDS", 0)
    says(pages)
    assert pages.asked.count(SUMMARY) == 2


def test_a_provider_in_trouble_is_a_finding_and_an_unreadable_one_a_failed_step(pages, settings):
    pages.answer(SUMMARY, DIGITALOCEAN)
    settings.FREEZE_ALERTS = {"PROVIDERS": {"DO": pages.url, "Mollie": f"{pages.url}/mollie"}}
    good, bad = run_steps(providers.steps(), 60.0)
    assert (good.step, good.outcome) == ("DO’s status", Outcome.OK)
    assert (bad.outcome, bad.text) == (Outcome.FAILED, "Unknown: its status page answered 404")


def test_mollie_and_digitalocean_are_given(settings):
    settings.FREEZE_ALERTS = {}
    assert [(each.name, each.url) for each in configured()] == [
        ("Mollie", "https://status.mollie.com"),
        ("DigitalOcean", "https://status.digitalocean.com"),
    ]


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        (7, "neither an address nor a dict"),
        ("status.mollie.com", "no http or https address"),
        ({"URL": "https://[x"}, "no http or https address"),
        ({"URL": "https://x.example", "COMPONENT": ["API"]}, "has the key 'COMPONENT'"),
        ({"URL": "https://x.example", "COMPONENTS": "API"}, "no list of names"),
        ({}, "no http or https address"),
    ],
)
def test_an_unusable_provider_is_left_out_and_named(settings, value, wrong):
    settings.FREEZE_ALERTS = {"PROVIDERS": {"Good": "https://status.example/", "Bad": value}}
    assert configured() == [Provider("Good", "https://status.example")]
    assert wrong in unusable()["Bad"]


def test_a_provider_may_name_its_components(settings):
    settings.FREEZE_ALERTS = {"PROVIDERS": {"DO": {"URL": "https://x.example", "COMPONENTS": ["Spaces", "AMS3"]}}}
    assert configured() == [Provider("DO", "https://x.example", ("Spaces", "AMS3"))]
