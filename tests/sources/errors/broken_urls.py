from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from tests.sources.errors.host_project import charge, logged_and_raised, pay


def broken(request: HttpRequest) -> HttpResponse:
    pay(8)
    return HttpResponse()


def said_twice(request: HttpRequest) -> HttpResponse:
    logged_and_raised()
    return HttpResponse()


async def broken_async(request: HttpRequest) -> HttpResponse:
    pay(9)
    return HttpResponse()


@csrf_exempt
def checkout(request: HttpRequest) -> HttpResponse:
    charge(request.POST.dict(), request.COOKIES)
    return HttpResponse()


urlpatterns = [
    path("checkout/pay/", checkout),
    path("broken/", broken),
    path("broken/<int:order>/", lambda request, order: broken(request)),
    path("said-twice/", said_twice),
    path("broken-async/", broken_async),
]
