from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from freeze_alerts.sources.backups import engines, pipeline, restore, verify
from freeze_alerts.sources.backups.engines.insert_rows import InsertRows
from freeze_alerts.sources.backups.manifest import Manifest
from freeze_alerts.sources.backups.trouble import HalfDone
from tests.sources.backups.shops import ORDERS, Shop


def made(shop: Shop) -> Manifest:
    outcome = pipeline.make(shop.alias)
    assert isinstance(outcome, pipeline.Made), outcome
    return outcome.manifest


def test_views_triggers_routines_and_binary_come_back(directory: Path, mysql_shop: Shop) -> None:
    for statement in (
        "CREATE TABLE photos (id int AUTO_INCREMENT PRIMARY KEY, content blob, note text)",
        "INSERT INTO photos (content, note) VALUES (x'00ff27285c0a', ''), (x'', '(((')",
        "CREATE VIEW cheap AS SELECT id FROM orders WHERE id < 10",
        "CREATE TRIGGER counted AFTER INSERT ON items FOR EACH ROW INSERT INTO nothing_yet VALUES (NEW.id)",
        "CREATE PROCEDURE twice(n int) SELECT n * 2",
        "CREATE TABLE `odd ``name` (id int)",
        "INSERT INTO `odd ``name` VALUES (1), (2)",
    ):
        mysql_shop.run(statement)
    backup = made(mysql_shop)
    assert backup.rows == {**mysql_shop.rows, "photos": 2, "odd `name": 2}
    proofs = [prove(backup, directory) for prove in (verify.read_back, verify.drill)]
    assert [(each.outcome, each.detail) for each in proofs] == [("ok", ""), ("ok", "")]
    mysql_shop.run("DROP PROCEDURE twice")
    restore.restore(backup, directory, mysql_shop.alias)
    mysql_shop.run("INSERT INTO items VALUES (77, 0)")
    mysql_shop.run("INSERT INTO photos (note) VALUES ('the next one')")
    assert (mysql_shop.count("nothing_yet"), mysql_shop.count("cheap")) == (1, 10)
    assert mysql_shop.run("SELECT hex(content) FROM photos WHERE id = 1") == [("00FF27285C0A",)]
    assert mysql_shop.run("SELECT max(id) FROM photos") == [(3,)]


@pytest.mark.skipif(shutil.which("zstd") is None, reason="zstd is not installed here")
def test_a_dump_is_a_script_once_it_is_unpacked(directory: Path, mysql_shop: Shop) -> None:
    backup = made(mysql_shop)
    command = ["zstd", "-q", "-d", "-c", str(directory / backup.file)]
    script = subprocess.run(command, capture_output=True, check=True).stdout
    counter = InsertRows()
    counter.feed(script)
    assert (counter.rows, script.rstrip().splitlines()[-1][:17]) == (mysql_shop.rows, b"-- Dump completed")


def test_a_restore_that_fails_half_way_says_so_and_can_be_done_again(
    directory: Path, mysql_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = made(mysql_shop)
    broken = directory.parent / "bin" / "mariadb"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\n[ \"$1\" = --version ] && echo 'mariadb from 99.0.0-MariaDB' || exit 7\n")
    broken.chmod(0o700)
    with monkeypatch.context() as patched:
        patched.setenv("PATH", str(broken.parent), prepend=":")
        with pytest.raises(HalfDone, match="the old database is gone, and the new one not whole"):
            restore.restore(backup, directory, mysql_shop.alias)
    restore.restore(backup, directory, mysql_shop.alias)
    assert mysql_shop.count("orders") == ORDERS


def test_an_identity_outlives_a_container(mysql_shop: Shop) -> None:
    """MariaDB has no number of its own, and the host's name changes with each deployment."""
    identity = engines.of(mysql_shop.alias).server().identity
    host, port = mysql_shop.description["HOST"], mysql_shop.description["PORT"]
    assert identity == f"mysql:{host}:{port}/{mysql_shop.description['NAME']}"
