"""The tests' Celery app with a dump that stops half-way until a file is there, to be killed in the middle."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import django

from tests.celery_app import app  # noqa: F401 - the worker looks for it here

django.setup()

from freeze_alerts.sources.backups import stream  # noqa: E402

_store = stream.store


def _store_slowly(*arguments: Any, **more: Any) -> Any:
    print("half-way", flush=True)
    while not Path(os.environ["TEST_GATE"]).exists():
        time.sleep(0.05)
    return _store(*arguments, **more)


stream.store = _store_slowly
