from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import zstandard

from freeze_alerts import tasks
from freeze_alerts.alerts.models import Alert
from freeze_alerts.sources.backups import manifest, pipeline, verify
from freeze_alerts.sources.backups.manifest import Manifest, Proof
from tests.sources.backups.manifests import a_manifest
from tests.sources.backups.shops import Shop

Told = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def backup(directory: Path, shop: Shop) -> Manifest:
    outcome = pipeline.make(shop.alias)
    assert isinstance(outcome, pipeline.Made), outcome
    return outcome.manifest


def all_proofs(backup: Manifest, directory: Path) -> list[Proof]:
    return [prove(backup, directory) for prove in (verify.check_hash, verify.read_back, verify.drill)]


def test_a_good_backup_is_proved_at_each_level_and_it_is_noted(directory: Path, backup: Manifest, told: Told) -> None:
    proofs = all_proofs(backup, directory)
    assert [(each.level, each.outcome, each.detail) for each in proofs] == [
        (0, "ok", ""),
        (1, "ok", ""),
        (2, "ok", ""),
    ]
    noted = manifest.read_all(directory).backups[0]
    assert [each.level for each in noted.proofs] == [0, 1, 2]
    assert noted.verified_at == proofs[2].at
    assert [(name, news["level"]) for name, news in told] == [("backup_verified", 1), ("backup_verified", 2)]
    assert not [name for name in os.listdir(directory) if "partial" in name]


def test_the_first_backup_is_proved_as_soon_as_it_is_there(directory: Path, sqlite_shop: Shop, settings: Any) -> None:
    settings.FREEZE_ALERTS["BACKUPS"]["DATABASES"] = [sqlite_shop.alias]
    prove = (tasks.read_back_backup, tasks.verify_backup)
    for task in prove:
        task()
    pipeline.make(sqlite_shop.alias)
    for task in (*prove, *prove):  # the second time none is due: one is read daily, one is restored weekly
        task()
    proofs = manifest.read_all(directory).backups[0].proofs
    assert [(each.level, each.outcome) for each in proofs] == [(0, "ok"), (1, "ok"), (2, "ok")]


def test_one_bit_of_difference_is_found_at_each_level(directory: Path, backup: Manifest, told: Told) -> None:
    content = bytearray((directory / backup.file).read_bytes())
    content[len(content) // 2] ^= 1
    (directory / backup.file).write_bytes(content)
    assert [each.outcome for each in all_proofs(backup, directory)] == ["failed"] * 3
    assert {(name, news["stage"]) for name, news in told} == {("backup_failed", "proof")}
    assert Alert.objects.get().key == "backup:shop:proof"


def test_an_archive_cut_short_is_found_at_each_level(directory: Path, backup: Manifest) -> None:
    os.truncate(directory / backup.file, backup.stored_bytes - 7)
    proofs = all_proofs(backup, directory)
    assert [each.outcome for each in proofs] == ["failed"] * 3
    assert all(backup.file in each.detail or "archive" in each.detail for each in proofs)


def test_an_archive_that_can_not_be_read_is_told_and_is_not_called_damaged(
    directory: Path, backup: Manifest, told: Told
) -> None:
    path = directory / backup.file
    path.unlink()
    path.mkdir()
    assert [each.outcome for each in all_proofs(backup, directory)] == ["failed"] * 3
    assert all(f"{backup.file} can't be read: Is a directory" in news["error"] for _, news in told)
    assert len(told) == 3


def test_what_is_all_alike_is_unpacked_a_little_at_a_time(directory: Path) -> None:
    """A gigabyte of nothing is packed into a few kilobytes."""
    packer = zstandard.ZstdCompressor(level=1).compressobj()
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(1024)) + packer.flush()
    made = a_manifest(stored_bytes=len(packed), sha256=hashlib.sha256(packed).hexdigest())
    (directory / made.file).write_bytes(packed)
    sizes: list[int] = []
    verify.archive(made, directory).pour(lambda piece: sizes.append(len(piece)))
    assert sum(sizes) == 1 << 30
    assert max(sizes) <= 1 << 27


def test_an_archive_with_something_behind_it_is_found_at_each_level(directory: Path, backup: Manifest) -> None:
    with (directory / backup.file).open("ab") as file:
        file.write(b"more")
    assert [each.outcome for each in all_proofs(backup, directory)] == ["failed"] * 3


def test_a_file_that_is_gone_is_said_to_be_gone(directory: Path, backup: Manifest) -> None:
    (directory / backup.file).unlink()
    assert {each.detail for each in all_proofs(backup, directory)} == {f"{backup.file} is not there"}


def test_rows_that_are_missing_are_named(directory: Path, shop: Shop, backup: Manifest) -> None:
    """A dump that is whole, but was made of less than the snapshot had."""
    table = f"{shop.schema}orders"
    lying = manifest.change(backup.name, directory, lambda each: replace(each, rows={**each.rows, table: 1001}))
    for proof in (verify.read_back(lying, directory), verify.drill(lying, directory)):
        assert (proof.outcome, proof.detail) == ("failed", f"{table} has 1,000 rows, and had 1,001")


def test_migrations_that_differ_are_named(directory: Path, shop: Shop, backup: Manifest) -> None:
    changed = {**backup.migrations, "shop": "0003_other"}
    lying = manifest.change(backup.name, directory, lambda each: replace(each, migrations=changed))
    proof = verify.drill(lying, directory)
    assert (proof.outcome, proof.detail) == ("failed", "its migrations are not those of the manifest: shop")


def test_the_next_proof_ends_the_alert(directory: Path, backup: Manifest) -> None:
    path = directory / backup.file
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    verify.read_back(backup, directory)
    assert not Alert.objects.get().ended
    path.write_bytes(whole)
    verify.read_back(backup, directory)
    assert Alert.objects.get().ended
