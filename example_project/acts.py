"""The nine alerts of the runbook, in its order, each by what really causes it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import cards
import terminal
import visitor
from mollie import Mood
from stage import DemoFailed, Stage, expect, wait

from freeze_alerts.catalog import AlertType, Entry, Severity, entry

WARNING_ERRORS, CRITICAL_ERRORS, SPIKE_PAYMENTS = 11, 51, 4


@dataclass(frozen=True)
class Act:
    """``cause`` makes it happen; then its card must stand in its channel with ``badge``, its severity if not given."""

    type: AlertType
    told: str
    cause: Callable[[Stage], None]
    badge: Severity | None = None

    @property
    def entry(self) -> Entry:
        return entry(self.type)

    @property
    def severity(self) -> Severity:
        return self.badge or self.entry.severity


@dataclass(frozen=True)
class Arrival:
    act: Act
    seconds: float


def play(stage: Stage, act: Act) -> Arrival:
    """Let it happen, and wait for its card. Raises DemoFailed when none comes."""
    terminal.tell(act.told)
    began = datetime.now(UTC)
    act.cause(stage)
    badge = act.severity.value.upper()
    wait(stage, lambda discord: cards.told(discord, act.entry.channel, act.entry.title, badge))
    [card, *_] = cards.told(stage.discord, act.entry.channel, act.entry.title, badge)
    seconds = (card.posted_at - began).total_seconds()
    print(f"      {badge} in #{act.entry.channel} after {seconds:.1f} s")
    return Arrival(act, seconds)


def _a_view_crashes(stage: Stage) -> None:
    _crash(stage, times=1)


def _crash(stage: Stage, *, times: int) -> None:
    for _ in range(times):
        status = visitor.look(f"{stage.site_url}shipping/?weight_grams=0")
        expect(status == 500, f"the view answered {status} instead of crashing")


def _it_is_resolved_and_comes_back(stage: Stage) -> None:
    done = stage.manage("issues", "resolve", "1")
    expect(done.returncode == 0, f"issues resolve ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    wait(stage, lambda discord: cards.shown(discord, "errors", "New issue", "ENDED"))
    _crash(stage, times=1)


def _eleven_errors_and_more(stage: Stage) -> None:
    _crash(stage, times=WARNING_ERRORS - 2)
    wait(stage, lambda discord: cards.told(discord, "errors", "Error spike", "WARNING"))
    terminal.note(f"{WARNING_ERRORS} errors within the hour: a warning. Now {CRITICAL_ERRORS}")
    _crash(stage, times=CRITICAL_ERRORS - WARNING_ERRORS)


def _a_payment_is_declined(stage: Stage) -> None:
    stage.mollie.mood = Mood.DECLINES
    _buy_in_vain(stage, "Dora")


def _three_more_are_declined(stage: Stage) -> None:
    for name in ("Emil", "Farah", "Greta")[: SPIKE_PAYMENTS - 1]:
        _buy_in_vain(stage, name)


def _buy_in_vain(stage: Stage, name: str) -> None:
    status = visitor.buy(stage.site_url, "ice-lamp", name)
    expect(status == 502, f"the shop answered {status} although no payment could be begun")


def _a_backup_fails(stage: Stage) -> None:
    stage.backups.write_text("a file where the directory should be")
    made = stage.manage("backup_database")
    expect(made.returncode == 1, f"backup_database ended with {made.returncode}:\n{made.stdout}{made.stderr}")


def _a_backup_grows_old(stage: Stage) -> None:
    stage.backups.unlink()
    made = stage.manage("backup_database")
    expect(made.returncode == 0, f"backup_database ended with {made.returncode}:\n{made.stdout}{made.stderr}")
    wait(stage, lambda discord: cards.shown(discord, "backups", "Backup failure", "ENDED"))
    terminal.note("the next backup succeeds, and the failure turns green; then it gets older than it may")
    stage.watch(BACKUPS={"STALE_AFTER_HOURS": 0.0001})
    terminal.note("the same round counts the orders: all of the last half hour failed, which is a card of its own")


def _a_disk_fills(stage: Stage) -> None:
    read = stage.manage("check_disk", "--json", alerts={"DISK": _lines(100, 101, 102)})
    expect(read.returncode == 0, f"check_disk could not read the disk:\n{read.stdout}{read.stderr}")
    disk = json.loads(read.stdout)[0]
    used_percent = max(disk["used_percent"], disk["inodes_used_percent"] or 0.0)
    line = max(used_percent - 1, used_percent / 2)
    terminal.note(f"{disk['path']} is {used_percent:.1f} % full; the warning is set to {line:.1f} %")
    checked = stage.manage("check_disk", alerts={"DISK": _lines(line, used_percent + 30, used_percent + 40)})
    expect(checked.returncode == 1, f"check_disk ended with {checked.returncode} for a warning:\n{checked.stderr}")


def _lines(warning: float, critical: float, emergency: float) -> dict[str, float]:
    return {"WARNING_PERCENT": warning, "CRITICAL_PERCENT": critical, "EMERGENCY_PERCENT": emergency}


def _an_admin_deletes(stage: Stage) -> None:
    listed = visitor.read(f"{stage.site_url}admin/orders/customer/?q=ada@customer.example")
    found = re.search(r"/admin/orders/customer/(\d+)/change/", listed)
    if found is None:
        raise DemoFailed("The admin lists no customer Ada.")
    visitor.delete(f"{stage.site_url}admin/orders/customer/{found[1]}/delete/")


NINE = (
    Act(AlertType.NEW_ISSUE, "a visitor asks for the shipping of a parcel without weight: the view crashes",
        _a_view_crashes),
    Act(AlertType.REGRESSION, "the operator resolves the issue (manage.py issues resolve 1), and it happens again",
        _it_is_resolved_and_comes_back),
    Act(AlertType.ERROR_SPIKE, "many visitors ask for it", _eleven_errors_and_more, Severity.CRITICAL),
    Act(AlertType.PAYMENT_ERROR, "Mollie declines: Dora buys a lamp, and no payment can be begun",
        _a_payment_is_declined),
    Act(AlertType.PAYMENT_SPIKE, "three more customers can't pay", _three_more_are_declined),
    Act(AlertType.BACKUP_FAILED, "manage.py backup_database, and where the backups should go there is no directory",
        _a_backup_fails),
    Act(AlertType.BACKUP_MISSED, "the directory is there again", _a_backup_grows_old),
    Act(AlertType.DISK_SPACE, "manage.py check_disk reads the disk, with the line set just below", _a_disk_fills),
    Act(AlertType.ADMIN_DELETE, "somebody logs in to the admin and deletes Ada, with her orders", _an_admin_deletes),
)  # fmt: skip
