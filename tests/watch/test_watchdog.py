"""The loop as real processes: what it does, how it ends, and what it says when it hangs."""

from __future__ import annotations

import json
import signal
import socket
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from freeze_alerts.alerts import open_alert
from freeze_alerts.alerts.models import Alert
from freeze_alerts.catalog import AlertType
from freeze_alerts.management.commands import watchdog as command
from freeze_alerts.watch import claims, heartbeats, turns, watchdog
from freeze_alerts.watch.duties import Duty
from freeze_alerts.watch.guard import Guard
from freeze_alerts.watch.models import Heartbeat
from freeze_alerts.watch.watchdog import Watchdog
from tests.outbox.passes import states
from tests.processes import read_until, start, start_python, wait_until
from tests.watch import errands

pytestmark = pytest.mark.django_db(transaction=True)

FIVE = timedelta(minutes=5)


@pytest.fixture
def file(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv(errands.FILE, str(tmp_path / "errands"))
    return tmp_path / "errands"


@pytest.fixture
def ours(discord, settings, tmp_path):
    """The environment that gives processes this test's Discord, and a spool of their own."""
    delivery = {"DOORBELL": "thread", "MESSAGES_PER_MINUTE": 0, "SPOOL": str(tmp_path / "spool.jsonl")}
    settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, "DELIVERY": delivery}
    return {"FREEZE_ALERTS_TEST_SETTINGS": json.dumps(settings.FREEZE_ALERTS)}


LOOP = """
    import time
    from datetime import timedelta
    from freeze_alerts.management.commands import watchdog as command
    from freeze_alerts.watch import guard, last_words, watchdog
    from freeze_alerts.watch.duties import Duty
    watchdog.TICK_SECONDS = watchdog.ASK_EACH_SECONDS = 0.05
    {before}
    watchdog.DUTIES = command.DUTIES = ({duty},)
    from django.core.management import call_command
    call_command("watchdog")
"""


def start_loop(duty: str, before: str = "", **environment):
    process = start_python(LOOP.format(duty=duty, before=before), **environment)
    threading.Thread(target=lambda: [None for _ in process.stdout], daemon=True).start()  # a full pipe would stop it
    return process


def test_it_does_what_is_due_and_delivers(discord, ours, file):
    open_alert(AlertType.NEW_ISSUE, key="left behind by another process")
    start_loop("Duty('errand', timedelta(minutes=5), 'tests.watch.errands.run_an_errand')", **ours)
    wait_until(lambda: errands.notes(file) == ["begin", "end"])
    wait_until(lambda: set(states().values()) == {"sent"})
    wait_until(lambda: {"watchdog", "sweep", "duty:errand"} <= set(Heartbeat.objects.values_list("name", flat=True)))


def test_the_real_command_with_the_real_duties_ends_when_asked(discord, ours):
    process = start([sys.executable, "-m", "django", "watchdog"], **ours)
    assert "check_disk" in read_until(process, "watching")
    wait_until(lambda: Heartbeat.objects.filter(name__startswith="duty:check_disk@", at__isnull=False))
    process.send_signal(signal.SIGTERM)
    read_until(process, "all is finished", timeout_seconds=150)
    assert process.wait(150) == 0


def test_it_ends_after_the_duty_it_is_at(ours, file):
    process = start_loop("Duty('errand', timedelta(minutes=5), 'tests.watch.errands.wait_for_leave')", **ours)
    wait_until(lambda: errands.notes(file) == ["begin"])
    process.send_signal(signal.SIGTERM)
    Path(f"{file}.leave").touch()
    assert process.wait(150) == 0
    assert errands.notes(file) == ["begin", "end"]
    assert Heartbeat.objects.get(name="duty:errand").lease_until is None


def test_one_that_hangs_says_so_and_ends_itself(discord, ours, file):
    hang = "Duty('hang', timedelta(minutes=5), 'tests.watch.errands.hang', limit=timedelta(seconds=1))"
    process = start_loop(
        hang, "guard.TICK_SECONDS = 0.1; last_words.PATIENCE_SECONDS = last_words.LONGEST_SECONDS = 120", **ours
    )
    assert process.wait(150) == 70
    alert = Alert.objects.get(type=AlertType.TROUBLE)
    assert (alert.key, alert.title) == ("part:watchdog, hang", "the watchdog hung")
    assert "while hang" in alert.text
    assert "alert:" in next(iter(states()))


FROZEN = """
    watchdog.LOOP_LIMIT_SECONDS = last_words.PATIENCE_SECONDS = 1
    last_words.LONGEST_SECONDS = 120
    guard.TICK_SECONDS = 0.1
    from freeze_alerts.outbox import courier
    courier.FAREWELL_SECONDS = 60
"""


def in_vain(port: int) -> dict[str, str]:
    return {"FREEZE_ALERTS_TEST_DATABASE": "postgresql", "PGHOST": "127.0.0.1", "PGPORT": str(port)}


def test_one_that_hangs_at_a_frozen_database_says_that_straight_to_discord(discord, ours, file, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        before = FROZEN.strip().replace("\n    ", "; ").replace(";     ", "; ")
        errand = "Duty('errand', timedelta(minutes=5), 'tests.watch.errands.run_an_errand')"
        process = start_loop(errand, before, **ours, **in_vain(silent.getsockname()[1]))
        assert process.wait(150) == 70
    assert "database can't be reached" in json.dumps(discord.messages("errors")[0].payload)
    kept = "".join(each.read_text(encoding="utf-8") for each in tmp_path.glob("spool.jsonl*"))
    assert "|database" in kept


LAST_WORDS = """
    import threading
    from freeze_alerts.watch import last_words
    last_words.LONGEST_SECONDS = 0.1
    last_words._say = {say}
    last_words.end("looking at a disk", 600)
"""


@pytest.mark.parametrize("say", ["lambda *_: threading.Event().wait()", "lambda *_: 1 / 0"], ids=["hang", "fail"])
def test_it_ends_itself_even_if_its_last_words_do_not_come_out(say):
    assert start_python(LAST_WORDS.format(say=say)).wait(150) == 70


def test_without_a_database_it_goes_on_with_what_it_can_and_says_so(discord, ours, file):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        steady = "Duty('errand', timedelta(minutes=5), 'tests.watch.errands.run_an_errand', without_database=True)"
        process = start_loop(
            steady, "watchdog.AWAY_TOLD_AFTER_SECONDS = 0.1", **ours, **in_vain(nobody.getsockname()[1])
        )
        discord.wait_for(lambda server: server.messages("errors"), timeout_seconds=120)
        wait_until(lambda: errands.notes(file) == ["begin", "end"])
        assert "database can't be reached" in json.dumps(discord.messages("errors")[0].payload)
        process.send_signal(signal.SIGTERM)
        assert process.wait(150) == 0


BEAT = """
    import time
    from datetime import timedelta
    from freeze_alerts.watch import duties, turns
    duties.DUTIES = (Duty := duties.Duty)("errand", timedelta(seconds=0.2), "tests.watch.errands.run_an_errand"),
    while True:
        turns.take_by_beat("errand")
        time.sleep(0.05)
"""


def test_two_watchdogs_and_beat_at_once_never_do_one_duty_twice_at_once(ours, file):
    errand = "Duty('errand', timedelta(seconds=0.2), 'tests.watch.errands.run_an_errand')"
    for _ in range(2):
        start_loop(errand, **ours)
    start_python(BEAT, **ours)
    wait_until(lambda: len(errands.notes(file)) >= 20, timeout_seconds=120)
    seen = errands.notes(file)[:20]
    assert seen == ["begin", "end"] * 10


def test_once_does_what_is_due_delivers_and_ends(discord, file, monkeypatch, settings):
    settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, "DELIVERY": {"DOORBELL": "none"}}
    monkeypatch.setattr(command, "DUTIES", (Duty("errand", FIVE, "tests.watch.errands.run_an_errand"),))
    open_alert(AlertType.NEW_ISSUE, key="1")
    for _ in range(2):
        call_command("watchdog", "--once")
    assert errands.notes(file) == ["begin", "end"]
    assert set(states().values()) == {"sent"}


def test_once_says_which_duty_failed(discord, monkeypatch, capsys):
    monkeypatch.setattr(
        command, "DUTIES", (Duty("stumble", FIVE, "no.such.thing"), Duty("stand", FIVE, "builtins.list"))
    )
    with pytest.raises(SystemExit) as ended:
        call_command("watchdog", "--once")
    assert ended.value.code == 1
    assert "failed: stumble" in capsys.readouterr().err
    assert Heartbeat.objects.get(name="duty:stand").at is not None


def test_once_without_a_database_does_what_it_can_and_says_so(discord, file, monkeypatch):
    def away(*_args, **_how):
        raise OperationalError("connection refused")

    monkeypatch.setattr(command, "deliver_patiently", away)
    monkeypatch.setattr(claims, "claim", away)
    monkeypatch.setattr(turns, "_alone", {})
    steady = Duty("errand", FIVE, "tests.watch.errands.run_an_errand", without_database=True)
    monkeypatch.setattr(command, "DUTIES", (Duty("other", FIVE, "builtins.list"), steady))
    with pytest.raises(CommandError, match="does not answer"):
        call_command("watchdog", "--once")
    assert errands.notes(file) == ["begin", "end"]
    discord.wait_for(lambda server: server.messages("errors"), timeout_seconds=60)


def silence(server, accepted):
    """Take whoever connects in, and never say a word: as a database does whose packets are dropped."""
    while True:
        try:
            accepted.append(server.accept())
        except OSError:
            return


def test_once_at_a_silent_database_is_let_down_by_it_once(discord, ours, file, settings):
    accepted = []
    told = {**settings.FREEZE_ALERTS, "DELIVERY": {**settings.FREEZE_ALERTS["DELIVERY"], "DOORBELL": "none"}}
    ours = {"FREEZE_ALERTS_TEST_SETTINGS": json.dumps(told)}
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=silence, args=(server, accepted), daemon=True).start()
        duties = "[Duty(f'other-{number}', timedelta(minutes=5), 'builtins.list') for number in range(9)]"
        steady = "Duty('errand', timedelta(minutes=5), 'tests.watch.errands.run_an_errand', without_database=True)"
        process = start_python(
            ONCE.format(duties=duties, steady=steady),
            **ours,
            **in_vain(server.getsockname()[1]),
            PGCONNECT_TIMEOUT="2",
        )
        assert process.wait(150) == 3
    assert errands.notes(file) == ["begin", "end"]
    assert len(accepted) == 1


ONCE = """
    from datetime import timedelta
    from freeze_alerts.management.commands import watchdog as command
    from freeze_alerts.watch.duties import Duty
    command.DUTIES = (*{duties}, {steady})
    import os
    from django.core.management import CommandError, call_command
    try:
        call_command("watchdog", "--once")
    except CommandError:
        os._exit(3)  # what a process does as it ends is its own affair
"""


def test_a_part_out_of_service_is_forgotten_on_demand(capsys):
    heartbeats.beat("beat")
    call_command("watchdog", "--forget", "beat")
    assert not Heartbeat.objects.exists()
    with pytest.raises(CommandError, match="Nobody waits for 'beat'"):
        call_command("watchdog", "--forget", "beat")


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(watchdog, "ASK_EACH_SECONDS", 0.0)
    return Watchdog(Guard(lambda *_: None))


def finish(dog: Watchdog) -> None:
    for thread in dog.running.values():
        thread.join(60)


def test_one_duty_that_cannot_be_claimed_keeps_no_other_from_being_done(quick, file, monkeypatch, caplog):
    monkeypatch.setattr(
        watchdog, "DUTIES",
        (Duty("", FIVE, "x", hour=99), Duty("errand", FIVE, "tests.watch.errands.run_an_errand")),
    )  # fmt: skip
    quick.round()
    finish(quick)
    assert errands.notes(file) == ["begin", "end"]
    assert "round was not finished" in caplog.text


def away(*_args, **_how):
    raise OperationalError("connection timeout expired")


def busy(*_args, **_how):
    raise OperationalError("database is locked")


@pytest.mark.parametrize(("trouble", "times"), [(away, 1), (busy, 3)])
def test_a_round_asks_a_database_that_is_away_once(quick, file, monkeypatch, trouble, times):
    asked = []
    monkeypatch.setattr(quick, "_beat", lambda: None)
    monkeypatch.setattr(turns, "_alone", {})
    monkeypatch.setattr(claims, "claim", lambda duty, **_: (asked.append(duty.name), trouble()))
    steady = Duty("errand", FIVE, "tests.watch.errands.run_an_errand", without_database=True)
    monkeypatch.setattr(watchdog, "DUTIES", (Duty("one", FIVE, "x"), Duty("other", FIVE, "x"), steady))
    quick.round()
    finish(quick)
    assert errands.notes(file) == ["begin", "end"]
    assert len(asked) == times


def test_a_duty_under_way_here_is_not_asked_for_again(quick, file, monkeypatch):
    monkeypatch.setattr(watchdog, "DUTIES", (Duty("errand", FIVE, "tests.watch.errands.wait_for_leave"),))
    quick.round()
    asked = []
    monkeypatch.setattr(turns, "claim", lambda duty, **_: asked.append(duty))
    quick.round()
    Path(f"{file}.leave").touch()
    finish(quick)
    assert asked == []


def test_it_comes_back_sooner_or_later_while_the_database_is_away(quick, monkeypatch):
    pauses = []
    for away_seconds in (0, 20, 3600):
        quick.away_since = watchdog.time.monotonic() - away_seconds
        monkeypatch.setattr(watchdog.emergency, "tell_outage", lambda _error: None)
        pauses.append(round(quick._after(OperationalError())))
    assert pauses == [2, 5, 15]
    assert quick._after(None) == 2
    assert quick.away_since is None
