"""The settings of the host project, which may go without us to show what is the same then."""

from __future__ import annotations

import os

from tests.settings import *  # noqa: F403

ROOT_URLCONF = "tests.sources.errors.broken_urls"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
]
if not os.environ.get("WITHOUT_FREEZE_ALERTS"):
    INSTALLED_APPS.append("freeze_alerts")
