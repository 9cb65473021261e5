from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from celery import Celery


@pytest.fixture
def shop_celery() -> Iterator[Callable[..., Celery]]:
    """Configures a Celery app as a project's ``celery.py`` does, until the test ends."""
    apps: list[Celery] = []

    def configure(**settings: Any) -> Celery:
        app = Celery("shop", set_as_current=False)
        app.conf.update(settings)
        apps.append(app)
        return app

    yield configure
    for app in apps:
        app.close()
