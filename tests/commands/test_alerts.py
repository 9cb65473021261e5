from __future__ import annotations

import getpass
import io
import json
from argparse import ArgumentTypeError
from datetime import datetime, timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command, load_command_class
from django.utils import timezone

from freeze_alerts.alerts.answers import acknowledge, resolve, snooze
from freeze_alerts.alerts.models import Alert
from freeze_alerts.catalog import AlertType, Severity
from freeze_alerts.management.alerts import answering, identity
from freeze_alerts.management.commands.alerts import SUBCOMMANDS
from tests.commands.running import run_alerts as run
from tests.factories import AlertFactory, MessageFactory

pytestmark = pytest.mark.django_db

AT_THREE = datetime.fromisoformat("2026-01-15T03:12:00+01:00")


@pytest.fixture
def clock():
    with time_machine.travel(AT_THREE, tick=False) as traveller:
        yield traveller


@pytest.fixture
def disk(db):
    return AlertFactory(
        type=AlertType.DISK_SPACE, key="disk:web1:/dev/sda1", severity=Severity.CRITICAL, title="/ on web1",
        text="92.4 % full", host="web1", fields=[["Used", "68 of 74 GB"]],
        findings=[{"step": "What grew", "outcome": "timed out", "text": "stopped", "seconds": 3.0}],
    )  # fmt: skip


def test_the_command_runs_whatever_the_system_checks_say():
    assert load_command_class("freeze_alerts", "alerts").requires_system_checks == []


@pytest.mark.parametrize("each", SUBCOMMANDS, ids=lambda each: each.name)
def test_every_subcommand_has_help_with_examples_of_itself(each, capsys):
    with pytest.raises(SystemExit) as end:
        load_command_class("freeze_alerts", "alerts").run_from_argv(["manage.py", "alerts", each.name, "--help"])
    assert end.value.code == 0
    assert f"manage.py alerts {each.name}" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["open"], ["show"], ["snooze", "1"], ["ack", "one"]])
def test_a_usage_error_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        load_command_class("freeze_alerts", "alerts").run_from_argv(["manage.py", "alerts", *arguments])
    assert end.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_no_open_alerts_are_said_kindly():
    resolve(AlertFactory(), by="ann")
    assert run("list") == (0, "No open alerts. All is well.\n", "")


def test_the_list_begins_with_the_worst_and_tells_ages(clock, disk):
    backup = AlertFactory(type=AlertType.BACKUP_FAILED, title="disk full", severity=Severity.EMERGENCY, key="b")
    issue = AlertFactory(key="issue:7", occurrences=1234)
    clock.shift(timedelta(minutes=80))
    code, out, _ = run("list")
    assert code == 0
    head, *rows = (line.split(maxsplit=1) for line in out.splitlines())
    assert head == [
        "ID",
        "Severity   Age         Alert                             Key                  Times  Status",
    ]
    assert rows == [
        [f"{backup.pk}", "emergency  1 h 20 min  Backup failure: disk full         b                    1      open"],
        [f"{disk.pk}", "critical   1 h 20 min  Disk space: / on web1             disk:web1:/dev/sda1  1      open"],
        [f"{issue.pk}", "medium     1 h 20 min  New issue: ValueError in issue:7  issue:7              1,234  open"],
    ]


def test_severities_are_coloured_where_the_terminal_shows_colours(disk):
    out = io.StringIO()
    call_command("alerts", "list", stdout=out, force_color=True)
    assert "\x1b[31;1mcritical\x1b[0m" in out.getvalue()


def test_the_list_says_who_is_on_it_and_what_is_snoozed(clock, disk):
    acknowledge(disk, by="ann")
    snooze(AlertFactory(), timezone.now() + timedelta(hours=2))
    out = run("list")[1]
    assert "acknowledged by ann" in out
    assert "open, snoozed until 2026-01-15 05:12" in out


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ([], {"disk", "issue"}),
        (["--all"], {"disk", "issue", "ended"}),
        (["--type", "disk.space"], {"disk"}),
        (["--channel", "backups"], set()),
        (["--all", "--channel", "backups"], {"ended"}),
        (["--channel", "errors", "--limit", "1"], {"disk"}),  # the worst
    ],
)
def test_the_list_shows_what_was_asked_for(arguments, shown):
    AlertFactory(type=AlertType.DISK_SPACE, key="disk", severity=Severity.HIGH)
    AlertFactory(key="issue")
    resolve(AlertFactory(type=AlertType.BACKUP_FAILED, key="ended"), by="ann")
    code, out, _ = run("list", "--json", *arguments)
    assert code == 0
    assert {row["key"] for row in json.loads(out)} == shown


def test_a_long_list_says_how_much_more_there_is():
    AlertFactory.create_batch(3)
    assert "… and 2 more: see them with --limit" in run("list", "--limit", "1")[1]


@pytest.mark.parametrize("arguments", [["--type", "disk.spice"], ["--channel", "erors"]])
def test_an_unknown_type_or_channel_is_told_with_the_known_ones(arguments):
    with pytest.raises(CommandError, match=r"There is no .*known are .*"):
        run("list", *arguments)


def test_a_row_for_programs_says_where_it_goes_and_by_when_to_answer(clock, disk):
    (row,) = json.loads(run("list", "--json")[1])
    assert (row["id"], row["severity"], row["channel"]) == (disk.pk, "critical", "errors")
    assert row["answer_by"] == "2026-01-15T03:12:00Z"


def test_an_alert_of_a_type_that_is_no_more_is_listed_and_shown():
    alert = AlertFactory(type="shop.gone")
    assert "shop.gone" in run("list")[1]
    assert json.loads(run("show", alert.pk, "--json")[1])["channel"] == "errors"


def test_show_tells_everything(clock, disk):
    MessageFactory(alert=disk, state="dead", last_error="Discord said no")
    clock.shift(timedelta(minutes=70))
    code, out, _ = run("show", f"{disk.pk}#1")
    assert code == 0
    for words in ("CRITICAL  open", "Disk space: / on web1", "92.4 % full", "68 of 74 GB",
                  "timed out: What grew (3.0 s)", "df -h", "2026-01-15 03:12 (1 h 10 min)",
                  "2026-01-15 04:12 (10 min ago)", "Discord said no"):  # fmt: skip
        assert words in out


def test_show_tells_how_it_ended(clock, disk):
    clock.shift(timedelta(minutes=5))
    resolve(disk, by="ann", reason="logs are gone")
    out = run("show", disk.pk)[1]
    assert "2026-01-15 03:17 · acknowledged by ann · logs are gone" in out
    assert "(5 min)" in out


def test_show_for_programs_has_findings_and_messages(disk):
    MessageFactory(alert=disk)
    shown = json.loads(run("show", disk.pk, "--json")[1])
    assert shown["findings"][0]["step"] == "What grew"
    assert shown["messages"][0]["kind"] == "opened"
    assert shown["command"] == "df -h"


@pytest.mark.parametrize("arguments", [["show"], ["ack"], ["resolve"], ["snooze", "--for", "1h"]])
def test_an_unknown_id_is_an_error(arguments):
    code, _, err = run(arguments[0], "4711", *arguments[1:])
    assert code == 1
    assert "4711" in err


def test_the_others_are_answered_though_one_is_unknown(disk):
    code, out, err = run("ack", "4711", disk.pk, "--by", "ann")
    assert code == 1
    assert err == "4711: there is no such alert\n"
    assert f"{disk.pk}: acknowledged: / on web1" in out
    assert Alert.objects.get().acknowledged_by == "ann"


def test_whoever_sits_at_the_shell_acknowledges(disk, monkeypatch):
    monkeypatch.setattr(getpass, "getuser", lambda: "deploy")
    run("ack", disk.pk)
    assert Alert.objects.get().acknowledged_by == "deploy"


def test_a_shell_without_a_name_is_called_shell(monkeypatch):
    def nobody():
        raise KeyError("getpwuid(): uid not found: 1000")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert identity.person() == "shell"


def test_an_alert_that_is_taken_or_has_ended_is_no_error(disk):
    acknowledge(disk, by="ben")
    assert run("ack", disk.pk, "--by", "ann")[:2] == (0, f"{disk.pk}: ben is already on it.\n")
    resolve(disk, by="ben")
    assert "already ended" in run("resolve", disk.pk, "--by", "ann")[1]
    assert Alert.objects.get().acknowledged_by == "ben"


def test_resolving_keeps_reason_and_name(disk):
    assert run("resolve", disk.pk, "--reason", "logs are gone", "--by", "ann")[0] == 0
    disk.refresh_from_db()
    assert (disk.status, disk.ended_because, disk.acknowledged_by) == ("resolved", "logs are gone", "ann")


@pytest.mark.parametrize(
    ("arguments", "until"),
    [
        (["--for", "2h"], "2026-01-15 05:12"),
        (["--for", "1d90m"], "2026-01-16 04:42"),
        (["--until", "2026-01-15 09:00"], "2026-01-15 09:00"),  # on the project's clock
        (["--until", "2026-01-15T09:00Z"], "2026-01-15 10:00"),
    ],
)
def test_a_snooze_lasts_for_a_span_or_until_a_moment(clock, disk, arguments, until):
    assert run("snooze", disk.pk, *arguments)[:2] == (0, f"{disk.pk}: snoozed until {until}: {disk}\n")
    disk.refresh_from_db()
    assert f"{timezone.localtime(disk.snoozed_until):%Y-%m-%d %H:%M}" == until


@pytest.mark.parametrize("text", ["", "0h", "2", "soon", "h", "99999999d", "-2h"])
def test_what_is_no_span_is_refused(text):
    with pytest.raises(ArgumentTypeError, match="no span of time"):
        answering.span(text)


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-02-30 09:00", "2026-01-15 03:12", "1999-01-01 00:00"])
def test_what_is_no_moment_to_come_is_refused(clock, text):
    with pytest.raises(ArgumentTypeError, match=r"no moment|has passed"):
        answering.moment(text)


@pytest.mark.parametrize("text", ["12", "#12", "12#3", " 12 "])
def test_an_alert_is_named_as_its_card_names_it(text):
    assert identity.alert_id(text) == 12
