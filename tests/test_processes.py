from __future__ import annotations

import os
import signal

import pytest

from tests import processes
from tests.processes import read_until, run_python, start_python


def test_a_process_of_the_tests_has_their_settings_and_tells_its_end() -> None:
    told = run_python("from django.conf import settings; print(settings.SECRET_KEY); raise SystemExit(3)")
    assert (told.returncode, told.stdout) == (3, "only-for-tests\n"), told.stderr


def test_a_process_can_be_waited_for_and_killed() -> None:
    process = start_python("print('ready'); import time; time.sleep(600)")
    assert read_until(process, "ready") == "ready\n"
    processes.kill(process)
    assert process.returncode == -signal.SIGKILL


def test_a_process_that_ends_without_the_words_gives_what_it_said() -> None:
    process = start_python("raise SystemExit('no luck')")
    with pytest.raises(AssertionError, match="no luck"):
        read_until(process, "ready")


def test_what_a_process_started_is_killed_with_it() -> None:
    process = start_python(
        """
        import subprocess
        print(subprocess.Popen(["sleep", "600"]).pid, "is the child")
        """
    )
    child = int(read_until(process, "is the child").split()[0])
    process.wait(timeout=60)
    processes.kill_leftovers()
    processes.wait_until(lambda: not _runs(child))


def _runs(process_id: int) -> bool:
    try:
        with open(f"/proc/{process_id}/stat", encoding="ascii") as stat:
            return stat.read().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


def test_waiting_for_what_never_happens_fails() -> None:
    with pytest.raises(AssertionError, match="still not so"):
        processes.wait_until(lambda: False, timeout_seconds=0.05)


def test_processes_find_the_tests_database() -> None:
    told = run_python("from django.conf import settings; print(settings.DATABASES['default']['NAME'])")
    assert os.environ["FREEZE_ALERTS_TEST_NAME"] in told.stdout
