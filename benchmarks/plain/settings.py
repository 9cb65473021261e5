"""As ``startproject`` writes them, in short. The database is named in the environment."""

from __future__ import annotations

import json
import os

SECRET_KEY = "only-measured"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "freeze_alerts",
    "benchmarks.trees",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
ROOT_URLCONF = "benchmarks.shop"
STATIC_URL = "static/"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": json.loads(os.environ["FREEZE_ALERTS_BENCH_DATABASE"])}
FREEZE_ALERTS = json.loads(os.environ["FREEZE_ALERTS_BENCH"])

if os.environ.get("FREEZE_ALERTS_BENCH_WITHOUT"):
    INSTALLED_APPS.remove("freeze_alerts")
