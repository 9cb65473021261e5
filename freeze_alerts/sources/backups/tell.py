"""Saying it by signal. Whoever listens and fails harms no backup."""

from __future__ import annotations

import logging
from pathlib import Path

from django.dispatch import Signal

from freeze_alerts import signals
from freeze_alerts.sources.backups import manifest, words
from freeze_alerts.sources.backups.manifest import Manifest
from freeze_alerts.sources.backups.models import OURS
from freeze_alerts.sources.backups.trouble import Trouble

logger = logging.getLogger(__name__)


def tell(signal: Signal, **news: object) -> None:
    for receiver, answer in signal.send_robust(sender=Manifest, **news):
        if isinstance(answer, Exception):
            logger.error("%r failed when told of a backup", receiver, exc_info=answer)


def failed(database: str, problem: Trouble, *, directory: Path, name: str = "", task_id: str = "") -> str:
    """Tell that it failed, and give what was left untouched."""
    left = untouched(database, directory)
    logger.error("backup of %s failed at %s: %s", database, problem.stage, problem)
    tell(
        signals.backup_failed, database=database, name=name, stage=problem.stage, error=str(problem),
        signal_name=problem.signal_name, task_id=task_id, untouched=left, made_by=OURS,
    )  # fmt: skip
    return left


def untouched(database: str, directory: Path) -> str:
    """What there is to fall back on, in one sentence."""
    try:
        known = manifest.read_all(directory).of(database)
    except OSError as problem:
        return f"What is in {directory} can't be seen: {problem.strerror}."
    if not known:
        return "There is no complete backup of it yet."
    last = known[0]
    return (
        f"Earlier backups were not touched; the newest is {last.name}, of {words.moment(last.snapshot_at)}"
        f" ({words.size(last.stored_bytes)})."
    )
