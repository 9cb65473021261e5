"""Proofs: is it what was written, can it be read to its end, can it be restored?"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from freeze_alerts import conf, signals
from freeze_alerts.sources.backups import engines, leftovers, manifest, tell
from freeze_alerts.sources.backups.archive import Archive
from freeze_alerts.sources.backups.content import compare, compare_rows
from freeze_alerts.sources.backups.interruption import stopped_by
from freeze_alerts.sources.backups.manifest import PROOF_FAILED, PROOF_FINE, PROOF_INCONCLUSIVE, Manifest, Proof
from freeze_alerts.sources.backups.trouble import Inconclusive, Trouble

logger = logging.getLogger(__name__)

HASH, READ_BACK, DRILL = 0, 1, 2


def archive(made: Manifest, directory: Path) -> Archive:
    return Archive(made, directory, conf.current().backups.identity)


def check_hash(made: Manifest, directory: Path) -> Proof:
    """Level 0: the file has the size and the SHA-256 that were written."""
    return _proved(made, directory, HASH, archive(made, directory).check_hash)


def read_back(made: Manifest, directory: Path) -> Proof:
    """Level 1: all of it read, without a server, and its rows counted against the manifest."""

    def attempt() -> None:
        rows = engines.reader(made).count(archive(made, directory))
        compare_rows(made, rows, stage="proof")

    return _proved(made, directory, READ_BACK, attempt)


def drill(made: Manifest, directory: Path) -> Proof:
    """Level 2: restored into a scratch database on the server it is of, counted, compared, and dropped."""

    def attempt() -> None:
        compare(made, engines.of(made.database).drill(archive(made, directory)), stage="proof")

    clear(directory)
    return _proved(made, directory, DRILL, attempt)


def clear(directory: Path) -> None:
    """Clean up after restores and proofs that were killed."""
    try:
        leftovers.clear(directory)
    except OSError as problem:
        logger.warning("what killed processes left could not be removed: %s", problem)


def leaves(directory: Path) -> str:
    """What this process could not drop on its way out, as a sentence; empty where nothing is left."""
    with suppress(OSError):
        left = [each.scratch for each in leftovers.notes(directory) if each.pid == os.getpid() and each.scratch]
        if left:
            return f" The database {', '.join(left)} could not be dropped; the next run drops it."
    return ""


def _proved(made: Manifest, directory: Path, level: int, attempt: Callable[[], object]) -> Proof:
    outcome, detail, problem = PROOF_FINE, "", None
    try:
        attempt()
    except (SystemExit, KeyboardInterrupt) as ended:
        ended.add_note(
            f"the proof of {made.name} was stopped by {stopped_by(ended)}; nothing was proved, and {made.database}"
            f" was not touched.{leaves(directory)}"
        )
        raise
    except Inconclusive as missing:
        outcome, detail = PROOF_INCONCLUSIVE, str(missing)
    except Trouble as found:
        outcome, detail, problem = PROOF_FAILED, str(found), found
    proof = Proof(level, datetime.now(UTC), outcome, detail)
    try:
        manifest.change(made.name, directory, lambda each: manifest.with_proof(each, proof))
    except (OSError, manifest.Unreadable) as unwritten:
        logger.error("the proof of %s could not be noted: %s", made.name, unwritten)
    if problem is not None:
        trouble = Trouble(f"{made.name}: {detail}", stage="proof", signal_name=problem.signal_name)
        tell.failed(made.database, trouble, directory=directory, name=made.name)
    elif outcome == PROOF_FINE and level > HASH:
        tell.tell(signals.backup_verified, database=made.database, name=made.name, level=level)
    return proof
