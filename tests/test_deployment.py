"""The example's compose file, held against what the runbook has a tired operator type."""

from __future__ import annotations

import re

import pytest

from freeze_alerts import catalog
from freeze_alerts.pages import book
from tests.paths import ROOT

COMPOSE = (ROOT / "example_project" / "compose.yaml").read_text(encoding="utf-8")
SERVICES = re.findall(
    r"^  ([a-z-]+):$", COMPOSE.partition("\nservices:\n")[2].partition("\nvolumes:\n")[0], re.MULTILINE
)
_TYPED = re.compile(r"docker compose (?:exec|logs|restart|stop|up -d(?: --build)?|ps) +((?:[a-z-]+ ?)+)")
PAGES = sorted(book.FOLDER.glob("*.md"))


def test_it_has_the_services_of_the_shop() -> None:
    assert {"backend", "celery", "celery-beat", "watchdog", "db", "redis", "nginx", "frontend"} == set(SERVICES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_runbook_names_only_services_that_exist(page) -> None:
    commands = re.findall(r"docker compose [^`\n|]+", page.read_text(encoding="utf-8"))
    named = [word for command in commands if (found := _TYPED.match(command)) for word in _services(found[1])]
    assert set(named) <= set(SERVICES)


def _services(words: str) -> list[str]:
    """All the words after up, logs or restart are services; after exec only the first is."""
    listed = words.split()
    return [each for each in listed if each in SERVICES or listed.index(each) == 0]


def test_so_do_the_catalogs_first_commands() -> None:
    named = [re.match(r"docker compose (?:exec|logs) ([a-z-]+)", each.command) for each in catalog.NINE]
    assert {found[1] for found in named if found} <= set(SERVICES)


def _block(service: str) -> str:
    return COMPOSE.partition(f"\n  {service}:\n")[2].partition("\n\n")[0]


@pytest.mark.parametrize("service", ["backend", "celery", "celery-beat", "watchdog", "db"])
def test_a_service_has_time_to_finish(service: str) -> None:
    """Ten seconds are Compose's default: too few for a message under way, and for PostgreSQL."""
    assert "stop_grace_period" in _block(service) or "<<: *backend" in _block(service)


@pytest.mark.parametrize("service", SERVICES)
def test_no_log_grows_for_ever(service: str) -> None:
    assert "logging: *logging" in _block(service) or "<<: *backend" in _block(service)
