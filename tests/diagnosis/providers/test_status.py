from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freeze_alerts.diagnosis.providers.status import Page, Unknown, describe, instatus, statuspage
from tests.diagnosis.providers.pages import DIGITALOCEAN, MOLLIE_CALM, MOLLIE_ILL, MOLLIE_TREE


def test_a_statuspage_in_trouble_names_what_is_troubled_and_the_incident():
    assert describe(statuspage(DIGITALOCEAN)).splitlines() == [
        "major trouble: Spaces / NYC3 down, API degraded",
        "Spaces in NYC3 (since 2026-03-04T11:02:00Z) https://stspg.io/abc",
    ]


def test_a_calm_statuspage_is_operational():
    calm = {"status": {"indicator": "none"}, "components": [], "incidents": []}
    assert describe(statuspage(calm)) == "all systems operational"


def test_instatus_in_trouble_names_what_is_troubled_and_the_incident():
    assert describe(instatus(MOLLIE_ILL, MOLLIE_TREE)).splitlines() == [
        "has issues: Payments / Webhook degraded",
        "Delayed webhooks (since Wed Mar 04 2026 11:02:00 GMT+0000) https://status.mollie.com/1",
    ]


def test_instatus_without_incidents_and_components_is_read_by_its_page():
    assert describe(instatus(MOLLIE_CALM, None)) == "all systems operational"
    assert describe(instatus(MOLLIE_ILL, None)).startswith("has issues\nDelayed webhooks")


def test_one_shape_is_never_taken_for_the_other():
    assert statuspage(MOLLIE_CALM) is None
    assert instatus(DIGITALOCEAN, None) is None


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (["AMS3"], "AMS3: operational"),  # what burns elsewhere is not this shop's
        (["nyc3"], "major trouble: Spaces / NYC3 down"),
        (["Spaces"], "major trouble: Spaces / NYC3 down"),  # a group stands for all that is in it
        (["AMS3", "API"], "major trouble: API degraded"),
    ],
)
def test_only_the_components_that_matter_are_told(wanted, said):
    assert describe(statuspage(DIGITALOCEAN), wanted).splitlines()[0] == said


def test_a_component_that_is_not_there_is_unknown_and_not_green():
    with pytest.raises(Unknown, match="it has no component 'Webhooks'"):
        describe(instatus(MOLLIE_CALM, MOLLIE_TREE), ["Webhooks"])
    with pytest.raises(Unknown, match="its components can't be read"):
        describe(instatus(MOLLIE_CALM, None), ["Webhook"])


def test_many_troubled_components_are_counted():
    down = [{"name": f"c{number}", "status": "major_outage"} for number in range(8)]
    page = statuspage({"status": {"indicator": "critical"}, "components": down})
    assert describe(page) == "critical trouble: c0 down, c1 down, c2 down, c3 down, c4 down and 3 more"


def test_a_page_that_is_not_fine_says_so_even_where_every_component_is():
    assert describe(Page(False, "has issues", [], ())) == "has issues"


@pytest.mark.parametrize(
    "summary",
    [None, [], "up", {}, {"status": None}, {"status": "up"}, {"status": {"indicator": "green"}},
     {"status": {"indicator": None}}, {"page": {"status": "FINE"}}, {"page": []}],
)  # fmt: skip
def test_any_other_shape_is_none(summary):
    assert statuspage(summary) is None
    assert instatus(summary, summary) is None


KEYS = st.sampled_from(["name", "components", "children", "group", "id"])
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner),
    max_leaves=20,
)


@given(rows=JSON)
def test_no_answer_makes_reading_it_fail(rows):
    for page in (
        statuspage({"status": {"indicator": "minor"}, "components": rows, "incidents": rows}),
        instatus({"page": {"status": "HASISSUES"}, "activeIncidents": rows}, rows),
    ):
        assert describe(page).startswith(("minor trouble", "has issues"))
        with contextlib.suppress(Unknown):
            describe(page, ["Webhook"])
