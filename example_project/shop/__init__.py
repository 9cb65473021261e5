"""A small shop that freeze-alerts watches. With REDIS_URL set it has Celery, as Django and its workers expect it."""

import os

if os.environ.get("REDIS_URL"):
    from shop.celery import app as celery_app

    __all__ = ["celery_app"]
