"""The runbook's pages, for staff."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import user_passes_test
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.safestring import mark_safe

from freeze_alerts.pages import book


def _login_address() -> str:
    try:
        return reverse("admin:login")
    except NoReverseMatch:
        return str(settings.LOGIN_URL)


def _is_staff(user: object) -> bool:
    return bool(getattr(user, "is_active", False) and getattr(user, "is_staff", False))


def runbook(request: HttpRequest, name: str = book.INDEX) -> HttpResponse:
    """One page of the runbook. Whoever is no staff is asked to log in: it tells how the shop is run."""
    return user_passes_test(_is_staff, login_url=_login_address())(_runbook)(request, name)


def _runbook(request: HttpRequest, name: str) -> HttpResponse:
    page = book.page(name, _address)
    if page is None:
        raise Http404(f"The runbook has no page {name}.")
    contents = [(_address(each), title, channel, each == name) for each, title, channel in book.contents()]
    shown = {"page": page, "html": mark_safe(page.html), "contents": contents, "index": _address(book.INDEX)}  # noqa: S308
    return render(request, "freeze_alerts/runbook.html", shown)


def _address(name: str) -> str:
    return reverse("freeze_alerts:runbook" if name == book.INDEX else "freeze_alerts:runbook_page",
                   args=[] if name == book.INDEX else [name])  # fmt: skip
