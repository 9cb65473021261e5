from __future__ import annotations

import json
import subprocess

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from freeze_alerts.outbox import spool
from tests.processes import kill, read_until, start_python


@pytest.fixture(autouse=True)
def path(settings, tmp_path):
    file = tmp_path / "spool.jsonl"
    settings.FREEZE_ALERTS = {"DELIVERY": {"SPOOL": str(file), "DOORBELL": "none"}}
    return file


def taken():
    lines = []
    spool.take(lines.extend)
    return lines


def test_what_is_kept_is_taken_once():
    assert spool.keep({"id": "1", "key": "a"})
    assert (spool.mentioning("a"), spool.is_empty()) == ([{"id": "1", "key": "a"}], False)
    assert taken() == [{"id": "1", "key": "a"}]
    assert (spool.mentioning("a"), taken(), spool.is_empty()) == ([], [], True)


def test_nothing_kept_is_nothing_taken():
    assert (spool.is_empty(), spool.take(pytest.fail)) == (True, 0)


def test_nobody_else_may_read_it(path):
    spool.keep({"id": "1"})
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("torn", [b'{"id": "2", "ke', b"\x00\x00\x00", b"[1]\n", b"\xff\n"])
def test_a_torn_line_is_passed_over_and_spoils_no_other(path, torn):
    spool.keep({"id": "1"})
    with path.open("ab") as file:
        file.write(torn)
    spool.keep({"id": "3"})
    assert [line["id"] for line in taken()] == ["1", "3"]


def test_lines_that_could_not_be_booked_are_handed_over_again():
    def fail(_lines):
        raise OSError("database")

    spool.keep({"id": "1"})
    with pytest.raises(OSError, match="database"):
        spool.take(fail)
    spool.keep({"id": "2"})
    assert [line["id"] for line in taken()] == ["1", "2"]


def test_while_one_books_another_takes_nothing_and_anybody_may_append():
    def book(_lines):
        assert spool.take(pytest.fail) == 0
        assert spool.keep({"id": "2"})

    spool.keep({"id": "1"})
    assert spool.take(book) == 1
    assert [line["id"] for line in taken()] == ["2"]


@pytest.mark.parametrize("where", ["/proc/nowhere/spool", "/"])
def test_a_place_that_takes_no_file_is_logged_and_not_raised(settings, where, caplog):
    settings.FREEZE_ALERTS = {"DELIVERY": {"SPOOL": where}}
    assert spool.keep({"id": "1"}) is False
    assert "can't be written" in caplog.text


def test_a_line_too_long_to_be_read_again_is_refused(caplog):
    assert spool.keep({"text": "x" * 70_000}) is False


@given(line=st.dictionaries(st.text(), st.none() | st.text() | st.integers() | st.floats(allow_nan=False)))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_line_comes_back(line):
    spool.keep(line)
    assert taken() == [line]


def test_a_line_put_aside_is_kept_beside(path):
    spool.reject({"id": "1"})
    assert json.loads((path.parent / "spool.jsonl.rejected").read_text()) == {"id": "1"}
    assert taken() == []


@pytest.fixture
def full_disk(tmp_path):
    mount = tmp_path / "full"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(mount)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk to fill")
    yield mount
    subprocess.run(["umount", "-l", str(mount)], check=True)


def test_on_a_full_disk_a_line_goes_to_memory_whole_and_all_are_taken_without_more_room(settings, full_disk):
    settings.FREEZE_ALERTS = {"DELIVERY": {"SPOOL": str(full_disk / "spool.jsonl")}}
    kept = 0
    while spool.keep({"id": str(kept), "text": "x" * 5000}):
        kept += 1
    assert 5 < kept < 20
    assert [line["id"] for line in taken()] == [str(number) for number in range(kept + 1)]
    assert spool.is_empty()


APPEND = """
from freeze_alerts.outbox import spool
for number in range(200):
    assert spool.keep({"id": f"{%d}-{number}"})
print("done", flush=True)
"""
TAKE = """
from freeze_alerts.outbox import spool
while True:
    spool.take(lambda lines: [print(f"took {line['id']}", flush=True) for line in lines])
"""


def test_many_append_while_others_take_and_one_is_killed(path):
    environment = {"FREEZE_ALERTS_TEST_SETTINGS": json.dumps({"DELIVERY": {"SPOOL": str(path)}})}
    appenders = [start_python(APPEND % number, **environment) for number in range(4)]
    taker = start_python(TAKE, **environment)
    first = read_until(taker, "took").split()[1]
    kill(taker)
    # The kill may have torn the last line it said; whatever was not said whole is in the spool still.
    printed = [line.split()[1] for line in taker.stdout if line.endswith("\n")]
    for appender in appenders:
        read_until(appender, "done")
    seen = {first, *printed, *(line["id"] for line in taken())}
    assert seen == {f"{who}-{number}" for who in range(4) for number in range(200)}


@pytest.fixture
def in_memory(settings):
    settings.FREEZE_ALERTS = {"DELIVERY": {"SPOOL": "/proc/nowhere/spool.jsonl"}}
    spool.keep({"id": "1", "key": "a"})
    spool.keep({"id": "2", "key": "b"})


def test_what_the_disk_does_not_take_is_kept_in_memory_and_taken_once(in_memory):
    assert (spool.is_empty(), spool.mentioning("b")) == (False, [{"id": "2", "key": "b"}])
    assert [line["id"] for line in taken()] == ["1", "2"]
    assert (spool.is_empty(), taken()) == (True, [])


def test_what_is_in_memory_and_could_not_be_booked_stays_there_in_order(in_memory):
    def fail(_lines):
        raise OSError("database")

    with pytest.raises(OSError, match="database"):
        spool.take(fail)
    assert [line["id"] for line in taken()] == ["1", "2"]


def test_what_is_told_of_a_line_in_memory_stays_with_it(in_memory, settings, path):
    settings.FREEZE_ALERTS = {"DELIVERY": {"SPOOL": str(path)}}
    assert spool.keep({"id": "2", "posted": {}}) is False
    assert spool.keep({"id": "3"}) is True
    assert [line["id"] for line in taken()] == ["3", "1", "2", "2"]


def test_a_crash_while_lines_are_taken_out_loses_none(path):
    spool.keep({"id": "1"})
    first = path.read_bytes()
    spool.keep({"id": "2"})
    with path.open("r+b") as file:  # as far as a killed process may come: the rest copied down, nothing cut off yet
        file.write(path.read_bytes()[len(first) :])
    assert "2" in [line["id"] for line in taken()]
