from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyrage  # type: ignore[import-not-found]
import pytest
from pytest_django import Settings

from freeze_alerts.sources.backups import manifest, pipeline, restore, verify
from freeze_alerts.sources.backups.check import check
from freeze_alerts.sources.backups.pipeline import Failed, Made
from freeze_alerts.sources.backups.trouble import Trouble
from tests.sources.backups.shops import Shop


def a_key(path: Path) -> str:
    """A new identity in that file; gives its recipient."""
    identity = pyrage.x25519.Identity.generate()
    path.write_text(f"# created: 2026-11-23\n# public key: {identity.to_public()}\n{identity}\n")
    return str(identity.to_public())


@pytest.fixture
def recipient(tmp_path: Path, directory: Path, settings: Settings) -> str:
    recipient = a_key(tmp_path / "key")
    _use(settings, directory, recipient, None)
    return recipient


def _use(settings: Settings, directory: Path, recipient: str, identity: Path | None) -> None:
    settings.FREEZE_ALERTS = {
        "BACKUPS": {
            "DIRECTORY": str(directory), "ENCRYPT_TO": [recipient], "IDENTITY": str(identity) if identity else None,
        },
        "DELIVERY": {"DOORBELL": "none"},
    }  # fmt: skip


def made(shop: Shop) -> manifest.Manifest:
    outcome = pipeline.make(shop.alias)
    assert isinstance(outcome, Made), outcome
    return outcome.manifest


def test_an_encrypted_backup_is_proved_and_restored_with_its_key(
    directory: Path, shop: Shop, tmp_path: Path, settings: Settings, recipient: str
) -> None:
    backup = made(shop)
    assert (backup.recipients, backup.file.endswith(".zst.age")) == ((recipient,), True)
    assert (directory / backup.file).read_bytes().startswith(b"age-encryption.org/v1")
    _use(settings, directory, recipient, tmp_path / "key")
    proofs = [prove(backup, directory) for prove in (verify.check_hash, verify.read_back, verify.drill)]
    assert [each.outcome for each in proofs] == ["ok"] * 3
    shop.run("DELETE FROM orders WHERE id > 10")
    restore.restore(backup, directory, shop.alias)
    assert shop.count("orders") == 1000


def test_without_a_key_nothing_is_proved_but_the_hash_and_nothing_is_a_failure(
    directory: Path, sqlite_shop: Shop, recipient: str, told: list[tuple[str, dict[str, Any]]]
) -> None:
    backup = made(sqlite_shop)
    proofs = [prove(backup, directory) for prove in (verify.check_hash, verify.read_back, verify.drill)]
    assert [each.outcome for each in proofs] == ["ok", "inconclusive", "inconclusive"]
    assert "no identity is set" in proofs[1].detail
    assert [name for name, _ in told] == ["backup_made"]


def test_a_wrong_key_is_said_and_changes_nothing(
    directory: Path, sqlite_shop: Shop, tmp_path: Path, settings: Settings, recipient: str
) -> None:
    backup = made(sqlite_shop)
    a_key(tmp_path / "other")
    _use(settings, directory, recipient, tmp_path / "other")
    assert verify.read_back(backup, directory).outcome == "failed"
    (remark,) = [each for each in check([sqlite_shop.alias], deep=True)[0].remarks if each.about == "file"]
    assert (remark.level, "damaged" in remark.text) == ("unknown", False)
    sqlite_shop.run("DELETE FROM orders WHERE id > 10")
    said = rf"can't be decrypted with .*other: No matching keys found; it is encrypted to {recipient}"
    with pytest.raises(Trouble, match=said):
        restore.restore(backup, directory, sqlite_shop.alias)
    assert sqlite_shop.count("orders") == 11


def test_one_bit_of_difference_in_an_encrypted_one_is_found(
    directory: Path, sqlite_shop: Shop, tmp_path: Path, settings: Settings, recipient: str
) -> None:
    backup = made(sqlite_shop)
    content = bytearray((directory / backup.file).read_bytes())
    content[-20] ^= 1
    (directory / backup.file).write_bytes(content)
    _use(settings, directory, recipient, tmp_path / "key")
    assert verify.read_back(backup, directory).outcome == "failed"


@pytest.mark.parametrize("named", ["age1nonsense", "somebody@example.com", "ssh-ed25519 AAAA"])
def test_a_recipient_that_is_none_is_said_before_anything_is_written(
    directory: Path, sqlite_shop: Shop, settings: Settings, named: str
) -> None:
    _use(settings, directory, named, None)
    outcome = pipeline.make(sqlite_shop.alias)
    assert isinstance(outcome, Failed)
    assert "neither an age recipient" in outcome.error
    assert list(directory.iterdir()) == []


def test_a_secret_key_in_the_place_of_a_recipient_is_not_shown(
    directory: Path, sqlite_shop: Shop, settings: Settings
) -> None:
    secret = str(pyrage.x25519.Identity.generate())
    _use(settings, directory, secret, None)
    outcome = pipeline.make(sqlite_shop.alias)
    assert isinstance(outcome, Failed)
    assert "ENCRYPT_TO has 'AGE-SECRET-KEY-1***', which is neither" in outcome.error


def test_without_the_extra_it_says_what_to_install(
    directory: Path, sqlite_shop: Shop, recipient: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyrage", None)
    outcome = pipeline.make(sqlite_shop.alias)
    assert isinstance(outcome, Failed)
    assert "pip install 'freeze-alerts[encryption]'" in outcome.error


@pytest.mark.parametrize(
    "content", [b"", b"# nothing\n", b"AGE-SECRET-KEY-1NONSENSE\n", b"age-encryption.org/v1\n\xff\xfe"]
)
def test_an_identity_that_is_none_is_said_without_showing_it(
    directory: Path, sqlite_shop: Shop, settings: Settings, recipient: str, content: bytes
) -> None:
    backup = made(sqlite_shop)
    (directory.parent / "broken").write_bytes(content)
    _use(settings, directory, recipient, directory.parent / "broken")
    proof = verify.read_back(backup, directory)
    assert proof.outcome == "failed"
    assert "broken" in proof.detail
    assert "NONSENSE" not in proof.detail


def test_an_identity_that_can_not_be_read_is_said(
    directory: Path, sqlite_shop: Shop, tmp_path: Path, settings: Settings, recipient: str
) -> None:
    backup = made(sqlite_shop)
    _use(settings, directory, recipient, tmp_path / "gone")
    proof = verify.read_back(backup, directory)
    assert (proof.outcome, proof.detail) == (
        "inconclusive", f"the identity {tmp_path / 'gone'} can't be read: No such file or directory",
    )  # fmt: skip


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed here")
def test_an_ssh_key_can_be_a_recipient(directory: Path, sqlite_shop: Shop, tmp_path: Path, settings: Settings) -> None:
    key = tmp_path / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    _use(settings, directory, key.with_suffix(".pub").read_text().strip(), key)
    assert verify.read_back(made(sqlite_shop), directory).outcome == "ok"
