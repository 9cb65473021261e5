"""Settings for the tests. FREEZE_ALERTS_TEST_DATABASE picks the database: sqlite (default), postgresql, mysql."""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path

import django

# One name a test process, in the environment so that the processes a test starts find the same database and folder.
DATABASE_NAME = os.environ.setdefault("FREEZE_ALERTS_TEST_NAME", f"test_freeze_alerts_{os.getpid()}")
_worker = os.environ.get("PYTEST_XDIST_WORKER", "")
if _worker and re.fullmatch(r"test_freeze_alerts_\d+", DATABASE_NAME):  # as the run was named, not a test's own
    DATABASE_NAME = os.environ["FREEZE_ALERTS_TEST_NAME"] = f"{DATABASE_NAME}_{_worker}"
BASE_DIR = Path(tempfile.gettempdir()) / DATABASE_NAME  # made, emptied and removed by conftest: the spool lives here
SECRET_KEY = "only-for-tests"
DEBUG = False
USE_TZ = True
TIME_ZONE = "Europe/Amsterdam"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "static/"
SITE_ID = 1

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "freeze_alerts",
    "tests.zoo",
    "tests.orders",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
_MAIL = "django.core.mail.backends.locmem.EmailBackend"
if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": _MAIL}}
else:
    EMAIL_BACKEND = _MAIL

DATABASE_KIND = os.environ.get("FREEZE_ALERTS_TEST_DATABASE", "sqlite")
SQLITE_PATH = str(Path(tempfile.gettempdir()) / f"{DATABASE_NAME}.sqlite3")
DATABASES = {
    "sqlite": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": SQLITE_PATH,
        "OPTIONS": {"timeout": 30},
        "TEST": {"NAME": SQLITE_PATH},
    },
    "postgresql": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ.get("PGHOST", "127.0.0.1"),
        "PORT": os.environ.get("PGPORT", "5432"),
        "USER": os.environ.get("PGUSER", "postgres"),
        "PASSWORD": os.environ.get("PGPASSWORD", ""),
        "NAME": DATABASE_NAME,
        "TEST": {"NAME": DATABASE_NAME},
    },
    "mysql": {
        "ENGINE": "django.db.backends.mysql",
        "HOST": os.environ.get("MYSQL_HOST", "127.0.0.1"),
        "PORT": os.environ.get("MYSQL_PORT", "3306"),
        "USER": os.environ.get("MYSQL_USER", "root"),
        "PASSWORD": os.environ.get("MYSQL_PASSWORD", ""),
        "NAME": DATABASE_NAME,
        "OPTIONS": {"charset": "utf8mb4"},
        "TEST": {"NAME": DATABASE_NAME},
    },
}
DATABASES = {"default": DATABASES[DATABASE_KIND]}

if DATABASE_KIND == "mysql":
    import pymysql

    pymysql.version_info = (2, 2, 8, "final", 0)
    pymysql.install_as_MySQLdb()

# A test that starts processes hands them its own settings through the environment.
FREEZE_ALERTS: dict[str, object] = json.loads(
    os.environ.get("FREEZE_ALERTS_TEST_SETTINGS", '{"DELIVERY": {"DOORBELL": "none"}}')
)
