"""``--check`` on real databases and real files, each damage done to a real backup."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from freeze_alerts.alerts.models import Alert
from freeze_alerts.sources.backups import cleanup, manifest, pipeline
from freeze_alerts.sources.backups.check import check
from freeze_alerts.sources.backups.models import BackupRun
from freeze_alerts.sources.backups.pipeline import Made
from tests.commands.backups import run_backups

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _watched(directory, settings):
    settings.FREEZE_ALERTS["BACKUPS"]["DATABASES"] = ["shop"]


def a_good_one(shop):
    outcome = pipeline.make(shop.alias)
    assert isinstance(outcome, Made), outcome
    return outcome.manifest


def worst(*, deep=False):
    code, out, _ = run_backups("--check", *(["--deep"] if deep else []), "--json")
    said = [each for row in json.loads(out) for each in row["remarks"] if each["level"] != "fine"]
    return code, {each["about"] for each in said}


def test_a_first_good_backup_in_a_private_directory_is_fine(shop):
    a_good_one(shop)
    assert worst() == (0, set())
    assert worst(deep=True) == (0, set())


def test_it_tells_nobody_and_changes_nothing(directory, sqlite_shop):
    made = a_good_one(sqlite_shop)
    BackupRun.objects.all().delete()
    (directory / made.file).write_bytes(b"cut")
    before = {path: path.stat().st_mtime_ns for path in directory.iterdir()}
    assert worst(deep=True)[0] == 2
    assert {path: path.stat().st_mtime_ns for path in directory.iterdir()} == before
    assert not Alert.objects.exists()
    assert not BackupRun.objects.exists()


def test_none_at_all_is_critical(sqlite_shop):
    assert worst() == (2, {"age"})


def test_one_that_is_too_old_is_critical(directory, sqlite_shop):
    made = a_good_one(sqlite_shop)
    manifest.change(made.name, directory, lambda each: replace(each, snapshot_at=each.snapshot_at - 26 * HOUR))
    assert worst() == (2, {"age"})


def flipped(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "about"),
    [
        (lambda path: path.unlink(), {"age", "file"}),
        (lambda path: path.write_bytes(path.read_bytes()[:-100]), {"age", "file"}),
        (lambda path: path.write_bytes(b""), {"age", "file"}),
        (flipped, {"file"}),
    ],
    ids=["gone", "cut", "empty", "one bit flipped"],
)
def test_a_file_that_is_not_what_was_written_is_critical(directory, shop, damage, about):
    damage(directory / a_good_one(shop).file)
    assert worst() == (2, about)


def test_rows_that_are_not_in_the_archive_are_found_by_the_deep_look(directory, shop):
    """As after a dump whose upstream was killed and whose frame was closed all the same."""
    made = a_good_one(shop)
    rows = {**made.rows, next(iter(made.rows)): 5_000_000}
    manifest.change(made.name, directory, lambda each: replace(each, rows=rows))
    assert worst() == (0, set())
    assert worst(deep=True) == (2, {"file"})


def test_a_database_that_does_not_answer_makes_no_next_backup(directory, sqlite_shop):
    a_good_one(sqlite_shop)
    os.unlink(sqlite_shop.description["NAME"])
    assert worst() == (2, {"next"})
    assert not os.path.exists(sqlite_shop.description["NAME"])


def test_a_directory_that_others_can_read_is_a_warning(directory, sqlite_shop):
    a_good_one(sqlite_shop)
    directory.chmod(0o755)
    assert worst() == (1, {"directory"})


def test_a_directory_that_cannot_be_looked_at_is_unknown(tmp_path, settings, sqlite_shop):
    (tmp_path / "file").write_bytes(b"")
    settings.FREEZE_ALERTS["BACKUPS"]["DIRECTORY"] = str(tmp_path / "file")
    assert worst() == (3, {"directory"})


def test_files_of_others_are_listed_and_no_fault(directory, sqlite_shop):
    a_good_one(sqlite_shop)
    (directory / "shop-web1-2026-11-23.psql.bin").write_bytes(b"x")
    code, out, _ = run_backups("--check")
    assert code == 0
    assert "of other tools, left alone: shop-web1-2026-11-23.psql.bin" in out


def test_what_a_cleanup_would_free_is_said(directory, sqlite_shop):
    first = a_good_one(sqlite_shop)
    for minutes in range(1, 8):
        name = f"shop_20261123T120000Z_{minutes:08x}"
        os.link(directory / first.file, directory / f"{name}.sqlite3.zst")
        at = first.snapshot_at - minutes * timedelta(minutes=1)
        manifest.write(replace(first, name=name, file=f"{name}.sqlite3.zst", snapshot_at=at), directory)
    assert "--cleanup would free" in run_backups("--check")[1]
    assert cleanup.clean("shop").deleted


def test_a_second_copy_that_is_missing_is_a_warning(directory, sqlite_shop, settings, tmp_path):
    a_good_one(sqlite_shop)
    settings.STORAGES = {
        **settings.STORAGES,
        "offsite": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "far")},
        },
    }
    settings.FREEZE_ALERTS["BACKUPS"]["STORAGE"] = "offsite"
    (tmp_path / "far").mkdir()
    assert worst() == (1, {"copies"})
    a_good_one(sqlite_shop)
    assert worst() == (0, set())
    newest = manifest.read_all(directory).backups[0]
    (tmp_path / "far" / newest.copies[0].name).unlink()
    assert worst() == (1, {"copies"})


def test_every_database_is_looked_at_for_itself(directory, sqlite_shop, settings):
    settings.FREEZE_ALERTS["BACKUPS"]["DATABASES"] = ["shop", "shop_archive"]
    a_good_one(sqlite_shop)
    levels = {each.name: each.level.value for each in check(["shop", "shop_archive"])}
    assert levels == {"shop": "fine", "shop_archive": "critical", "directory": "fine"}


def test_the_age_counts_from_the_snapshot(directory, sqlite_shop):
    made = a_good_one(sqlite_shop)
    ago = datetime.now(UTC) - 24.5 * HOUR
    manifest.change(made.name, directory, lambda each: replace(each, snapshot_at=ago, finished_at=datetime.now(UTC)))
    assert worst() == (0, set())
    assert "24 h old" in run_backups("--check")[1]
