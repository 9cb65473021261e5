"""A page as a shop has them: it looks who is there, and reads the database."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.urls import path


def page(request: HttpRequest) -> HttpResponse:
    visits = request.session["visits"] = request.session.get("visits", 0) + 1
    return HttpResponse(f"{request.user.get_username()}, visit {visits} of {User.objects.count()} customers")


urlpatterns = [path("", page)]
