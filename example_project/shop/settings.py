"""Settings of the shop. What differs between a laptop and the server comes from the environment."""

from __future__ import annotations

import os
from pathlib import Path

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
    CELERY_BEAT_SCHEDULE = {**BEAT_SCHEDULE}
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

FREEZE_ALERTS = {
    "ENVIRONMENT": env("ENVIRONMENT", "development"),
    "BASE_URL": env("BASE_URL", "http://127.0.0.1:8000"),
    "WEBHOOKS": {
        "errors": env("DISCORD_WEBHOOK_ERRORS"),
        "payments": env("DISCORD_WEBHOOK_PAYMENTS"),
        "backups": env("DISCORD_WEBHOOK_BACKUPS"),
        "admin": env("DISCORD_WEBHOOK_ADMIN"),
    },
    "DISCORD_API_URL": env("DISCORD_API_URL", "https://discord.com/api/v10"),
    "DISK": {
        "PATHS": env("DISK_PATHS", "/").split(":"),
        "WARNING_PERCENT": float(env("DISK_WARNING_PERCENT", "80")),
        "CRITICAL_PERCENT": float(env("DISK_CRITICAL_PERCENT", "90")),
        "EMERGENCY_PERCENT": float(env("DISK_EMERGENCY_PERCENT", "95")),
        "HOLD_MINUTES": float(env("DISK_HOLD_MINUTES", "15")),
    },
    "DELIVERY": {
        "SPOOL": env("ALERTS_SPOOL", str(BASE_DIR / "freeze_alerts_spool.jsonl")),
        "MESSAGES_PER_MINUTE": float(env("DISCORD_MESSAGES_PER_MINUTE", "30")),
    },
}
