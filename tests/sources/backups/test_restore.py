from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from freeze_alerts.alerts.models import Alert
from freeze_alerts.sources.backups import manifest, pipeline, restore
from freeze_alerts.sources.backups.manifest import Manifest
from freeze_alerts.sources.backups.trouble import Trouble
from tests.sources.backups import shops
from tests.sources.backups.manifests import NOON, a_backup
from tests.sources.backups.shops import Shop

Told = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def backup(directory: Path, shop: Shop) -> Manifest:
    outcome = pipeline.make(shop.alias)
    assert isinstance(outcome, pipeline.Made), outcome
    return outcome.manifest


def counts(shop: Shop) -> dict[str, int]:
    return {table: shop.count(table) for table in shop.rows}


def test_rows_deleted_and_a_table_dropped_come_back(directory: Path, shop: Shop, backup: Manifest, told: Told) -> None:
    shop.run("DELETE FROM orders WHERE id > 10")
    shop.run("DROP TABLE items")
    shop.run("CREATE TABLE made_since (id integer)")
    restore.restore(backup, directory, shop.alias)
    assert counts(shop) == shop.rows
    assert shop.run("SELECT note FROM orders WHERE id = 999") == [(f"999 {shops.NASTY}",)]
    with pytest.raises(Exception, match="made_since"):
        shop.run("SELECT * FROM made_since")
    assert told == [("backup_restored", told[0][1])]
    assert not [name for name in os.listdir(directory) if "partial" in name]


def test_a_damaged_backup_leaves_the_database_as_it_was(
    directory: Path, shop: Shop, backup: Manifest, told: Told
) -> None:
    shop.run("DELETE FROM orders WHERE id > 10")
    os.truncate(directory / backup.file, backup.stored_bytes // 2)
    with pytest.raises(Trouble):
        restore.restore(backup, directory, shop.alias)
    assert shop.count("orders") == 11
    assert [(name, news["stage"]) for name, news in told] == [("backup_failed", "restore")]
    assert Alert.objects.get().key == f"backup:{shop.alias}:restore"


def test_a_backup_that_is_not_what_its_manifest_says_leaves_the_database_as_it_was(
    directory: Path, shop: Shop, backup: Manifest
) -> None:
    rows = {**backup.rows, f"{shop.schema}orders": 7}
    lying = manifest.change(backup.name, directory, lambda each: replace(each, rows=rows))
    shop.run("DELETE FROM orders WHERE id > 10")
    with pytest.raises(Trouble, match="orders has 1,000 rows, and had 7"):
        restore.restore(lying, directory, shop.alias)
    assert shop.count("orders") == 11


def test_a_database_in_use_is_refused_by_name_of_who_uses_it(
    directory: Path, shop: Shop, backup: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = connections[shop.alias].copy()
    user.connect()
    try:
        with user.cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE" if shop.kind == "sqlite" else "SELECT 1")
        with monkeypatch.context() as hasty:
            for module in ("postgresql_restore", "sqlite", "mysql"):
                hasty.setattr(f"freeze_alerts.sources.backups.engines.{module}._PATIENCE_SECONDS", 0.2)
            with pytest.raises(Trouble, match=rf"the database {shop.alias} is in use by .*restore again"):
                restore.restore(backup, directory, shop.alias)
    finally:
        user.close()
    restore.restore(backup, directory, shop.alias)
    assert counts(shop) == shop.rows


def test_the_latest_is_of_exactly_that_alias(directory: Path, db: None) -> None:
    old = a_backup(directory, "app_20261123T110000Z_0000000a", database="app", snapshot_at=NOON - timedelta(hours=1))
    new = a_backup(directory, "app_20261123T120000Z_0000000b", database="app", snapshot_at=NOON)
    other = a_backup(directory, "app_old_20261123T130000Z_0000000c", database="app_old", snapshot_at=NOON)
    assert restore.choose(directory, "latest", into="app") == new
    assert restore.choose(directory, "latest", into="app", before=NOON - timedelta(minutes=1)) == old
    assert restore.choose(directory, "latest", into="app", before=NOON) == new
    assert restore.choose(directory, "latest", into="staging", database="app_old") == other
    assert restore.choose(directory, old.file, into="anything") == old


@pytest.mark.parametrize(
    ("name", "into", "says"),
    [
        (
            "latest",
            "staging",
            r"no complete backup of staging in .*; there are some of app \(name one with --database\)",
        ),
        ("app_2026", "app", "there is no backup app_2026 in .*; --list shows those that are there"),
        ("app_20261123T110000Z_0000000b", "app", "is not there, or has not the size"),
        ("app_20261123T110000Z_0000000c", "app", "the manifest of .* can't be read: it is damaged"),
    ],
)
def test_what_can_not_be_chosen_is_said(directory: Path, name: str, into: str, says: str) -> None:
    a_backup(directory, "app_20261123T110000Z_0000000a", database="app")
    gone = a_backup(directory, "app_20261123T110000Z_0000000b", database="app")
    (directory / gone.file).unlink()
    (directory / "app_20261123T110000Z_0000000c.json").write_bytes(b"{")
    with pytest.raises(Trouble, match=says):
        restore.choose(directory, name, into=into)


def test_a_directory_that_can_not_be_looked_at_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Trouble, match="file can't be read: Not a directory"):
        restore.choose(tmp_path / "file", "latest", into="app")


def test_a_backup_of_one_kind_never_goes_into_another(directory: Path, sqlite_shop: Shop) -> None:
    backup = a_backup(directory, engine="postgresql")
    with pytest.raises(Trouble, match="is of postgresql, and shop is sqlite"):
        restore.restore(backup, directory, sqlite_shop.alias)
