"""The tests' settings with django-dbbackup, for processes of their own."""

from __future__ import annotations

import os

from tests.settings import *  # noqa: F403

INSTALLED_APPS += ["dbbackup"]  # type: ignore[name-defined]  # noqa: F405
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "dbbackup": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": os.environ["TEST_DBBACKUP_LOCATION"]},
    },
}
DATABASES["default"]["PASSWORD"] = DATABASES["default"].get("PASSWORD") or "hunter2"  # type: ignore[name-defined]  # noqa: F405
# Its handler that mails errors fails on Django 6.1, which has another way to mail.
DBBACKUP_SEND_EMAIL = False
