from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from django.conf import settings
from django.dispatch import Signal
from hypothesis import HealthCheck

from freeze_alerts import signals
from tests import processes, services

# How long an example takes says more about a busy machine than about the code.
hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.settings.load_profile("patient")

_DATABASE_FIXTURES = {"db", "transactional_db", "django_db_reset_sequences", "django_db_serialized_rollback"}


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "database: uses the database (set by itself; each engine runs these)")
    allowed = config.getoption("--allow-hosts")
    config.option.allow_hosts = ",".join([allowed, *services.named_hosts()]) if allowed else allowed


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        fixtures = _DATABASE_FIXTURES.intersection(getattr(item, "fixturenames", ()))
        if fixtures or item.get_closest_marker("django_db"):
            item.add_marker(pytest.mark.database)
    for item in items:  # its kinds ask for db by themselves, which is too late for a database to be made for this run
        if "shop" in (names := getattr(item, "fixturenames", [])) and "db" not in names:
            names.append("db")


def pytest_unconfigure() -> None:
    shutil.rmtree(settings.BASE_DIR, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_modify_db_settings_xdist_suffix() -> None:
    """Our settings name a database for each test process themselves, so that processes it starts find it."""


@pytest.fixture(autouse=True)
def _own_folder() -> Iterator[None]:
    """An empty BASE_DIR of this run's own: what one test spooled is no other's to book."""
    folder = Path(settings.BASE_DIR)
    folder.mkdir(exist_ok=True)
    yield
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def _no_process_stays(_own_folder: None) -> Iterator[None]:
    yield
    processes.kill_leftovers()


@pytest.fixture(autouse=True)
def _no_memory_of_an_outage(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What was said or kept without the database in one test is forgotten before the next."""
    from freeze_alerts.outbox import courier, spool

    monkeypatch.setattr(courier, "_courier", courier.Courier())
    yield
    spool.memory.clear()


@pytest.fixture(autouse=True)
def _no_listener_stays() -> Iterator[None]:
    """What a test connects to a signal of ours is gone after it, however long its function lives."""
    ours = [each for each in vars(signals).values() if isinstance(each, Signal)]
    before = [list(each.receivers) for each in ours]
    yield
    for signal, receivers in zip(ours, before, strict=True):
        signal.receivers = receivers
        signal.sender_receivers_cache.clear()


@pytest.fixture(scope="session")
def postgresql() -> services.Service:
    """A PostgreSQL server to log in to, whichever database the tests run on."""
    return _found("postgresql")


@pytest.fixture(scope="session")
def redis_server() -> services.Service:
    return _found("redis")


@pytest.fixture(scope="session")
def mariadb() -> services.Service:
    return _found("mariadb")


@pytest.fixture(scope="session")
def rabbitmq() -> services.Service:
    return _found("rabbitmq")


def _found(kind: str) -> services.Service:
    found = services.find(kind)
    if isinstance(found, services.Missing):
        pytest.skip(found.reason)
    return found
