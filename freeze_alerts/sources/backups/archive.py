"""A backup on its way back: hashed, opened, unpacked, and refused where it is not what was written."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from freeze_alerts.sources.backups import durable, encryption, manifest
from freeze_alerts.sources.backups.manifest import Manifest
from freeze_alerts.sources.backups.trouble import Damaged, Trouble, Unread

CHUNK_BYTES = 1 << 20
_PACKED_BYTES = 1 << 12
"""So much is unpacked at once: of what is all alike, each byte may become many thousand."""

Sink = Callable[[bytes], object]


@dataclass(frozen=True)
class Archive:
    """A complete backup in its directory. ``identity`` is the path of the age key that opens an encrypted one."""

    manifest: Manifest
    directory: Path
    identity: str | None = None

    @property
    def path(self) -> Path:
        return manifest.file_path(self.manifest, self.directory)

    def pour(self, sink: Sink) -> None:
        """Give the raw dump to ``sink``, piece by piece. Raises Damaged, at the latest when all has been given."""
        unpack = _Unpacker(sink)
        with _opened(self) as file:
            hashed = _Hashed(file, self.path)
            if self.manifest.encrypted:
                encryption.decrypt(hashed, unpack, self.identity, self.manifest.recipients)
            else:
                while chunk := hashed.read(CHUNK_BYTES):
                    unpack.write(chunk)
            self._compare(hashed)
        if not unpack.is_complete:
            raise Damaged(f"{self.manifest.file} ends in the middle", stage="proof")

    def check_hash(self) -> None:
        """Read the file, and compare size and SHA-256 with the manifest. Raises Damaged."""
        with _opened(self) as file:
            hashed = _Hashed(file, self.path)
            while hashed.read(CHUNK_BYTES):
                pass
            self._compare(hashed)

    @contextmanager
    def unpacked(self) -> Iterator[Path]:
        """The raw dump as a file, private, beside the backup, and gone afterwards. Raises Damaged, Trouble."""
        path = self.directory / f".{self.manifest.name}.{os.urandom(4).hex()}.unpacked.partial"
        try:
            with os.fdopen(durable.create_held(path), "wb") as file:
                self.pour(file.write)
                file.flush()
                yield path
        except OSError as problem:
            raise Trouble(
                f"{self.manifest.file} could not be unpacked in {self.directory}: {problem.strerror}; copy it and its"
                " .json to where there is room, and name that in BACKUPS['DIRECTORY']",
                stage="proof",
            ) from problem
        finally:
            with suppress(OSError):
                path.unlink()

    def _compare(self, hashed: _Hashed) -> None:
        """What is left of the file is read first: a decoder may stop before its end."""
        while hashed.read(CHUNK_BYTES):
            pass
        if hashed.size != self.manifest.stored_bytes:
            raise Damaged(
                f"{self.manifest.file} has {hashed.size:,} bytes, and had {self.manifest.stored_bytes:,}",
                stage="proof",
            )
        if hashed.digest != self.manifest.sha256:
            raise Damaged(f"{self.manifest.file} is not what was written: its SHA-256 is another", stage="proof")


@contextmanager
def _opened(archive: Archive) -> Iterator[IO[bytes]]:
    with ExitStack() as held:
        try:
            file = held.enter_context(durable.reading(archive.path))
        except FileNotFoundError as problem:
            raise Damaged(f"{archive.manifest.file} is not there", stage="proof") from problem
        except OSError as problem:
            raise _unread(archive.path, problem) from problem
        yield file


def _unread(path: Path, problem: OSError) -> Unread:
    return Unread(f"{path.name} can't be read: {problem.strerror or problem}", stage="proof")


class _Hashed:
    """A file that is hashed as it is read."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self._file = file
        self._path = path
        self._hash = hashlib.sha256()
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        try:
            chunk = self._file.read(size)
        except OSError as problem:
            raise _unread(self._path, problem) from problem
        self._hash.update(chunk)
        self.size += len(chunk)
        return chunk

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


class _Unpacker:
    def __init__(self, sink: Sink) -> None:
        import zstandard  # only who reads a backup needs it

        self._refusal = zstandard.ZstdError
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._sink = sink

    def write(self, chunk: bytes) -> int:
        for start in range(0, len(chunk), _PACKED_BYTES):
            self._unpack(chunk[start : start + _PACKED_BYTES])
        return len(chunk)

    def _unpack(self, packed: bytes) -> None:
        if self.is_complete:
            raise Damaged("there is more behind the end of the archive", stage="proof")
        try:
            unpacked = self._frame.decompress(packed)
        except self._refusal as problem:
            raise Damaged(f"the archive can't be unpacked: {problem}", stage="proof") from problem
        self._sink(unpacked)

    def flush(self) -> None:
        """Nothing is kept back."""

    @property
    def is_complete(self) -> bool:
        return bool(self._frame.eof)
