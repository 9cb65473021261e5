from __future__ import annotations

import json
import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from freeze_alerts.sources.backups import manifest
from freeze_alerts.sources.backups.manifest import Copy, Proof, Unreadable
from tests.sources.backups.manifests import NOON, a_backup, a_manifest


def test_a_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    whole = a_manifest(
        recipients=("age1xyz",),
        proofs=(Proof(0, NOON, "ok"), Proof(2, NOON, "failed", "3 rows of shop.orders are gone")),
        copies=(Copy("offsite", "a_1.zst", "a_1.json", 17, NOON),),
        pinned=True,
    )
    manifest.write(whole, tmp_path)
    assert manifest.read(tmp_path / f"{whole.name}.json") == whole


def test_a_manifest_is_for_our_eyes_only_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    made = a_backup(tmp_path)
    assert stat.S_IMODE((tmp_path / f"{made.name}.json").stat().st_mode) == 0o600
    assert sorted(os.listdir(tmp_path)) == sorted([made.file, f"{made.name}.json"])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"name": "x"}',
        b'{"proofs": 3}',
    ],
)
def test_a_damaged_manifest_is_told_as_damaged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "default_20261123T120000Z_0000000a.json"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=r"0000000a\.json can't be read"):
        manifest.read(path)
    assert manifest.read_all(tmp_path).damaged == (path,)


def test_a_key_of_a_later_version_is_passed_over(tmp_path: Path) -> None:
    made = a_backup(tmp_path)
    path = tmp_path / f"{made.name}.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "of_tomorrow": 1}))
    assert manifest.read(path) == made


def test_each_thing_in_the_directory_is_told_as_what_it_is(tmp_path: Path) -> None:
    good = a_backup(tmp_path)
    gone = a_backup(tmp_path, "default_20261123T110000Z_0000000b")
    (tmp_path / gone.file).unlink()
    short = a_backup(tmp_path, "default_20261123T100000Z_0000000c")
    (tmp_path / short.file).write_bytes(b"cut")
    orphan = tmp_path / "default_20261123T090000Z_0000000d.sql.zst"
    partial = tmp_path / ".default_20261123T080000Z_0000000e.dump.zst.partial"
    foreign = tmp_path / "default-web1-2026-11-23.psql.bin"
    for path in (orphan, partial, foreign, tmp_path / ".default.running", tmp_path / ".default.lock"):
        path.write_bytes(b"x")
    found = manifest.read_all(tmp_path)
    assert found.backups == (good,)
    assert set(found.missing) == {gone, short}
    assert (found.orphans, found.partials, found.foreign) == ((orphan,), (partial,), (foreign,))


def test_the_file_of_a_damaged_manifest_is_no_orphan(tmp_path: Path) -> None:
    made = a_backup(tmp_path)
    (tmp_path / f"{made.name}.json").write_bytes(b"{")
    found = manifest.read_all(tmp_path)
    assert (len(found.damaged), found.orphans) == (1, ())


def test_a_manifest_that_speaks_of_another_file_is_damaged(tmp_path: Path) -> None:
    made = a_backup(tmp_path)
    (tmp_path / f"{made.name}.json").rename(tmp_path / "default_20261123T120000Z_0000000f.json")
    evil = a_manifest("default_20261123T120000Z_0000000e", file="../secrets.dump.zst")
    manifest.write(evil, tmp_path)
    assert len(manifest.read_all(tmp_path).damaged) == 2


def test_a_directory_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert manifest.read_all(tmp_path / "none") == manifest.Directory()


def test_the_newest_snapshot_comes_first_and_aliases_are_never_taken_for_another(tmp_path: Path) -> None:
    old = a_backup(tmp_path, "app_20261123T110000Z_0000000b", database="app", snapshot_at=NOON - timedelta(hours=1))
    new = a_backup(tmp_path, "app_20261123T120000Z_0000000a", database="app")
    other = a_backup(tmp_path, "app_archive_20261123T120000Z_0000000c", database="app_archive")
    found = manifest.read_all(tmp_path)
    assert found.of("app") == (new, old)
    assert found.of("app_archive") == (other,)
    assert found.of("app", "postgresql:2/shop") == ()


@pytest.mark.parametrize("suffix", ["", ".json", ".dump.zst"])
def test_a_backup_is_found_by_its_name_its_files_and_its_manifests(tmp_path: Path, suffix: str) -> None:
    made = a_backup(tmp_path)
    found = manifest.read_all(tmp_path)
    assert found.find(made.name + suffix) == made
    assert found.find(str(tmp_path / (made.name + suffix))) == made
    assert found.find(made.name[:-1]) is None


def test_a_change_keeps_everything_else(tmp_path: Path) -> None:
    made = a_backup(tmp_path)
    proof = Proof(1, NOON, "ok")
    manifest.change(made.name, tmp_path, lambda each: manifest.with_proof(each, Proof(1, NOON, "failed", "x")))
    changed = manifest.change(made.name, tmp_path, lambda each: manifest.with_proof(each, proof))
    assert changed == manifest.read_all(tmp_path).backups[0]
    assert (len(changed.proofs), changed.verified_at) == (2, NOON)


def test_only_what_was_read_back_or_restored_is_proved() -> None:
    assert a_manifest(proofs=(Proof(0, NOON, "ok"), Proof(2, NOON, "inconclusive"))).verified_at is None
