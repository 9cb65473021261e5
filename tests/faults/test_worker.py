from __future__ import annotations

import os
import signal
from collections import Counter

import psutil
import pytest

from freeze_alerts.testing.discord import Failure
from tests import processes
from tests.faults.talking import PATIENCE_SECONDS, Talker
from tests.outbox.passes import footers
from tests.processes import wait_until
from tests.workers import start_worker

UNDER_WAY = "SELECT id FROM freeze_alerts_message WHERE state = 'sending' AND channel = 'payments'"
LEFT = "SELECT id FROM freeze_alerts_message WHERE state <> 'sent' OR redraw_at IS NOT NULL"
RUN_OUT = (
    "UPDATE freeze_alerts_message SET lease_until = now() - interval '1 second' WHERE state = 'sending' AND id IN ({})"
)
"""The minute after which a claim runs out, without waiting for it."""

RAISER = """
import tests.celery_app
from freeze_alerts.alerts import open_alert, resolve_alert
from freeze_alerts.outbox import doorbell
doorbell.DELIVERER = "tests.nowhere.only_a_worker_delivers"
for verb, key in told():
    if verb == "open":
        open_alert("payments.error", key=key, title=f"<{key}>")
    elif verb == "end":
        resolve_alert("payments.error", key=key)
    else:
        doorbell.publish()
    say("did", verb, key)
"""


@pytest.fixture
def environment(database, broker, ours):
    celery = {"TEST_BROKER_URL": broker.url, "TEST_QUEUE": f"faults-{os.getpid()}"}
    return {**ours(DOORBELL="auto"), **database.environment("faults"), **celery}


def kill_the_child(worker):
    """The pool process that does the work: the out-of-memory killer's first choice."""
    for child in psutil.Process(worker.pid).children():
        os.kill(child.pid, signal.SIGKILL)
    return worker


@pytest.fixture(params=["child", "all"])
def kill(request, environment):
    """Kill the worker's child, or all of it; returns a worker that works."""

    def kill_all(worker):
        processes.kill(worker)
        return start_worker(environment)

    return kill_the_child if request.param == "child" else kill_all


BEFORE, AFTER = Failure.hang(600), Failure.hang_after_saving(600)


@pytest.mark.parametrize("moment", [BEFORE, AFTER], ids=["before-discord-has-it", "after-discord-has-it"])
def test_a_worker_killed_with_messages_under_way(database, discord, environment, kill, moment):
    worker = start_worker(environment)
    raiser = Talker(RAISER, **environment)
    discord.fail(moment, channel="payments")
    for key in ("first", "second", "third"):
        raiser.tell("open", key)
        raiser.wait_for(f"did open {key}")
    raiser.tell("end", "first")
    raiser.wait_for("did end first")
    known = 1 if moment is AFTER else 0
    wait_until(lambda: database.query(UNDER_WAY, "faults") and len(discord.messages("payments")) == known,
               timeout_seconds=PATIENCE_SECONDS)  # fmt: skip
    claimed = [pk for (pk,) in database.query(UNDER_WAY, "faults")]
    kill(worker)
    discord.heal()
    database.query(RUN_OUT.format(", ".join(map(str, claimed))), "faults")
    _deliver_what_is_left(database, raiser)
    cards = Counter(footers(discord, "payments"))
    assert len({footer.partition("#")[0] for footer in cards}) == 3
    assert max(cards.values()) <= 2, cards  # what a dead client had sent off may be read all the same
    contents = [message.payload["content"] for message in discord.messages("payments")]
    assert any("<first>" in content and "ENDED" in content for content in contents)


def _deliver_what_is_left(database, raiser):
    """The sweeps that Beat would ask for."""

    def sweep():
        rounds = raiser.count("did sweep") + 1
        raiser.tell("sweep", "now")
        raiser.wait_for("did sweep", rounds)
        return not database.query(LEFT, "faults")

    wait_until(sweep, timeout_seconds=PATIENCE_SECONDS)
