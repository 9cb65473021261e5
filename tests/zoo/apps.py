from __future__ import annotations

from django.apps import AppConfig


class ZooConfig(AppConfig):
    name = "tests.zoo"
    label = "zoo"
    verbose_name = "Zoo"
    default_auto_field = "django.db.models.BigAutoField"
