from __future__ import annotations

from collections import Counter

import pytest

from freeze_alerts.outbox.models import Message
from freeze_alerts.testing.discord import Failure
from tests import processes
from tests.faults.talking import PATIENCE_SECONDS, Talker
from tests.outbox.passes import footers, states
from tests.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

AT_ITS_OWN_TIME = """
import datetime, time_machine
from freeze_alerts.alerts import open_alert
ahead = datetime.timedelta(hours=float(next(told())[0]))
with time_machine.travel(datetime.datetime.now(datetime.UTC) + ahead, tick=True):
    for (key,) in told():
        say(open_alert("payments.error", key=key, title=key).name, key)
"""


@pytest.mark.parametrize("hours", [-30, 30])
def test_a_clock_that_jumps_while_messages_are_under_way(discord, ours, hours):
    """One process lives at another time, is killed with a message under way, and those of the right time go on."""
    stray = Talker(AT_ITS_OWN_TIME, **ours())
    stray.tell(hours)
    stray.tell("first")
    stray.wait_for("OPENED first")
    discord.wait_for(lambda server: len(server.messages("payments")) == 1, timeout_seconds=PATIENCE_SECONDS)
    discord.fail(Failure.hang(600), channel="payments")
    for key in ("second", "third"):
        stray.tell(key)
        stray.wait_for(f"OPENED {key}")
    wait_until(Message.objects.filter(state="sending", channel="payments").exists, timeout_seconds=PATIENCE_SECONDS)
    processes.kill(stray.process)
    discord.heal()
    right = Talker(AT_ITS_OWN_TIME, **ours())
    right.tell(0)
    right.tell("fourth")
    right.wait_for("OPENED fourth")
    wait_until(lambda: set(states().values()) == {"sent"}, timeout_seconds=PATIENCE_SECONDS)
    told = footers(discord, "payments")
    assert max(Counter(told).values()) <= 2  # what the dead process had sent off may be read all the same
    assert len({footer.partition("#")[0] for footer in told}) == 4  # with a reminder of what now seems a day old
