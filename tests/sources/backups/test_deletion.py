from __future__ import annotations

import fcntl
import os

import pytest

from freeze_alerts.sources.backups import deletion, manifest
from tests.processes import read_until, start_python
from tests.sources.backups.manifests import a_backup


def test_file_and_manifest_are_gone_and_nothing_else(tmp_path):
    going = a_backup(tmp_path)
    stays = a_backup(tmp_path, "default_20261123T110000Z_0000000b")
    deletion.delete(going, tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted([stays.file, f"{stays.name}.json"])


def test_what_is_being_read_stays(tmp_path):
    going = a_backup(tmp_path)
    with open(tmp_path / going.file, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        with pytest.raises(deletion.InUse, match="goes the next time"):
            deletion.delete(going, tmp_path)
    assert manifest.read_all(tmp_path).backups == (going,)
    deletion.delete(going, tmp_path)
    assert os.listdir(tmp_path) == []


def test_a_file_that_is_gone_already_takes_its_manifest_along(tmp_path):
    going = a_backup(tmp_path)
    (tmp_path / going.file).unlink()
    deletion.delete(going, tmp_path)
    assert os.listdir(tmp_path) == []


def test_a_large_file_goes_a_little_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(deletion, "_STEP_BYTES", 10)
    sizes = []
    monkeypatch.setattr(deletion.time, "sleep", lambda seconds: sizes.append(path.stat().st_size))
    path = tmp_path / "large"
    path.write_bytes(b"x" * 35)
    deletion.shrink_away(path)
    assert sizes == [25, 15, 5]
    assert not path.exists()


def test_a_link_is_not_followed(tmp_path):
    target = tmp_path / "precious"
    target.write_bytes(b"x")
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(OSError, match="symbolic"):
        deletion.shrink_away(tmp_path / "link")
    assert target.read_bytes() == b"x"


KILLED = """
import sys, time
from pathlib import Path
from freeze_alerts.sources.backups import deletion, manifest

{when}
directory = Path({directory!r})
[going] = manifest.read_all(directory).backups
deletion.delete(going, directory)
"""
WAITS = "lambda *_: (print('now', flush=True), time.sleep(600))"


@pytest.mark.parametrize(
    "when",
    [
        f"deletion.manifest.manifest_path = {WAITS}",  # the file has its other name, the manifest is still there
        f"deletion.shrink_away = {WAITS}",  # the manifest is gone, the file is not
    ],
)
def test_a_deletion_that_was_killed_is_finished_by_the_next(tmp_path, when):
    a_backup(tmp_path)
    process = start_python(KILLED.format(when=when, directory=str(tmp_path)))
    read_until(process, "now")
    process.kill()
    process.wait()
    found = manifest.read_all(tmp_path)
    assert found.backups == found.orphans == ()
    deletion.finish(found, tmp_path)
    assert os.listdir(tmp_path) == []
