"""A shop whose basket and checkout fail as they are asked to."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from freeze_alerts.sources.errors import payment_scope

CARD, MAIL, PASSWORD = "4111 1111 1111 1111", "ada.lovelace@customer.example", "hunter2-correct-horse"


class PaymentError(Exception):
    pass


def front(request: HttpRequest) -> HttpResponse:
    return HttpResponse("a shop")


def basket(request: HttpRequest, number: int) -> HttpResponse:
    raise ValueError(f"no such size in basket {number}")


def pay(request: HttpRequest, number: int) -> HttpResponse:
    card, secret = CARD, PASSWORD  # what a careless project has in reach when it fails
    with payment_scope(f"tr_{number}"):
        raise PaymentError(f"declined: card={card} password={secret!r} of {MAIL}, number {number}")


urlpatterns = [
    path("", front),
    path("basket/<int:number>/", basket),
    path("pay/<int:number>/", pay),
]
