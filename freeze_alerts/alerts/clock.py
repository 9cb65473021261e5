"""Moments for people: the database's are naive where the project has USE_TZ off, and Discord's never are."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone


def aware(moment: datetime) -> datetime:
    """The moment with its time zone; a naive one is the project's own clock."""
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment


def local(moment: datetime) -> datetime:
    """The moment on the project's clock."""
    return moment if timezone.is_naive(moment) else timezone.localtime(moment)
