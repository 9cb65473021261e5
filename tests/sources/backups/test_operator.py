"""What somebody at a shell reads who is tired and in a hurry: what happened, what was left, what to type next."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError
from django.db import ProgrammingError

from freeze_alerts import delivery
from freeze_alerts.sources.backups import manifest, pipeline
from freeze_alerts.sources.backups.manifest import Manifest
from freeze_alerts.sources.backups.pipeline import Made
from tests.commands.backups import run_backups
from tests.sources.backups.shops import Shop

pytestmark = pytest.mark.django_db(transaction=True)


def made(shop: Shop) -> Manifest:
    outcome = pipeline.make(shop.alias)
    assert isinstance(outcome, Made), outcome
    return outcome.manifest


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        # who forgets --restore would think that it was done, and who forgets --cleanup that nothing was
        (["--before", "2026-01-15", "--into", "shop"], "--into goes with --restore"),
        (["--yes"], "--yes goes with --restore"),
        (["--dry-run"], "--dry-run goes with --cleanup"),
        (["--verify", "--deep"], "--deep goes with --check"),
    ],
)
def test_an_option_without_what_it_belongs_to_makes_no_backup(
    directory: Path, sqlite_shop: Shop, arguments: list[str], says: str
) -> None:
    with pytest.raises(CommandError, match=says):
        run_backups("--database", "shop", *arguments)
    assert list(directory.iterdir()) == []


@pytest.mark.parametrize("arguments", [["--restore", "--into", "shpo", "--yes"], ["--verify", "--database", "shpo"]])
def test_an_alias_that_is_none_is_asked_back(directory: Path, sqlite_shop: Shop, arguments: list[str]) -> None:
    made(sqlite_shop)
    code, _, err = run_backups(*arguments)
    assert (code, "did you mean shop?" in err, "no complete backup" in err) == (1, True, False)


def test_where_none_is_old_enough_the_oldest_is_named(directory: Path, sqlite_shop: Shop) -> None:
    oldest = made(sqlite_shop)
    made(sqlite_shop)
    code, _, err = run_backups("--restore", "--before", "2020-01-01", "--into", "shop", "--yes")
    assert (code, f"; the oldest is {oldest.name}, of " in err, "name one with --database" in err) == (1, True, False)


@pytest.mark.parametrize("raises", [EOFError, KeyboardInterrupt])
def test_ctrl_c_and_ctrl_d_at_the_question_are_a_no(
    directory: Path, sqlite_shop: Shop, monkeypatch: pytest.MonkeyPatch, raises: type[BaseException]
) -> None:
    def ask(_: str) -> str:
        raise raises

    made(sqlite_shop)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", ask)
    code, out, _ = run_backups("--restore", "--into", "shop")
    assert (code, out.splitlines()[-1]) == (1, "Nothing was changed.")


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: os.truncate(path, 100)])
def test_the_latest_says_which_newer_one_it_passes_over(
    directory: Path, sqlite_shop: Shop, damage: Callable[[Path], None]
) -> None:
    made(sqlite_shop)
    newest = made(sqlite_shop)
    damage(directory / newest.file)
    code, _, err = run_backups("--restore", "--into", "shop", "--yes")
    assert code == 0
    assert f"{newest.name} is newer, and is passed over: its file is gone or has another size" in err
    assert run_backups("--restore", "--before", f"{newest.snapshot_at:%Y-%m-%d}", "--into", "shop", "--yes")[0] == 1


def test_a_damaged_one_is_named_and_so_is_the_one_before_it(directory: Path, shop: Shop) -> None:
    earlier, newest = made(shop), made(shop)
    path = manifest.file_path(newest, directory)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    code, _, err = run_backups("--restore", "--into", "shop", "--yes")
    assert code == 1
    assert err.splitlines()[-2:] == [
        "Nothing was changed.",
        f"{newest.name} is damaged; the one before it: manage.py backup_database --restore {earlier.name} --into shop",
    ]
    (directory / f"{earlier.name}.json").unlink()
    err = run_backups("--restore", "--into", "shop", "--yes")[2]
    assert err.splitlines()[-1] == f"{newest.name} is damaged, and there is no earlier one of shop."


def test_what_can_not_be_sent_while_our_tables_are_not_there_is_a_line_each(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As while MariaDB is filled anew: the sentence about the restore must not drown in tracebacks."""

    def remind() -> None:
        raise ProgrammingError(1146, "Table 'shop.freeze_alerts_alert' doesn't exist")

    monkeypatch.setattr(delivery, "remind", remind)
    monkeypatch.setattr(delivery, "deliver", lambda **_: remind())
    delivery.sweep()
    lines = [each for each in caplog.records if each.name == "freeze_alerts"]
    assert [(bool(each.exc_info), "doesn't exist" in each.getMessage()) for each in lines] == [(False, True)] * 2
