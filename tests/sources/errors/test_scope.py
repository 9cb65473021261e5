from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sentry_sdk
from django.utils.decorators import method_decorator
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from freeze_alerts.sources.errors import payment_scope, scope
from tests.processes import run_python

Tags = dict[str, str]


class _Kept(Transport):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[Tags] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        event = envelope.get_event()
        assert event is not None
        self.tags.append(dict(event.get("tags") or {}))  # type: ignore[arg-type]


@pytest.fixture
def tags() -> Iterator[list[Tags]]:
    """The tags of each event that sentry-sdk would send."""
    kept = _Kept()
    with sentry_sdk.isolation_scope():
        before = sentry_sdk.get_global_scope().client
        sentry_sdk.get_global_scope().set_client(
            sentry_sdk.Client(dsn=None, transport=kept, default_integrations=False)
        )
        yield kept.tags
        sentry_sdk.get_global_scope().set_client(before)


def fail(*_: Any) -> None:
    raise ValueError("declined")


def capture_what(run: Any, *arguments: Any) -> None:
    """As whoever stands around a request does: the error is captured when it has left everything."""
    try:
        run(*arguments)
    except ValueError as error:
        sentry_sdk.capture_exception(error)


PAYMENT = {"domain": "payment"}


def test_an_error_that_leaves_the_scope_is_tagged_where_it_is_captured(tags: list[Tags]) -> None:
    def checkout() -> None:
        with payment_scope("tr_1"):
            fail()

    capture_what(checkout)
    assert tags == [{**PAYMENT, "payment_id": "tr_1"}]


def test_what_is_captured_inside_is_tagged_and_what_follows_is_not(tags: list[Tags]) -> None:
    with payment_scope():
        sentry_sdk.capture_message("provider slow", level="error")
    sentry_sdk.capture_message("no such size", level="error")
    assert tags == [PAYMENT, {}]


def test_an_error_that_another_was_made_of_is_one_too(tags: list[Tags]) -> None:
    def checkout() -> None:
        try:
            with payment_scope("tr_1"):
                raise KeyError("id")
        except KeyError as error:
            raise ValueError("checkout failed") from error

    capture_what(checkout)
    assert tags[0]["payment_id"] == "tr_1"


def test_the_id_may_be_known_later_and_is_inherited(tags: list[Tags]) -> None:
    with payment_scope() as outer:
        outer.payment_id = 7
        with payment_scope():
            capture_what(fail)
        with payment_scope("tr_2"):
            capture_what(fail)
    assert [each["payment_id"] for each in tags] == ["7", "tr_2"]


def test_it_decorates_functions_methods_and_coroutines(tags: list[Tags]) -> None:
    class Pay:
        @payment_scope()
        def post(self) -> None:
            fail()

        @method_decorator(payment_scope())
        def put(self) -> None:
            fail()

    @payment_scope("tr_3")
    async def webhook() -> None:
        await asyncio.sleep(0)
        fail()

    assert inspect.iscoroutinefunction(webhook)
    assert webhook.__name__ == "webhook"
    for run in (payment_scope()(fail), Pay().post, Pay().put, lambda: asyncio.run(webhook())):
        capture_what(run)
    assert tags == [PAYMENT, PAYMENT, PAYMENT, {**PAYMENT, "payment_id": "tr_3"}]


def test_it_is_an_asynchronous_context_manager_too(tags: list[Tags]) -> None:
    async def pay(number: int) -> None:
        async with payment_scope(number):
            await asyncio.sleep(0)
            capture_what(fail)

    async def all_of_them() -> None:
        await asyncio.gather(*map(pay, range(3)))

    asyncio.run(all_of_them())
    assert sorted(each["payment_id"] for each in tags) == ["0", "1", "2"]


def test_one_decorator_serves_many_threads_at_once(tags: list[Tags]) -> None:
    decorated = payment_scope()(lambda: capture_what(fail))
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: decorated(), range(40)))
    capture_what(fail)
    assert tags == [PAYMENT] * 40 + [{}]


def test_what_the_host_tagged_itself_stays(tags: list[Tags]) -> None:
    with payment_scope("tr_1"), sentry_sdk.new_scope() as inner:
        inner.set_tag("domain", "invoices")
        capture_what(fail)
    assert tags == [{"domain": "invoices", "payment_id": "tr_1"}]


def test_the_name_of_the_id_tag_is_a_setting(tags: list[Tags], settings: Any) -> None:
    settings.FREEZE_ALERTS = {"PAYMENTS": {"ID_TAG": "order"}}
    with payment_scope(7):
        capture_what(fail)
    assert tags == [{**PAYMENT, "order": "7"}]


def test_the_value_of_the_block_and_its_error_pass_through() -> None:
    assert payment_scope()(lambda a, b=2: (a, b))(1, b=3) == (1, 3)
    with pytest.raises(ValueError, match="declined"), payment_scope():
        fail()


class _Unspeakable:
    def __str__(self) -> str:
        raise RuntimeError("no words")


class _Unmarkable(ValueError):
    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(name)


def test_nothing_of_its_own_ever_reaches_a_checkout(tags: list[Tags], monkeypatch: pytest.MonkeyPatch) -> None:
    def unmarkable() -> None:
        raise _Unmarkable("declined")

    capture_what(payment_scope(_Unspeakable())(fail))
    capture_what(payment_scope()(unmarkable))
    assert tags == [PAYMENT, {}]
    monkeypatch.setattr(scope, "rules", lambda: 1 / 0)
    capture_what(payment_scope("tr_1")(fail))
    assert tags[-1] == PAYMENT


def test_a_scope_that_is_left_in_another_context_than_it_was_entered_breaks_nothing() -> None:
    async def values() -> Any:
        with payment_scope():
            yield 1
            yield 2

    async def first_of_them() -> int:
        async for value in values():
            return int(value)
        return 0

    assert asyncio.run(first_of_them()) == 1


@pytest.mark.parametrize("hint", [None, {}, {"exc_info": None}, {"exc_info": (None, None, None)}, {"exc_info": 7}])
def test_any_hint_will_do(hint: Any) -> None:
    assert scope.tag({"level": "error"}, hint) == {"level": "error"}


def test_a_trace_is_not_tagged() -> None:
    with payment_scope():
        assert scope.tag({"type": "transaction"}, {}) == {"type": "transaction"}


def test_logged_errors_inside_are_tagged(tags: list[Tags]) -> None:
    from sentry_sdk.integrations.logging import EventHandler

    logger, handler = logging.getLogger("shop.test_scope"), EventHandler()
    logger.addHandler(handler)
    try:
        with payment_scope("tr_1"):
            logger.error("could not tell the provider")
    finally:
        logger.removeHandler(handler)
    assert tags == [{**PAYMENT, "payment_id": "tr_1"}]


def test_it_loads_no_sentry_and_tags_once_there_is_one() -> None:
    told = run_python(
        """
        import sys
        from freeze_alerts.sources.errors import payment_scope, scope
        with payment_scope():
            assert "sentry_sdk" not in sys.modules
        import sentry_sdk
        with payment_scope():
            print(scope.tag({}, {}), scope._listens)
        """
    )
    assert told.stdout.split("\n")[0] == "{'tags': {'domain': 'payment'}} True", told.stderr
