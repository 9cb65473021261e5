from __future__ import annotations

import os
import signal
from collections import Counter
from datetime import timedelta

import psutil
import pytest
from django.utils import timezone

from freeze_alerts.outbox.models import Message
from freeze_alerts.testing.discord import Failure
from tests import processes
from tests.faults.talking import PATIENCE_SECONDS, Talker
from tests.outbox.passes import footers, states
from tests.processes import wait_until
from tests.workers import start_worker

pytestmark = pytest.mark.django_db(transaction=True)

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
def environment(broker, ours, request):
    return {**ours(DOORBELL="auto"), "TEST_BROKER_URL": broker.url, "TEST_QUEUE": f"faults-{os.getpid()}"}


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


@pytest.mark.parametrize(
    ("moment", "known"),
    [
        (Failure.hang(600), 0),  # Discord has not read it yet
        (Failure.hang_after_saving(600), 1),  # Discord has it, and nobody will ever hear so
    ],
    ids=["before-discord-has-it", "after-discord-has-it"],
)
def test_a_worker_killed_with_messages_under_way(discord, environment, kill, moment, known):
    worker = start_worker(environment)
    raiser = Talker(RAISER, **environment)
    discord.fail(moment, channel="payments")
    for key in ("first", "second", "third"):
        raiser.tell("open", key)
        raiser.wait_for(f"did open {key}")
    raiser.tell("end", "first")
    raiser.wait_for("did end first")
    under_way = Message.objects.filter(state="sending", channel="payments")
    wait_until(lambda: under_way.exists() and len(discord.messages("payments")) == known,
               timeout_seconds=PATIENCE_SECONDS)  # fmt: skip
    claimed = list(under_way.values_list("pk", "lease_until"))
    kill(worker)
    discord.heal()
    for pk, lease_until in claimed:  # the minute after which a claim runs out, without waiting for it
        Message.objects.filter(pk=pk, lease_until=lease_until).update(
            lease_until=timezone.now() - timedelta(seconds=1)
        )
    _deliver_what_is_left(raiser)
    cards = Counter(footers(discord, "payments"))
    alerts = {footer.partition("#")[0] for footer in cards}
    assert len(alerts) == 3
    assert max(cards.values()) <= 2, cards  # what a dead client had sent off may be read all the same
    contents = [message.payload["content"] for message in discord.messages("payments")]
    assert any(
        "<first>" in content and "ENDED" in content for content in contents
    )  # a copy that nobody knows of stays


def _deliver_what_is_left(raiser):
    """The sweeps that Beat would ask for."""

    def sweep():
        rounds = raiser.count("did sweep") + 1
        raiser.tell("sweep", "now")
        raiser.wait_for("did sweep", rounds)
        return set(states().values()) == {"sent"} and not Message.objects.exclude(redraw_at=None).exists()

    wait_until(sweep, timeout_seconds=PATIENCE_SECONDS)
