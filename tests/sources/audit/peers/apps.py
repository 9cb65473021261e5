from __future__ import annotations

from django.apps import AppConfig


class PeersConfig(AppConfig):
    name = "tests.sources.audit.peers"
    label = "peers"
    default_auto_field = "django.db.models.BigAutoField"
