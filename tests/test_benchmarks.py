"""That each benchmark runs and prints its figures; what they come to is for `make bench`, on a quiet machine."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.paths import ROOT
from tests.services import Service

BENCHMARKS = ROOT / "benchmarks"

pytestmark = pytest.mark.skipif(not BENCHMARKS.is_dir(), reason="the source distribution has no benchmarks")


def run(name: str, *arguments: str, timeout_seconds: float = 120) -> str:
    """What a benchmark prints. Exit code 1 says that a limit broke: it may, in a run so small on a machine so busy."""
    command = [sys.executable, str(BENCHMARKS / f"{name}.py"), *arguments]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout_seconds, check=False)
    assert told.returncode in (0, 1), told.stderr
    assert "Traceback" not in told.stderr, told.stderr
    return told.stdout


def test_old_alerts_tells_what_each_kind_of_work_costs_with_many(postgresql: Service) -> None:
    told = run("old_alerts", "--few=10", "--many=1010", "--rounds=2", "--calls=1")
    for work in ("open_alert, new ", "open_alert, a repeat", "a pass with nothing to do", "a pass that sends"):
        assert work in told


def test_storm_counts_requests_and_finds_every_alert_in_discord() -> None:
    told = run("storm", "--alerts=5", "--seconds=0.1", "--engine=sqlite").splitlines()
    assert any("HTTP requests" in line for line in told)
    (shown,) = (line for line in told if "alerts shown in Discord" in line)
    assert shown.endswith("  holds")


def test_undo_tells_what_putting_back_costs_against_the_delete() -> None:
    told = run("undo", "--objects=20", "--rounds=2", "--engine=sqlite")
    assert "sqlite: put back / delete" in told
    assert "20 objects, 60 rows" in told


def test_latency_tells_p50_and_p99() -> None:
    told = run("latency", "--alerts=3", "--engine=sqlite")
    assert "sqlite: p50" in told
    assert "sqlite: p99" in told


def test_start_tells_what_we_add_and_that_requests_cost_no_query_more() -> None:
    told = run("start", "--pairs=1").splitlines()
    assert any("we add" in line for line in told)
    (queries,) = (line for line in told if "queries of" in line)
    assert queries.endswith("  holds")


@pytest.mark.timeout(600)
def test_broken_tells_how_long_requests_wait_and_how_quick_health_is() -> None:
    told = run("broken", "--requests=2", timeout_seconds=600)
    if "LEFT OUT" in told:
        pytest.skip(told)
    for what in ("all is well", "by Celery and Redis", "Redis is frozen", "Redis is gone", "PostgreSQL is gone too"):
        assert what in told


def test_errors_counts_each_and_tells_what_one_costs() -> None:
    for part in (("cost", "20"), ("request", "20")):
        assert "with us / without" in (told := run("errors", *part)) or "doors open / shut" in told
    told = run("errors", "storm", "40").splitlines()
    (counted,) = (line for line in told if "counted, by issue and by minute" in line)
    assert counted.endswith("  holds")


@pytest.mark.timeout(900)
def test_backup_tells_what_one_of_postgresql_costs(postgresql: Service) -> None:
    once = "--rounds=1", "--restores=1", "--others=0"
    told = run("backup", "--engine=postgresql", "--megabytes=1", "--small=0", *once, timeout_seconds=800)
    assert "pg_dump into nothing" in told
    assert "by hand (zstd -d, pg_restore -j2)" in told


@pytest.mark.timeout(900)
def test_backup_tells_how_long_a_writer_waits() -> None:
    told = run("backup", "--engine=sqlite", "--megabytes=1", "--rounds=1", timeout_seconds=800)
    assert "longest wait of a writer" in told


def test_audit_tells_what_a_delete_costs_and_that_a_page_that_deletes_nothing_asks_nothing_more() -> None:
    told = run("audit", "--objects=20", "--rounds=1", "--engine=sqlite").splitlines()
    assert any("20 objects by delete_selected" in line for line in told)
    (queries,) = (line for line in told if "queries of a page that deletes nothing" in line)
    assert queries.endswith("  holds")
