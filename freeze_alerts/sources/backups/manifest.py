"""The manifest beside each backup: what it is, what is in it, and what was proved of it. It is the truth.

The table in the database is only its cache: it is inside the dump, and goes back in time at a restore.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from freeze_alerts.conf import FreezeAlertsError
from freeze_alerts.sources.backups import durable

SCHEMA = 1
PROOF_FINE, PROOF_FAILED, PROOF_INCONCLUSIVE = "ok", "failed", "inconclusive"

_OURS = re.compile(r"[\w-]+_\d{8}T\d{6}Z_[0-9a-f]{8}\.(?:(?:dump|sqlite3|sql)\.zst(?:\.age)?|json)")


class Unreadable(FreezeAlertsError):
    """A manifest that can't be read."""


@dataclass(frozen=True)
class Proof:
    """``level`` 0: right as it was made; 1: read back whole; 2: restored and compared."""

    level: int
    at: datetime
    outcome: str
    detail: str = ""


@dataclass(frozen=True)
class Copy:
    """A second copy, under the names that the storage gave: not always those it was asked for."""

    storage: str
    name: str
    manifest_name: str
    size: int
    at: datetime


@dataclass(frozen=True)
class Manifest:
    """One complete backup. Its age counts from ``snapshot_at``; ``rows`` are those of that very snapshot."""

    id: str
    name: str
    file: str
    database: str
    identity: str
    engine: str
    database_name: str
    started_at: datetime
    snapshot_at: datetime
    finished_at: datetime
    raw_bytes: int
    stored_bytes: int
    sha256: str
    level: int
    rows: Mapping[str, int] = field(hash=False)
    migrations: Mapping[str, str] = field(hash=False)
    server_version: str
    client_version: str
    command: str
    app_version: str
    django_version: str
    host: str
    compression: str = "zstd"
    recipients: tuple[str, ...] = ()
    task_id: str = ""
    warnings: str = ""
    proofs: tuple[Proof, ...] = ()
    copies: tuple[Copy, ...] = ()
    pinned: bool = False
    schema: int = SCHEMA

    @property
    def duration(self) -> timedelta:
        return self.finished_at - self.started_at

    @property
    def encrypted(self) -> bool:
        return bool(self.recipients)

    @property
    def total_rows(self) -> int:
        return sum(self.rows.values())

    @property
    def verified_at(self) -> datetime | None:
        """When it last proved to be readable: the hash as it was made proves only that it is what was written."""
        proved = [each.at for each in self.proofs if each.outcome == PROOF_FINE and each.level > 0]
        return max(proved, default=None)


@dataclass(frozen=True)
class Directory:
    """What lies in a directory of backups. ``backups`` are complete, the newest snapshot first."""

    backups: tuple[Manifest, ...] = ()
    missing: tuple[Manifest, ...] = ()
    """A manifest whose file is not there, or has not the size it should have."""
    damaged: tuple[Path, ...] = ()
    """A manifest of ours that can't be read."""
    orphans: tuple[Path, ...] = ()
    """A file of ours without a manifest: it never was complete, or lost its manifest."""
    partials: tuple[Path, ...] = ()
    foreign: tuple[Path, ...] = field(default=())
    """Everything else; not ours to touch."""

    def of(self, database: str, identity: str | None = None) -> tuple[Manifest, ...]:
        """The complete backups of exactly this alias, and this database if one is named."""
        return tuple(each for each in self.backups if each.database == database and identity in (None, each.identity))

    def find(self, name: str) -> Manifest | None:
        """A complete backup by its name, its file's or its manifest's."""
        wanted = Path(name).name
        return next((each for each in self.backups if wanted in (each.name, each.file, f"{each.name}.json")), None)


def file_path(manifest: Manifest, directory: Path) -> Path:
    return directory / manifest.file


def manifest_path(name: str, directory: Path) -> Path:
    return directory / f"{name}.json"


def write(manifest: Manifest, directory: Path) -> None:
    """Raises OSError, and then nothing has changed."""
    durable.write(manifest_path(manifest.name, directory), as_json(manifest))


def as_json(manifest: Manifest) -> bytes:
    return json.dumps(asdict(manifest), default=lambda when: when.astimezone(UTC).isoformat(), indent=1).encode()


def read(path: Path) -> Manifest:
    """Raises Unreadable."""
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise Unreadable(f"{path.name} can't be read: {problem.strerror}") from problem
    return parse(content, path.name)


def parse(content: bytes, name: str) -> Manifest:
    """A manifest from the content of a file of this name. Raises Unreadable."""
    try:
        return _from_json(json.loads(content))
    except (ValueError, TypeError, KeyError, AttributeError) as problem:
        raise Unreadable(f"{name} can't be read: {type(problem).__name__}: {problem}") from problem


def is_named_like_ours(name: str) -> bool:
    """Whether a file has such a name as we give: no more than that."""
    return _OURS.fullmatch(name) is not None


def change(name: str, directory: Path, edit: Callable[[Manifest], Manifest]) -> Manifest:
    """Read it as it is now, edit it, and write it. Raises Unreadable, OSError."""
    changed = edit(read(manifest_path(name, directory)))
    write(changed, directory)
    return changed


def with_proof(manifest: Manifest, proof: Proof) -> Manifest:
    """The last proof of each level and outcome is kept."""
    others = [each for each in manifest.proofs if (each.level, each.outcome) != (proof.level, proof.outcome)]
    return replace(manifest, proofs=(*others, proof))


def read_all(directory: Path) -> Directory:
    """Everything in the directory, each thing under what it is. Raises OSError; one that is missing is empty."""
    if not directory.exists():
        return Directory()
    found: dict[str, list[Any]] = {each: [] for each in ("backups", "missing", "damaged", "orphans", "partials")}
    foreign = []
    files = {each.name: each for each in sorted(directory.iterdir()) if each.is_file() or each.is_symlink()}
    for name, path in files.items():
        if name.startswith(".") and name.endswith(".partial"):
            found["partials"].append(path)
        elif not _OURS.fullmatch(name):
            foreign += [] if _is_ours_hidden(name) else [path]
        elif name.endswith(".json"):
            kind, content = _looked_at(path)
            found[kind].append(content)
    named = {each.file for each in (*found["backups"], *found["missing"])}
    damaged = {each.stem for each in found["damaged"]}
    for name, path in files.items():
        if _OURS.fullmatch(name) and not name.endswith(".json") and name not in named:
            found["orphans"] += [] if name.split(".zst")[0].rpartition(".")[0] in damaged else [path]
    found["backups"].sort(key=lambda each: each.snapshot_at, reverse=True)
    return Directory(**{kind: tuple(each) for kind, each in found.items()}, foreign=tuple(foreign))


def _looked_at(path: Path) -> tuple[str, Manifest | Path]:
    try:
        manifest = read(path)
        if manifest.name != path.stem or Path(manifest.file).name != manifest.file:
            return "damaged", path  # renamed by hand, or made up: it speaks of another file
        complete = (path.parent / manifest.file).stat().st_size == manifest.stored_bytes
    except Unreadable:
        return "damaged", path
    except OSError:
        complete = False
    return "backups" if complete else "missing", manifest


def _is_ours_hidden(name: str) -> bool:
    return name.startswith(".") and name.endswith((".running", ".lock", ".scratch"))


def _from_json(raw: dict[str, Any]) -> Manifest:
    known = {name: raw[name] for name in Manifest.__dataclass_fields__ if name in raw}
    times = {name: datetime.fromisoformat(raw[name]) for name in ("started_at", "snapshot_at", "finished_at")}
    proofs = tuple(Proof(**{**each, "at": datetime.fromisoformat(each["at"])}) for each in raw["proofs"])
    copies = tuple(Copy(**{**each, "at": datetime.fromisoformat(each["at"])}) for each in raw["copies"])
    known |= {"recipients": tuple(raw["recipients"]), "proofs": proofs, "copies": copies}
    if any(when.tzinfo is None for when in times.values()):
        raise ValueError("a time without its zone")
    return Manifest(**{**known, **times})
