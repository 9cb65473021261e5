"""Settings of the shop. What differs between a laptop and the server comes from the environment."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import sentry_sdk

from freeze_alerts.schedule import BEAT_SCHEDULE
from shop import databases

BASE_DIR = Path(__file__).resolve().parent.parent
env = os.environ.get

SECRET_KEY = env("SECRET_KEY", "not-a-secret-set-your-own-on-a-server")
DEBUG = env("DEBUG", "1") == "1"
ALLOWED_HOSTS = env("ALLOWED_HOSTS", "localhost 127.0.0.1 [::1]").split()
ADMINS = [("Shop", address) for address in env("ADMIN_ADDRESSES", "").split()]
EMAIL_BACKEND = env("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "freeze_alerts",
    "orders",
    "shop",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
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
ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "static"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = env("TIME_ZONE", "Europe/Amsterdam")

DATABASES = {"default": databases.from_url(env("DATABASE_URL", f"sqlite:///{BASE_DIR / 'shop.sqlite3'}"))}

BASE_URL = env("BASE_URL", "http://127.0.0.1:8000")
MOLLIE_API_URL = env("MOLLIE_API_URL", "http://127.0.0.1:8098/v2")  # the stand-in's: python mollie.py
MOLLIE_API_KEY = env("MOLLIE_API_KEY", "test_not_a_key")

REDIS_URL = env("REDIS_URL", "")
CACHES = {
    "default": (
        {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": f"{REDIS_URL}/1"}
        if REDIS_URL
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    )
}

if REDIS_URL:
    CELERY_BROKER_URL = f"{REDIS_URL}/0"
    CELERY_BEAT_SCHEDULE = {
        **BEAT_SCHEDULE,
        "orders.end_abandoned_orders": {"task": "orders.tasks.end_abandoned_orders", "schedule": timedelta(hours=1)},
    }
    # Celery waits for ever for a Redis that is silent, unless it is told not to.
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "max_retries": 0,
        "interval_start": 0,
        "interval_step": 0,
        "interval_max": 0,
        "connect_retries_timeout": 2,
        "visibility_timeout": 900,
        "health_check_interval": 25,
    }
    CELERY_BROKER_POOL_ACQUIRE_TIMEOUT = 2
    CELERY_TASK_IGNORE_RESULT = True
    CELERY_TASK_TIME_LIMIT = 600
    CELERY_TASK_SOFT_TIME_LIMIT = 540
    CELERY_WORKER_PREFETCH_MULTIPLIER = 1
    CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 25

# A Sentry is not needed. Where there is one, it gets what it always got.
if SENTRY_DSN := env("SENTRY_DSN", ""):
    sentry_sdk.init(dsn=SENTRY_DSN, environment=env("ENVIRONMENT", "development"), release=env("RELEASE"))

# A second copy of each backup, where a bucket is named.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
if BACKUP_BUCKET := env("BACKUP_BUCKET", ""):
    STORAGES["backups"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": BACKUP_BUCKET, "endpoint_url": env("BACKUP_ENDPOINT_URL"), "default_acl": "private",
            "access_key": env("BACKUP_ACCESS_KEY"), "secret_key": env("BACKUP_SECRET_KEY"), "file_overwrite": False,
        },
    }  # fmt: skip

FREEZE_ALERTS = {
    "ENVIRONMENT": env("ENVIRONMENT", "development"),
    "RELEASE": env("RELEASE", ""),
    "BASE_URL": BASE_URL,
    "WEBHOOKS": {
        "errors": env("DISCORD_WEBHOOK_ERRORS"),
        "payments": env("DISCORD_WEBHOOK_PAYMENTS"),
        "backups": env("DISCORD_WEBHOOK_BACKUPS"),
        "admin": env("DISCORD_WEBHOOK_ADMIN"),
    },
    "DISCORD_API_URL": env("DISCORD_API_URL", "https://discord.com/api/v10"),
    "DISK": {
        "PATHS": env("DISK_PATHS", "/").split(":"),
        "HOST": env("DISK_HOST", ""),
    },
    "PAYMENTS": {
        "ORDER_MODEL": "orders.Order",
        "URL_PREFIXES": ["/checkout/"],
        "EXCEPTIONS": ["orders.mollie.MollieError"],
    },
    "BACKUPS": {
        "DIRECTORY": env("BACKUP_DIRECTORY", str(BASE_DIR / "backups")),
        "STORAGE": "backups" if BACKUP_BUCKET else None,
    },
    "DELIVERY": {
        "SPOOL": env("ALERTS_SPOOL", str(BASE_DIR / "freeze_alerts_spool.jsonl")),
    },
}
