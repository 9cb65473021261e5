"""Making one backup: look, lock, dump in one pass, name it when all of it is on the disk, and only then say so."""

from __future__ import annotations

import logging
import os
import socket
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import django

import freeze_alerts
from freeze_alerts import conf, signals
from freeze_alerts.sources.backups import (
    connection,
    durable,
    encryption,
    engines,
    lock,
    manifest,
    names,
    preflight,
    remote,
    running,
    stream,
    sweeping,
    tell,
)  # fmt: skip
from freeze_alerts.sources.backups.engines.engine import Engine, Server
from freeze_alerts.sources.backups.interruption import stopped_by
from freeze_alerts.sources.backups.lock import Holder, Taken
from freeze_alerts.sources.backups.manifest import Manifest, Proof
from freeze_alerts.sources.backups.models import OURS
from freeze_alerts.sources.backups.stream import Progress
from freeze_alerts.sources.backups.trouble import Trouble, scrubbed

logger = logging.getLogger(__name__)

_MAY_PASS = ("lock", "dump")
"""Where the database is asked: a server that is started anew is back in a minute. A full disk is not."""


@dataclass(frozen=True)
class Made:
    """Complete, and on this disk. ``copy_error`` says why the second copy is not where it should be."""

    manifest: Manifest
    copy_error: str = ""


@dataclass(frozen=True)
class Skipped:
    """Another run is making one."""

    database: str
    holder: Holder


@dataclass(frozen=True)
class Failed:
    """``untouched`` is a sentence about what there was before; ``passing``: another try may well succeed."""

    database: str
    stage: str
    error: str
    signal_name: str
    untouched: str
    passing: bool = False


Outcome = Made | Skipped | Failed


def make(alias: str, *, task_id: str = "", progress: Progress | None = None) -> Outcome:
    """One backup of one database, told by signal. Never raises for a trouble of the backup."""
    run = _Run(alias, task_id, conf.current().backups.directory, progress)
    try:
        return run.go()
    except Taken as taken:
        return Skipped(alias, taken.holder)
    except (Trouble, OSError) as problem:
        return run.failed(_as_trouble(problem))
    except Exception as problem:  # the door: whatever it was, it is told, and the next database has its turn
        logger.exception("the backup of %s failed in a way that nobody foresaw", alias)
        said = scrubbed(f"{type(problem).__name__}: {problem}", connection.password_of(alias))
        return run.failed(Trouble(said, stage="dump"))
    except BaseException as ended:
        said = f"it was stopped by {stopped_by(ended)}"
        left = run.failed(Trouble(said, stage="dump")).untouched
        ended.add_note(f"{alias}: {said}, and what was half there is removed. {left}")
        raise


@dataclass
class _Run:
    alias: str
    task_id: str
    directory: Path
    progress: Progress | None
    name: str = ""

    def failed(self, problem: Trouble) -> Failed:
        left = tell.failed(self.alias, problem, directory=self.directory, name=self.name, task_id=self.task_id)
        passing = problem.passing or problem.stage in _MAY_PASS
        return Failed(self.alias, problem.stage, str(problem), problem.signal_name, left, passing)

    def go(self) -> Made:
        server = self._looked_ahead()
        durable.make_directory(self.directory)
        with lock.hold(self.alias):
            sweeping.bury(self.alias, self.directory)
            started_at = datetime.now(UTC)
            self.name = names.of_backup(self.alias, started_at)
            with running.noted(self.alias, self.name, started_at, self.task_id, self.directory):
                tell.tell(signals.backup_started, database=self.alias, name=self.name, task_id=self.task_id)
                made = self._written(self.name, started_at, engines.of(self.alias), server)
            _told(made)
            return Made(made, remote.copy_all(self.alias, self.directory, task_id=self.task_id))

    def _looked_ahead(self) -> Server:
        outlook = preflight.look(self.alias)
        if outlook.server is not None and not outlook.problems:
            return outlook.server
        with suppress(Trouble):
            if (holder := lock.holder(self.alias)) is not None:
                raise Taken(holder)  # which explains more than, say, the room that it takes
        raise Trouble("; ".join(outlook.problems), stage="preflight", passing=outlook.server is None)

    def _written(self, name: str, started_at: datetime, engine: Engine, server: Server) -> Manifest:
        to = conf.current().backups.encrypt_to
        recipients = encryption.recipients(to) if to else None
        final = self.directory / f"{name}{engine.suffix}{'.age' if to else ''}"
        partial, raw = final.with_name(f".{final.name}.partial"), self.directory / f".{name}.raw.partial"
        created = durable.create(partial)
        try:
            with os.fdopen(created, "wb") as file:
                with engine.dump(server, raw) as dump:
                    stored = stream.store(dump.stream, file, recipients=recipients, progress=self.progress)
                    found = dump.finish()
                durable.publish(file, partial, final)
            finished_at = datetime.now(UTC)
            made = Manifest(
                id=uuid.uuid4().hex, name=name, file=final.name, database=self.alias, identity=server.identity,
                engine=engine.name, database_name=server.database_name, started_at=started_at,
                snapshot_at=dump.snapshot_at, finished_at=finished_at, raw_bytes=stored.raw_bytes,
                stored_bytes=stored.stored_bytes, sha256=stored.sha256, level=stored.level, rows=found.rows,
                migrations=found.migrations, server_version=server.version, client_version=dump.client_version,
                command=dump.command, app_version=freeze_alerts.__version__, django_version=django.get_version(),
                host=socket.gethostname(), recipients=to, task_id=self.task_id, warnings=found.warnings,
                proofs=(Proof(0, finished_at, manifest.PROOF_FINE),),
            )  # fmt: skip
            manifest.write(made, self.directory)
        except BaseException:
            for path in (manifest.manifest_path(name, self.directory), partial, final):
                path.unlink(missing_ok=True)
            raise
        return made


def _told(made: Manifest) -> None:
    tell.tell(
        signals.backup_made, database=made.database, name=made.name, snapshot_at=made.snapshot_at,
        duration_seconds=made.duration.total_seconds(), stored_bytes=made.stored_bytes, task_id=made.task_id,
        made_by=OURS,
    )  # fmt: skip


def _as_trouble(problem: Trouble | OSError) -> Trouble:
    if isinstance(problem, Trouble):
        return problem
    where = f" ({problem.filename})" if problem.filename else ""
    return Trouble(f"the backup could not be written: {problem.strerror or problem}{where}", stage="write")
