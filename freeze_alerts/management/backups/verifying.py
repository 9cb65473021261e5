"""``backup_database --verify``: is it restorable? Restored, counted, and thrown away."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from freeze_alerts import conf
from freeze_alerts.management.backups.action import EXIT_FAILED, EXIT_FINE, Action, Options, databases, deliver
from freeze_alerts.management.backups.ending import ended_in_order
from freeze_alerts.outbox import doorbell
from freeze_alerts.sources.backups import connection, restore, verify
from freeze_alerts.sources.backups.manifest import PROOF_FINE, PROOF_INCONCLUSIVE, Manifest, Proof
from freeze_alerts.sources.backups.trouble import Trouble

_DONE = {
    verify.HASH: "is the file that was written",
    verify.READ_BACK: "was read back whole, and its rows counted",
    verify.DRILL: "was restored, counted and compared",
}


def _add_arguments(parser: CommandParser) -> None:
    parser.add_argument(
        "--verify", nargs="?", const=restore.LATEST, metavar="NAME",
        help="restore a backup into a scratch database, compare it, and drop that; the latest one unless named",
    )  # fmt: skip


def _run(command: BaseCommand, options: Options) -> int:
    named, proofs = options["verify"], []
    code = EXIT_FINE
    with doorbell.held(), ended_in_order(command):
        for alias in databases(options) if named == restore.LATEST else databases(options)[:1]:
            try:
                if named == restore.LATEST:
                    connection.wrapper(alias)
                made = restore.choose(conf.current().backups.directory, named, into=alias)
            except Trouble as problem:
                command.stderr.write(command.style.ERROR(str(problem)))
                code = EXIT_FAILED
                continue
            proofs += [(made, each) for each in prove(made)]
    deliver()
    _say(command, options, proofs)
    return code if all(each.outcome == PROOF_FINE for _, each in proofs) else EXIT_FAILED


def prove(made: Manifest) -> list[Proof]:
    """The drill; where that proves nothing, at least what needs no server, or no key."""
    directory = conf.current().backups.directory
    proofs = [verify.drill(made, directory)]
    for weaker in (verify.read_back, verify.check_hash):
        if proofs[-1].outcome == PROOF_INCONCLUSIVE:
            proofs.append(weaker(made, directory))
    return proofs


def _say(command: BaseCommand, options: Options, proofs: list[tuple[Manifest, Proof]]) -> None:
    if options["json"]:
        rows: list[dict[str, Any]] = [{"name": made.name, **asdict(each)} for made, each in proofs]
        command.stdout.write(json.dumps(rows, indent=2, default=str))
        return
    style = command.style
    for made, each in proofs:
        if each.outcome == PROOF_FINE:
            command.stdout.write(style.SUCCESS(f"{made.name} {_DONE[each.level]}"))
        elif each.outcome == PROOF_INCONCLUSIVE:
            command.stderr.write(style.WARNING(f"{made.name} could neither be proved nor disproved: {each.detail}"))
        else:
            command.stderr.write(style.ERROR(f"{made.name} was not proved: {each.detail}"))


VERIFY = Action(
    "verify",
    "  manage.py backup_database --verify       restore the latest into a scratch database",
    _add_arguments,
    _run,
)
