"""The five alerts by their real causes: gunicorn with two workers, a Celery worker, and a stand-in for Discord."""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from pytest_django import Settings

from freeze_alerts.alerts.models import Alert
from freeze_alerts.sources.errors import issues
from freeze_alerts.sources.errors.models import ErrorMinute, FailedPayment, Issue
from freeze_alerts.testing.discord import DiscordServer
from tests.processes import kill, read_until, start, wait_until
from tests.shop_front.urls import CARD, MAIL, PASSWORD

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

PATIENCE_SECONDS = 180
"""For a machine with everything else to do; on a free one each wait is a second or two."""

Get = Callable[..., None]


@pytest.fixture
def environment(discord: DiscordServer, settings: Settings) -> dict[str, str]:
    """The same settings for every process, with errors booked and messages sent as in production."""
    settings.FREEZE_ALERTS = {
        **settings.FREEZE_ALERTS,
        "DELIVERY": {"DOORBELL": "thread", "MESSAGES_PER_MINUTE": 0},
        "ERRORS": {"REGRESSION_GRACE_SECONDS": 0},
    }
    return {"FREEZE_ALERTS_TEST_SETTINGS": json.dumps(settings.FREEZE_ALERTS)}


@pytest.fixture
def get(environment: dict[str, str], transactional_db: None) -> Iterator[Get]:
    """Asks a real site for a page, so many times."""
    command = [sys.executable, "-m", "gunicorn", "-w", "2", "-b", "127.0.0.1:0", "tests.shop_front.wsgi"]
    server = start(command, **environment | {"DJANGO_SETTINGS_MODULE": "tests.shop_front.settings"})
    found = re.search(r"http://127\.0\.0\.1:\d+", read_until(server, "Listening at"))
    assert found is not None
    threading.Thread(target=_drain, args=[server], daemon=True).start()

    def ask(page: str, times: int = 1, *, first: int = 0) -> None:
        for number in range(first, first + times):
            _ask(f"{found[0]}/{page}/{number}/")

    yield ask
    kill(server)


def _ask(url: str) -> None:
    with suppress(urllib.error.HTTPError), urllib.request.urlopen(url, timeout=PATIENCE_SECONDS):  # noqa: S310 - loopback
        raise AssertionError(f"{url} did not fail")


def _drain(process: Any) -> None:
    for _ in process.stdout:
        pass


def _cards(discord: DiscordServer, channel: str) -> list[str]:
    """All that stands in a channel, each message as one text, without the back slashes of Markdown."""
    return [json.dumps(each.payload, ensure_ascii=False).replace("\\\\", "") for each in discord.messages(channel)]


def arrives(discord: DiscordServer, channel: str, *words: str) -> None:
    def there(server: DiscordServer) -> bool:
        return any(all(word in card for word in words) for card in _cards(server, channel))

    try:
        discord.wait_for(there, PATIENCE_SECONDS)
    except AssertionError as late:
        raise AssertionError("\n".join([str(late), *_cards(discord, channel)])) from None


def booked(series: str, count: int) -> None:
    """Waits until the workers have written down so many errors, and told what follows."""

    def all_there() -> bool:
        return sum(ErrorMinute.objects.filter(series=series).values_list("count", flat=True)) == count

    wait_until(all_there, timeout_seconds=PATIENCE_SECONDS)


def test_a_new_issue_and_its_regression_arrive_in_errors(get: Get, discord: DiscordServer) -> None:
    get("basket")
    arrives(
        discord,
        "errors",
        "New issue: ValueError",
        "How bad it is",
        "The line it came from",
        "tests.shop_front.urls.basket",
    )
    assert issues.resolve(Issue.objects.get(), by="Ada")
    get("basket")
    arrives(discord, "errors", "Regression: ValueError", "It was resolved", "Ada")
    assert _cards(discord, "payments") == []


def test_eleven_errors_are_a_spike_that_fifty_one_worsen(get: Get, discord: DiscordServer) -> None:
    get("basket", 10)
    booked("errors", 10)
    arrives(discord, "errors", "New issue")
    assert not Alert.objects.filter(type="errors.spike").exists()
    get("basket", 1, first=10)
    arrives(
        discord,
        "errors",
        "Error spike",
        "11 errors within the last hour",
        "Top issues of the hour",
        "Services",
    )
    get("basket", 40, first=11)
    arrives(discord, "errors", "Error spike", "51 errors within the last hour")
    wait_until(lambda: Alert.objects.get(type="errors.spike").severity == "critical", timeout_seconds=PATIENCE_SECONDS)
    assert Issue.objects.get().occurrences == 51


def test_the_fourth_payment_that_fails_is_a_spike_and_no_secret_leaves(get: Get, discord: DiscordServer) -> None:
    get("pay", 3)
    booked("payments", 3)
    arrives(discord, "payments", "Payment error: PaymentError", "check_payments")
    assert not Alert.objects.filter(type="payments.spike").exists()
    get("pay", 1, first=3)
    arrives(discord, "payments", "Payment error spike", "4 failed payments within the last hour")
    assert FailedPayment.objects.values("payment").distinct().count() == 4
    assert _cards(discord, "errors") == []
    everything = "".join([*_cards(discord, "payments"), *_rows()])
    assert [secret for secret in (CARD, CARD.replace(" ", ""), MAIL, PASSWORD, "tr_0") if secret in everything] == []


def _rows() -> list[str]:
    return [str(row) for model in (Issue, Alert, FailedPayment) for row in model.objects.values()]


def test_one_customer_who_tries_again_and_again_is_no_spike(get: Get, discord: DiscordServer) -> None:
    for _ in range(6):
        get("pay")
    booked("payments", 6)
    arrives(discord, "payments", "Payment error: PaymentError")
    assert not Alert.objects.filter(type="payments.spike").exists()


@pytest.fixture
def worker(environment: dict[str, str], redis_server: Any, transactional_db: None) -> Iterator[Callable[[str], None]]:
    """Sends a task to a real worker with two pool children, as a process of the shop would."""
    queue = {
        "TEST_BROKER_URL": redis_server.url,
        "TEST_QUEUE": f"freeze-alerts-errors-{os.getpid()}-{threading.get_native_id()}",
    }
    command = [sys.executable, "-m", "celery", "-A", "tests.celery_app", "worker", "-c", "2", "-l", "INFO"]
    process = start([*command, "--without-gossip", "--without-mingle"], **environment | queue)
    read_until(process, "ready.", timeout_seconds=PATIENCE_SECONDS)
    threading.Thread(target=_drain, args=[process], daemon=True).start()

    def send(call: str) -> None:
        code = f"import django; django.setup(); import tests.celery_app as shop; shop.{call}; print('sent')"
        read_until(
            start([sys.executable, "-c", code], **environment | queue), "sent", timeout_seconds=PATIENCE_SECONDS
        )

    yield send
    kill(process)


def test_a_task_that_fails_is_a_new_issue(worker: Callable[[str], None], discord: DiscordServer) -> None:
    worker("fail.delay()")
    arrives(discord, "errors", "New issue: ValueError: no such order to send", "tests.fail")


def test_a_task_that_fails_a_payment_for_good_is_one_payment_error(
    worker: Callable[[str], None], discord: DiscordServer
) -> None:
    worker("charge.delay('tr_7')")
    arrives(discord, "payments", "Payment error: ConnectionError: the provider hung up", "tests.charge")
    assert Issue.objects.get().occurrences == 1  # two retries are no failures
    for number in range(8, 11):
        worker(f"charge.delay('tr_{number}')")
    arrives(discord, "payments", "Payment error spike", "4 failed payments within the last hour")
    assert _cards(discord, "errors") == []
