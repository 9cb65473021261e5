from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.test import RequestFactory

from freeze_alerts.sources.errors import client


@pytest.mark.parametrize("known_as", ["_cached_user", "_acached_user"])
def test_who_met_an_error_is_taken_from_what_the_request_knows_already(known_as: str) -> None:
    request = RequestFactory().get("/basket/?token=abc")
    described: dict[str, Any] = client._describe(request, {}, None)
    assert described == {"request": {"method": "GET", "url": "/basket/"}}
    setattr(request, known_as, User(pk=7))
    assert client._describe(request, {}, None)["user"] == {"id": "7"}
    setattr(request, known_as, AnonymousUser())
    assert "user" not in client._describe(request, {}, None)
