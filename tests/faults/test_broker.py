from __future__ import annotations

from collections import Counter

import pytest
from django.utils import timezone

from freeze_alerts.watch.models import Heartbeat
from tests.faults.talking import PATIENCE_SECONDS, Talker
from tests.faults.watching import Watchdog
from tests.outbox.passes import states
from tests.processes import wait_until
from tests.workers import start_worker

pytestmark = pytest.mark.django_db(transaction=True)

SITE = """
import tests.celery_app
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from freeze_alerts.alerts import open_alert

def page(request, key):
    open_alert("payments.error", key=key, title=f"<{key}>")
    return HttpResponse("a page")

urlpatterns = [path("<key>", page)]
settings.ROOT_URLCONF = __name__
for (key,) in told():
    say(Client().get(f"/{key}").status_code, key)
"""


@pytest.fixture
def site(broker, ours, request):
    """A site whose requests raise alerts, and a worker, on a broker of their own."""
    environment = {**ours(DOORBELL="auto"), "TEST_BROKER_URL": broker.url, "TEST_QUEUE": request.node.name}
    start_worker(environment)
    Heartbeat.objects.create(name="beat", at=timezone.now())  # where there is no Beat nobody asks for its broker
    return Talker(SITE, **environment)


@pytest.fixture
def watchdog(site, broker, ours, discord):
    celery = {"TEST_BROKER_URL": broker.url, "TEST_QUEUE": "nobody-is-asked"}
    return Watchdog(discord, "Celery's broker does not answer", **ours(), **celery)


def arrived(discord):
    """How many cards each alert has, by its name. (That a worker lost its broker is an error, and told as one.)"""
    titles = [embed["title"] for message in discord.messages("payments") for embed in message.payload["embeds"]]
    return Counter(title.partition("<")[2].partition(">")[0] for title in titles)


def ask(site, discord, *keys):
    """Requests, one after the other; each gets its page, and each alert arrives."""
    for key in keys:
        site.tell(key)
        site.wait_for(f"200 {key}")
    discord.wait_for(lambda server: set(keys) <= set(arrived(server)), timeout_seconds=PATIENCE_SECONDS)


def all_is_told_once(discord, *keys):
    wait_until(lambda: set(states().values()) == {"sent"}, timeout_seconds=PATIENCE_SECONDS)
    assert arrived(discord) == dict.fromkeys(keys, 1)


def test_redis_stopped_while_a_request_raises_an_alert(broker, site, discord, watchdog):
    ask(site, discord, "before")
    broker.kill()
    ask(site, discord, "during", "and-again")
    watchdog.look_until_told()
    broker.start()
    watchdog.look_until_over()
    ask(site, discord, "after")
    all_is_told_once(discord, "before", "during", "and-again", "after")


def test_redis_frozen_while_a_request_raises_an_alert(broker, site, discord, watchdog):
    ask(site, discord, "before")
    broker.freeze()
    ask(site, discord, "during", "and-again")
    watchdog.look_until_told()
    broker.thaw()
    watchdog.look_until_over()
    ask(site, discord, "after")
    all_is_told_once(discord, "before", "during", "and-again", "after")
