"""What each kind of database must be able to do for its backups."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from io import RawIOBase
from pathlib import Path
from typing import IO

from freeze_alerts.sources.backups.archive import Archive
from freeze_alerts.sources.backups.content import Content
from freeze_alerts.sources.backups.interruption import Standing


@dataclass(frozen=True)
class Server:
    """A database that answered. ``identity`` tells it from every other one, whatever its alias is."""

    version: str
    identity: str
    database_name: str
    size_bytes: int

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])


@dataclass(frozen=True)
class Tool:
    path: str
    version: str

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])


@dataclass(frozen=True)
class Dump:
    """A dump that begins to flow. ``finish``, once the stream has been read to its end, gives what is in it.

    ``finish`` raises Trouble where the stream only looked like a whole dump.
    """

    stream: RawIOBase | IO[bytes]
    snapshot_at: datetime
    command: str
    client_version: str
    finish: Callable[[], Content]


class Engine(ABC):
    """One database of the project, by its alias. Every method raises Trouble."""

    name: str
    suffix: str

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self.standing = Standing.UNTOUCHED

    @abstractmethod
    def server(self) -> Server:
        """Ask the database who it is."""

    @abstractmethod
    def dump_tool(self, server: Server) -> Tool:
        """What makes the dump; refused where it is missing or older than the server."""

    @abstractmethod
    def bytes_needed(self, server: Server, last_bytes: int | None) -> int:
        """Room on the disk that a backup takes while it is made, as far as can be told."""

    @abstractmethod
    def dump(self, server: Server, raw: Path) -> AbstractContextManager[Dump]:
        """``raw`` is a path beside the backup that may be used for a plain copy, and must be gone afterwards."""

    @abstractmethod
    def count(self, archive: Archive) -> Mapping[str, int]:
        """Read the whole archive, without a server, and count its rows."""

    @abstractmethod
    def drill(self, archive: Archive) -> Content:
        """Restore into a scratch database of our own making, look at it, and drop it. Raises Inconclusive too."""

    @abstractmethod
    def restore(self, archive: Archive) -> str:
        """Put it in the place of this database. Gives a sentence about what became of the old one.

        ``standing`` says at any moment how far it got, for whoever breaks it off.
        """

    def drop(self, name: str) -> None:  # noqa: B027 - not every kind makes any
        """Drop a database that a drill or a restore of ours made, if it is still there."""

    @abstractmethod
    def in_use(self) -> str:
        """Who uses this database, in words; empty where nobody does."""
