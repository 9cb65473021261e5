"""The rules as tables: what a payment error is, and what is none."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import include, path
from django.views import View

from freeze_alerts.sources.errors import payments
from freeze_alerts.sources.errors.record import Frame, Record


def pay(request: HttpRequest) -> HttpResponse:
    raise NotImplementedError


class Refund(View):
    pass


_orders = ([path("pay/<int:number>/", pay, name="pay"), path("refund/", Refund.as_view(), name="refund")], "orders")
urlpatterns = [path("shop/", include(_orders))]


def record(**changes: Any) -> Record:
    """An error of the shop that is about no payment."""
    seen: dict[str, Any] = {
        "at": 0.0, "level": "error", "type": "ValueError", "module": "", "types": ("ValueError",),
        "message": "no such size", "logger": "", "template": "",
        "frames": (frame("django.core.handlers.base", "inner"), frame("shop.views", "basket")),
        "transaction": "/basket/", "source": "route", "method": "GET", "path": "/basket/", "release": "",
        "environment": "", "server": "", "user": "", "tags": {}, "fingerprint": (),
    }  # fmt: skip
    return Record(**{**seen, **changes})


def frame(module: str, function: str = "f") -> Frame:
    return Frame(module, function, "x.py", 1, "raise", True)


def is_payment(ours: dict[str, Any], **changes: Any) -> bool:
    with override_settings(FREEZE_ALERTS={"PAYMENTS": ours}, ROOT_URLCONF=__name__):
        return payments.is_payment(record(**changes))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, False),
        ({"tags": {"domain": "payment"}}, True),
        ({"tags": {"domain": "catalogue"}}, False),
        ({"path": "/checkout/address/"}, True),
        ({"path": "/checkouts/"}, False),
        ({"path": ""}, False),
        ({"frames": (frame("payments"),)}, True),
        ({"frames": (frame("payments.mollie"), frame("requests.api"))}, True),  # on the way there, not only at the end
        ({"frames": (frame("payments_report.views"),)}, False),
        ({"frames": (frame("shop.payments"),)}, False),  # a prefix begins at the beginning
        ({"logger": "payments.webhook", "frames": ()}, True),
        ({"types": ("payments.errors.Declined",)}, True),
        ({"types": ("ValueError", "payments.errors.Declined")}, True),  # its cause is
        ({"frames": (), "types": (), "path": ""}, False),
    ],
)
def test_what_is_a_payment_error_without_any_setting(changes: dict[str, Any], expected: bool) -> None:
    assert is_payment({}, **changes) is expected


@pytest.mark.parametrize(
    ("ours", "changes", "expected"),
    [
        ({"URL_PREFIXES": ["/pay/", "/webhooks/mollie"]}, {"path": "/webhooks/mollie/"}, True),
        ({"URL_PREFIXES": []}, {"path": "/checkout/"}, False),
        ({"URL_PREFIXES": [""]}, {}, False),  # an empty one would be everything
        ({"MODULES": ["apps.orders.services"]}, {"frames": (frame("apps.orders.services.invoices"),)}, True),
        ({"MODULES": ["apps.orders.services."]}, {"frames": (frame("apps.orders.services"),)}, True),
        ({"MODULES": []}, {"frames": (frame("payments"),)}, False),
        ({"MODULES": [""]}, {}, False),
        ({"TASKS": ["shop.tasks.capture"]}, {"transaction": "shop.tasks.capture", "source": "task"}, True),
        ({"TASKS": ["shop.tasks.capture"]}, {"transaction": "shop.tasks.mail", "source": "task"}, False),
        (  # a worker that ends it from outside names it only in its message
            {"TASKS": ["shop.tasks.capture"]},
            {"logger": "celery.worker.request", "message": "Hard limit exceeded for shop.tasks.capture[1-2]"},
            True,
        ),
        ({"TASKS": ["shop.tasks.capture"]}, {"message": "shop.tasks.capture[1-2] is what a customer typed"}, False),
        ({"EXCEPTIONS": ["mollie.api.error.RequestError"]}, {"types": ("mollie.api.error.RequestError",)}, True),
        ({"EXCEPTIONS": ["RequestError"]}, {"types": ("mollie.api.error.RequestError",)}, True),
        ({"EXCEPTIONS": ["RequestError"]}, {"types": ("mollie.api.error.OtherRequestError",)}, False),
        ({"EXCEPTIONS": ["builtins.ArithmeticError"]}, {"types": ("ZeroDivisionError",)}, True),  # made from it
        ({"EXCEPTIONS": ["builtins.ArithmeticError"]}, {"types": ("ValueError", "no.such.Thing")}, False),
        ({"VIEWS": ["orders:pay"]}, {"path": "/shop/pay/7/"}, True),
        ({"VIEWS": [f"{__name__}.pay"]}, {"path": "/shop/pay/7/"}, True),
        ({"VIEWS": [f"{__name__}.Refund"]}, {"path": "/shop/refund/"}, True),
        ({"VIEWS": ["orders:pay"]}, {"path": "/shop/refund/"}, False),
        ({"VIEWS": ["orders:pay"]}, {"path": "/no/such/page/"}, False),
        ({"VIEWS": ["shop.views.checkout"]}, {"transaction": "shop.views.checkout", "path": ""}, True),
    ],
)  # fmt: skip
def test_what_settings_make_a_payment_error(ours: dict[str, Any], changes: dict[str, Any], expected: bool) -> None:
    assert is_payment(ours, **changes) is expected


def test_a_view_is_found_below_the_prefix_of_the_site() -> None:
    from django.urls import set_script_prefix

    set_script_prefix("/nl/")
    try:
        assert is_payment({"VIEWS": ["orders:pay"]}, path="/nl/shop/pay/7/")
        assert not is_payment({"VIEWS": ["orders:pay"]}, path="/shop/pay/7/")
    finally:
        set_script_prefix("/")


def test_what_fails_while_it_is_asked_is_no_payment_error_and_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Odd(ModuleType):
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError(name)

    monkeypatch.setitem(sys.modules, "odd", Odd("odd"))
    assert not is_payment({"EXCEPTIONS": ["shop.Declined"]}, types=("odd.Error",))


def test_the_tag_that_tells_payments_apart_is_a_setting() -> None:
    seen = record(tags={"domain": "payment", "payment_id": "tr_1", "order": "7"})
    assert payments.payment_id(seen) == "tr_1"
    with override_settings(FREEZE_ALERTS={"PAYMENTS": {"ID_TAG": "order"}}):
        assert payments.wanted_tags() == {"domain", "order"}
        assert payments.payment_id(seen) == "7"
    assert payments.payment_id(record()) == ""


def test_the_rules_are_made_once_for_each_settings() -> None:
    with override_settings(FREEZE_ALERTS={"PAYMENTS": {"MODULES": ["a"]}}):
        first = payments.rules()
        assert payments.rules() is first
    with override_settings(FREEZE_ALERTS={"PAYMENTS": {"MODULES": ["b"]}}):
        assert payments.rules().modules == ("b.",)


@pytest.mark.parametrize("ours", [None, [], {"PAYMENTS": 7}, {"PAYMENTS": {"MODULES": "payments"}}])
def test_settings_that_make_no_sense_leave_the_defaults(ours: Any) -> None:
    with override_settings(FREEZE_ALERTS=ours):
        assert payments.is_payment(record(path="/checkout/"))
