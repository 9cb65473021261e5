from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import clear_url_caches

from tests.sources.audit import site


@pytest.fixture(autouse=True)
def _audited_site(settings) -> Iterator[None]:
    """The admin of these tests, with the zoo in it."""
    settings.ROOT_URLCONF = site.__name__
    clear_url_caches()
    yield
    clear_url_caches()


@pytest.fixture
def ada(db):
    return get_user_model().objects.create_superuser("ada", "ada@shop.example", "secret")


@pytest.fixture
def client(ada) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(ada)
    return client
