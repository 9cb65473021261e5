from __future__ import annotations

import os
import signal
from functools import partial

import pytest

from tests import processes
from tests.faults.talking import PATIENCE_SECONDS, Talker
from tests.faults.watching import Watchdog
from tests.processes import wait_until
from tests.workers import start_beat, start_worker

SITE = """
import tests.celery_app
from freeze_alerts.alerts import open_alert
for (key,) in told():
    say(open_alert("payments.error", key=key, title=key).name, key)
"""


@pytest.fixture
def parts(database, broker, ours, discord, tmp_path):
    """A site, a Beat, a worker and who looks after them. Beat sends a canary each second, and leaves a trace then."""
    stored = database.environment("faults")
    celery = {"TEST_BROKER_URL": broker.url, "TEST_QUEUE": f"faults-{os.getpid()}", **stored}
    environment = {**ours(DOORBELL="auto"), **celery}
    start_worker(environment)
    beat = start_beat(environment, tmp_path)
    trace = "SELECT at FROM freeze_alerts_heartbeat WHERE name = 'beat'"
    wait_until(lambda: database.query(trace, "faults"), timeout_seconds=PATIENCE_SECONDS)
    watchdog = Watchdog(discord, "Celery Beat is silent", **ours(), **celery)
    return Talker(SITE, **environment), beat, partial(start_beat, environment, tmp_path), watchdog


def arrives(site, discord, key):
    site.tell(key)
    site.wait_for(f"OPENED {key}")
    discord.wait_for(lambda server: any(key in m.payload["content"] for m in server.messages("payments")),
                     timeout_seconds=PATIENCE_SECONDS)  # fmt: skip


def kill_it(beat, begin_beat):
    processes.kill(beat)
    return begin_beat


def freeze_it(beat, _begin_beat):
    os.killpg(beat.pid, signal.SIGSTOP)
    return lambda: os.killpg(beat.pid, signal.SIGCONT)


@pytest.mark.parametrize("fault", [kill_it, freeze_it], ids=["killed", "frozen"])
def test_a_beat_that_is_gone_is_named_and_stops_no_alert(database, discord, parts, fault):
    site, beat, begin_beat, watchdog = parts
    arrives(site, discord, "before")
    repair = fault(beat, begin_beat)
    arrives(site, discord, "during")
    watchdog.look_until_told(beat_silent_seconds=2)
    repair()
    watchdog.look_until_over()
    arrives(site, discord, "after")
    unsent = "SELECT intent FROM freeze_alerts_message WHERE state <> 'sent'"
    wait_until(lambda: not database.query(unsent, "faults"), timeout_seconds=PATIENCE_SECONDS)
    cards = [message.payload["content"] for message in discord.messages("payments")]
    assert [sum(key in card for card in cards) for key in ("before", "during", "after")] == [1, 1, 1]
