"""The second copy, in a storage of Django's. Where it fails it is told and tried again, and the local one counts."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import storages

from freeze_alerts import conf, signals
from freeze_alerts.sources.backups import durable, manifest, tell
from freeze_alerts.sources.backups.manifest import Copy, Manifest
from freeze_alerts.sources.backups.trouble import Trouble, scrubbed

logger = logging.getLogger(__name__)

ATTEMPTS = 3
PAUSE_SECONDS = 2.0
_CHUNK_BYTES = 1 << 20
_IN_MEMORY_BYTES = 16 << 20


class RemoteTrouble(Trouble):
    """The storage refused, or has not what it should have."""


def copy_all(alias: str, directory: Path, *, task_id: str = "") -> str:
    """Copy every complete backup of the alias that has no copy there yet, the newest first.

    Gives what went wrong, empty where nothing did; the first failure ends it, and the next run tries again.
    """
    storage = conf.current().backups.storage
    if storage is None:
        return ""
    for made in manifest.read_all(directory).of(alias):
        if any(each.storage == storage for each in made.copies):
            continue
        try:
            copy(made, directory, storage)
        except (RemoteTrouble, manifest.Unreadable, OSError) as problem:
            trouble = problem if isinstance(problem, RemoteTrouble) else RemoteTrouble(str(problem), stage="copy")
            tell.failed(alias, trouble, directory=directory, name=made.name, task_id=task_id)
            return str(trouble)
        tell.tell(signals.backup_copied, database=alias, name=made.name, storage=storage)
    return ""


def copy(made: Manifest, directory: Path, storage: str) -> Manifest:
    """Copy one, compare what arrived, and note it in the manifest; its own copy goes last. Raises RemoteTrouble."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _copied(made, directory, storage)
        except RemoteTrouble as problem:
            if attempt == ATTEMPTS:
                raise
            logger.warning("copying %s, attempt %d: %s", made.name, attempt, problem)
            time.sleep(PAUSE_SECONDS * attempt)
    raise AssertionError("unreachable")


def delete(copied: Copy) -> None:
    """The manifest first: a file without one is no backup. Raises RemoteTrouble."""
    with _reached(copied.storage) as place:
        place.delete(copied.manifest_name)
        place.delete(copied.name)


def names(storage: str) -> list[str]:
    """What lies at the top of the storage. Raises RemoteTrouble."""
    with _reached(storage) as place:
        return sorted(place.listdir("")[1])


def manifests(storage: str, *, but: Collection[str]) -> list[Manifest]:
    """Those that lie in the storage, without those of these names; one that can't be read is passed over.

    Raises RemoteTrouble.
    """
    with _reached(storage) as place:
        named = [name for name in place.listdir("")[1] if manifest.is_named_like_ours(name) and name.endswith(".json")]
        contents = {name: _content(place, name) for name in sorted(named) if Path(name).stem not in but}
    found = []
    for name, content in contents.items():
        with suppress(manifest.Unreadable):
            there = manifest.parse(content, name)
            copies = tuple(replace(each, manifest_name=name) for each in there.copies if each.storage == storage)
            found.append(replace(there, copies=copies))
    return [each for each in found if each.name not in but]


def _content(place: Any, name: str) -> bytes:
    with place.open(name) as there:
        content: bytes = there.read()
    return content


def _copied(made: Manifest, directory: Path, storage: str) -> Manifest:
    with _reached(storage) as place:
        with durable.reading(manifest.file_path(made, directory)) as local:
            name = place.save(made.file, File(local, name=made.file))
        try:
            _compare(place, name, made)
            noted = _with_manifest(place, name, made, storage)
        except BaseException:
            with suppress(Exception):  # what it failed of is what is told
                place.delete(name)
            raise
    return manifest.change(made.name, directory, lambda each: replace(each, copies=(*each.copies, noted)))


def _with_manifest(place: Any, name: str, made: Manifest, storage: str) -> Copy:
    wanted = f"{made.name}.json"
    noted = Copy(storage, name, wanted, made.stored_bytes, datetime.now(UTC))
    content = manifest.as_json(replace(made, copies=(*made.copies, noted)))
    return replace(noted, manifest_name=place.save(wanted, ContentFile(content, name=wanted)))


def _compare(place: Any, name: str, made: Manifest) -> None:
    size = place.size(name)
    if size != made.stored_bytes:
        raise RemoteTrouble(f"{name} has {size:,} bytes there, and {made.stored_bytes:,} here", stage="copy")
    hashed = hashlib.sha256()
    with place.open(name) as there:
        while chunk := there.read(_CHUNK_BYTES):
            hashed.update(chunk)
    if hashed.hexdigest() != made.sha256:
        raise RemoteTrouble(f"{name} is not there what it is here: its SHA-256 is another", stage="copy")


@contextmanager
def _reached(storage: str) -> Iterator[Any]:
    """A storage of our own by that alias. Raises RemoteTrouble for whatever a foreign storage may raise."""
    try:
        description: Any = storages.backends[storage]
        place: Any = storages.create_storage(description)
        if getattr(place, "max_memory_size", None) == 0:  # django-storages: 0 is all of the file in memory
            place.max_memory_size = _IN_MEMORY_BYTES
        yield place
    except RemoteTrouble:
        raise
    except Exception as problem:  # the door to a storage of others
        said = scrubbed(str(problem)) or type(problem).__name__
        raise RemoteTrouble(
            f"the storage {storage} failed: {type(problem).__name__}: {said}", stage="copy"
        ) from problem
