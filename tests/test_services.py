from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests import services
from tests.paths import ROOT

NOBODY_LISTENS = {
    "PGHOST": "127.0.0.1",
    "PGPORT": "1",
    "REDIS_URL": "redis://:a-secret@127.0.0.1:1/0",
    "MYSQL_HOST": "127.0.0.1",
    "MYSQL_PORT": "1",
    "AMQP_URL": "amqp://somebody:a-secret@127.0.0.1:1//",
}


def test_what_is_missing_is_listed_with_its_reason_and_without_its_password() -> None:
    command = [sys.executable, "-m", "tests.services"]
    environment = {**os.environ, **NOBODY_LISTENS}
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert told.stdout.count("can't be used at") == len(services.KINDS)
    assert "a-secret" not in told.stdout + told.stderr


@pytest.mark.parametrize("kind", services.KINDS)
def test_a_service_is_found_or_its_absence_explained(kind: str) -> None:
    found = services.find(kind)
    assert found.reason if isinstance(found, services.Missing) else found.port


def test_a_named_host_is_let_through_the_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://cache.example:6379/0")
    assert "cache.example" in services.named_hosts()
