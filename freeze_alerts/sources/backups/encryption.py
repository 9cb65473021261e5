"""To age recipients and back, in the stream. The machine that makes backups need not be able to read them."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Protocol

from freeze_alerts.sources.backups.trouble import Inconclusive, Trouble, Unread, scrubbed

_ANOTHER_KEY = "No matching keys"


class Source(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class Target(Protocol):
    def write(self, chunk: bytes, /) -> object: ...


def recipients(named: tuple[str, ...]) -> list[Any]:
    """Raises Trouble: where one is no recipient, or the extra ``encryption`` is not installed."""
    pyrage = _pyrage()
    return [_recipient(pyrage, each.strip()) for each in named]


def encrypt(source: Source, target: Target, to: list[Any]) -> None:
    _pyrage().encrypt_io(source, _Frank(target), to)


def decrypt(source: Source, target: Target, identity: str | None, recipients: tuple[str, ...]) -> None:
    """Raises NoKey where the key is missing, Unread where it is another's, Trouble, and whatever the target raises."""
    if not identity:
        raise NoKey("it is encrypted, and no identity is set (FREEZE_ALERTS['BACKUPS']['IDENTITY'])", stage="proof")
    pyrage, frank = _pyrage(), _Frank(target)
    keys = _identities(pyrage, Path(identity))
    try:
        pyrage.decrypt_io(source, frank, keys)
    except Exception as problem:  # pyrage wraps what the target raises in an error of its own
        if frank.raised is not None:
            raise frank.raised from None
        said = f"it can't be decrypted with {identity}: {_first_line(problem)}"
        if _ANOTHER_KEY in said:
            raise Unread(f"{said}; it is encrypted to {', '.join(recipients)}", stage="proof") from problem
        raise Trouble(said, stage="proof") from problem


class NoKey(Inconclusive):
    """An encrypted backup, and no key here that opens it."""


class _Frank:
    """Remembers what its target raised."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self.raised: Exception | None = None

    def write(self, chunk: bytes) -> int:
        try:
            self._target.write(chunk)
        except Exception as problem:
            self.raised = problem
            raise
        return len(chunk)

    def flush(self) -> None:
        """The target has it all."""


def _recipient(pyrage: Any, named: str) -> Any:
    kind = pyrage.ssh if named.startswith("ssh-") else pyrage.x25519
    try:
        return kind.Recipient.from_str(named)
    except pyrage.RecipientError as problem:
        raise Trouble(
            f"ENCRYPT_TO has {scrubbed(named)[:24]!r}, which is neither an age recipient (age1…)"
            " nor an SSH public key",
            stage="preflight",
        ) from problem


def _identities(pyrage: Any, path: Path) -> list[Any]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")  # a key that is itself encrypted
    except OSError as problem:
        raise NoKey(f"the identity {path} can't be read: {problem.strerror}", stage="proof") from problem
    try:
        if "PRIVATE KEY-----" in text:
            return [pyrage.ssh.Identity.from_buffer(text.encode())]
        lines = (line.strip() for line in text.splitlines())
        return [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except pyrage.IdentityError as problem:
        raise Trouble(f"{path} is neither an age identity nor an SSH private key", stage="proof") from problem


def _pyrage() -> Any:
    try:
        return importlib.import_module("pyrage")  # an extra; only who encrypts needs it
    except ImportError as problem:
        raise Trouble(
            "encryption needs pyrage, which is not installed: pip install 'freeze-alerts[encryption]'",
            stage="preflight",
        ) from problem


def _first_line(problem: Exception) -> str:
    return (str(problem) or type(problem).__name__).splitlines()[0]
