"""The tests' settings, with what a benchmark says in the environment: FREEZE_ALERTS as JSON, and a second database."""

from __future__ import annotations

import json
import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, INSTALLED_APPS

FREEZE_ALERTS = json.loads(os.environ.get("FREEZE_ALERTS_BENCH", "{}"))
ROOT_URLCONF = "benchmarks.shop"
# Told aloud, ten thousand alerts would measure the terminal.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"nowhere": {"class": "logging.NullHandler"}, "aloud": {"class": "logging.StreamHandler"}},
    "loggers": {"freeze_alerts": {"handlers": ["nowhere"], "propagate": False}},
}
if os.environ.get("FREEZE_ALERTS_BENCH_LOG"):
    LOGGING["loggers"] = {"freeze_alerts": {"handlers": ["aloud"], "level": "ERROR", "propagate": False}}

if os.environ.get("FREEZE_ALERTS_BENCH_PAIR"):
    # Commits don't wait for the disk: its time is the same for both, and would only hide what grows.
    DATABASES["default"].setdefault("OPTIONS", {})["options"] = "-c synchronous_commit=off"
    DATABASES["large"] = DATABASES["default"] | {"NAME": f"{DATABASES['default']['NAME']}_large"}
    DATABASE_ROUTERS = ["benchmarks.pair.Router"]

if os.environ.get("FREEZE_ALERTS_BENCH_WITHOUT"):
    INSTALLED_APPS.remove("freeze_alerts")

if os.environ.get("FREEZE_ALERTS_BENCH_TREES"):
    INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks.trees"]
    ROOT_URLCONF = "benchmarks.trees.urls"
    DATA_UPLOAD_MAX_NUMBER_FIELDS = None  # 10,000 objects are 10,000 fields of the form

if place := os.environ.get("FREEZE_ALERTS_BENCH_DBBACKUP"):
    INSTALLED_APPS.append("dbbackup")
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        "dbbackup": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": place}},
    }
