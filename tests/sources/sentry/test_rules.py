"""Plan, apply and check against a server that knows the documentation by heart."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path

import pytest
from django.core.management import call_command

from freeze_alerts import conf
from freeze_alerts.sources.sentry import api
from freeze_alerts.sources.sentry.api import Api, ApiError
from freeze_alerts.sources.sentry.models import SentryRule
from tests.sources.sentry.server import APP_ID, SLUG, TOKEN, need, only

pytestmark = pytest.mark.django_db


def run(*arguments):
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("sentry_rules", *arguments, stdout=out, stderr=err, no_color=True)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def test_plan_says_what_apply_would_do_and_does_nothing(sentry):
    code, printed, _ = run("plan")
    assert code == 2
    assert printed.splitlines() == [
        "+ detector  freeze production: error spike  create",
        "+ detector  freeze production: payment spike  create",
        "+ workflow  freeze production: new issue  create",
        "+ workflow  freeze production: regression  create",
        "+ workflow  freeze production: payment error  create",
        "+ workflow  freeze production: error spike  create",
        "+ workflow  freeze production: payment spike  create",
    ]
    assert sentry.written == []


def test_apply_makes_it_so_and_check_is_silent_then(sentry):
    code, printed, _ = run("apply")
    assert (code, printed.count("created")) == (0, 7)
    assert run("check") == (0, "", "")
    assert run("plan")[0] == 0
    assert len(sentry.workflows) == 6  # a foreign one is left alone


def test_applying_twice_changes_nothing_and_keeps_the_ids(sentry):
    run("apply")
    ids = sorted(sentry.workflows)
    writes = len(sentry.written)
    code, printed, _ = run("apply")
    assert (code, printed.count("unchanged"), len(sentry.written)) == (0, 7, writes)
    assert sorted(sentry.workflows) == ids


def test_the_rules_are_tied_to_what_they_are_for(sentry):
    run("apply")
    spike = sentry.named("workflow", "error spike")
    assert spike["detectorIds"] == [sentry.named("detector", "error spike")["id"]]
    assert [each["conditions"][0]["comparison"] for each in spike["actionFilters"]] == [75, 50]
    assert spike["actionFilters"][0]["actions"][0]["config"]["targetIdentifier"] == APP_ID
    new = sentry.named("workflow", "new issue")
    assert new["detectorIds"] == ["500"]
    assert new["actionFilters"][0]["actions"][0]["config"] == {"targetIdentifier": SLUG}
    assert sentry.named("detector", "payment spike")["dataSources"][0]["query"] == "domain:payment"


def test_thresholds_and_environment_are_those_of_the_settings(sentry, configure):
    configure(ENVIRONMENT="staging", ERRORS={"WARNING_PER_HOUR": 20, "CRITICAL_PER_HOUR": 200})
    run("apply")
    group = sentry.named("detector", "freeze staging: error spike")["conditionGroup"]
    assert [(each["type"], each["comparison"], each["conditionResult"]) for each in group["conditions"]] == [
        ("gt", 200, 75), ("gt", 20, 50), ("lte", 20, 0)
    ]  # fmt: skip
    assert sentry.named("workflow", "new issue")["environment"] == "staging"


CHANGES_BY_HAND = [
    (lambda s: s.named("workflow", "new issue").update(enabled=False), "enabled: false, should be true"),
    (
        lambda s: s.named("workflow", "payment error")["actionFilters"][0].update(conditions=[]),
        'actionFilters[0].conditions: [], should be [{"comparison": {"key": "domain"',
    ),
    (lambda s: s.named("detector", "error spike").update(enabled=False), "enabled: false, should be true"),
    (
        lambda s: s.named("detector", "error spike")["conditionGroup"]["conditions"][0].update(comparison=500),
        "comparison: ",
    ),
    (
        lambda s: s.named("detector", "payment spike")["dataSources"][0].update(query=""),
        'dataSources[0].query: "", should be "domain:payment"',
    ),
    (
        lambda s: s.named("workflow", "regression").update(environment=None),
        'environment: null, should be "production"',
    ),
    (lambda s: s.named("workflow", "regression").update(actionFilters=[]), "actionFilters: [], should be"),
    (lambda s: s.named("workflow", "regression").update(detectorIds=["1"]), 'detectorIds[0]: "1", should be "500"'),
    (lambda s: s.named("workflow", "regression").update(name="renamed by hand"), 'name: "renamed by hand"'),
]


@pytest.mark.parametrize(("change", "line"), CHANGES_BY_HAND)
def test_a_change_by_hand_is_found_and_mended(sentry, change, line):
    run("apply")
    change(sentry)
    code, printed, _ = run("check")
    assert (code, line in printed) == (2, True), printed
    run("apply")
    assert run("check")[0] == 0


def test_what_was_deleted_by_hand_is_made_anew(sentry):
    run("apply")
    del sentry.workflows[sentry.named("workflow", "regression")["id"]]
    assert "+ workflow  freeze production: regression  create" in run("check")[1]
    run("apply")
    assert run("check")[0] == 0
    assert SentryRule.objects.count() == 7


def test_what_sentry_adds_of_its_own_is_no_drift(sentry):
    run("apply")
    for row in [*sentry.workflows.values(), *sentry.detectors.values()]:
        row.update(createdBy="7", dateCreated="2026-01-01", lastTriggered=None, owner=None, novelty={"a": 1})
    assert run("check")[0] == 0


def test_rules_that_are_there_already_are_taken_over_by_name(sentry):
    run("apply")
    SentryRule.objects.all().delete()
    writes = len(sentry.written)
    assert run("apply")[0] == 0
    assert len(sentry.written) == writes
    assert SentryRule.objects.count() == 7


def test_two_rules_of_one_name_and_a_broken_installation_are_troubles(sentry):
    run("apply")
    sentry.workflows["9"] = {**sentry.named("workflow", "new issue"), "id": "9"}
    sentry.installation = "pending"
    code, printed, _ = run("check")
    assert code == 2
    assert "! there are 2 workflows called 'freeze production: new issue'" in printed
    assert "! the integration freeze-alerts is 'pending', not installed" in printed


def test_json_tells_the_same(sentry):
    code, printed, _ = run("plan", "--json")
    told = json.loads(printed)
    assert (code, told["in_sync"], told["rules"][0]["action"]) == (2, False, "create")
    run("apply")
    assert json.loads(run("check", "--json")[1])["in_sync"] is True


def test_the_strict_server_is_strict():
    with pytest.raises(Exception, match="unknown fields"):
        only({"name": "x", "frequncy": 5}, {"name"})
    with pytest.raises(Exception, match="frequency"):
        need(7 in (0, 5), "frequency")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "the token is not valid"),
        (403, "look at the integration's permissions"),
        (404, "look at SENTRY['ORGANIZATION']"),
        (410, "Sentry has withdrawn this address"),
        (500, "500, oops"),
        (302, "302"),
    ],
)
def test_what_sentry_refuses_is_said_and_is_exit_code_3(sentry, status, said):
    sentry.answers = [(status, {"Location": "http://127.0.0.1:9/"}, b"oops")]
    code, _, told = run("plan")
    assert code == 3
    assert said in told
    sentry.answers = [(status, {}, b"oops")]
    code, printed, _ = run("check", "--json")
    assert (code, json.loads(printed)["in_sync"]) == (3, None)


def test_429_is_waited_for_as_long_as_sentry_asks(sentry, monkeypatch):
    waited: list[float] = []
    monkeypatch.setattr(api.time, "sleep", waited.append)
    sentry.answers = [(429, {"Retry-After": "7"}, b""), (429, {"Retry-After": "soon"}, b"")]
    assert run("plan")[0] == 2
    assert waited == [7.0, 1.0]


@pytest.mark.parametrize("answers", [[(429, {"Retry-After": "3600"}, b"")], [(429, {"Retry-After": "0"}, b"")] * 4])
def test_429_is_not_waited_for_for_ever(sentry, answers):
    sentry.answers = list(answers)
    code, _, told = run("plan")
    assert (code, "429" in told) == (3, True)


def test_a_next_page_on_another_server_is_not_asked(sentry):
    link = '<https://elsewhere.example/x>; rel="next"; results="true"'
    sentry.answers = [(200, {"Link": link}, b"[{}]")]
    with Api(conf.current().sentry) as conversation:
        assert list(conversation.rows("organizations/shop/workflows/")) == [{}]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ORGANIZATION": "", "PROJECT": ""}, "lacks ORGANIZATION and PROJECT"),
        ({"TOKEN": ""}, "has no TOKEN"),
        ({"TOKEN": "/no/such/file"}, "the file of TOKEN can't be read: No such file or directory"),
        ({"TOKEN": "a\nb"}, "one that is none"),
        ({"INTEGRATION": ""}, "lacks INTEGRATION"),
        ({"INTEGRATION": "unknown"}, "there is no integration 'unknown'"),
        ({"API_URL": "http://127.0.0.1:9/api/0"}, "ConnectionError"),
    ],
)
def test_what_is_missing_is_said(sentry, configure, changes, said):
    configure(changes)
    code, _, told = run("plan")
    assert (code, said in told) == (3, True), told


def test_the_token_may_be_kept_in_a_file(sentry, configure, tmp_path: Path):
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    configure({"TOKEN": str(tmp_path / "token")})
    assert run("apply")[0] == 0


def test_the_token_is_printed_nowhere(sentry, configure, caplog):
    with caplog.at_level(logging.DEBUG):
        said = [run("plan"), run("apply"), run("check", "--json")]
        for status in (401, 500):
            sentry.answers = [(status, {}, TOKEN.encode() if status == 401 else b"no")]
            said.append(run("plan"))
        configure({"API_URL": "http://127.0.0.1:9/api/0"})
        said.append(run("plan"))
    assert TOKEN not in f"{said}{caplog.text}{conf.current()}"


def test_an_answer_that_is_no_json_is_an_api_error(sentry):
    sentry.answers = [(200, {}, b"<html>")]
    with Api(conf.current().sentry) as conversation, pytest.raises(ApiError, match="no JSON"):
        conversation.get("x/")
