from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client


@pytest.fixture
def ann(db):
    """Somebody on call: may see and answer alerts, and is no superuser."""
    return _staff("ann", "view_alert", "change_alert", "view_message", "change_message", "change_webhookstate")


@pytest.fixture
def guest(db):
    return _staff("guest", "view_alert", "view_message", "view_webhookstate")


@pytest.fixture
def as_ann(ann):
    return _logged_in(ann)


@pytest.fixture
def as_guest(guest):
    return _logged_in(guest)


def _staff(name, *codenames):
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


def _logged_in(user):
    client = Client()
    client.force_login(user)
    return client
