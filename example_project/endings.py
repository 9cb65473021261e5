"""What comes after the nine: nothing is lost on the way, and everything ends well."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable

import cards
import terminal
import visitor
from mollie import Mood
from stage import ARRIVE_SECONDS, NAME, Stage, expect, wait

from freeze_alerts.testing.discord import DiscordServer, Failure

REFUSE_SECONDS, REFUSALS = 1.0, 2
_A_MINUTE_LATER = "UPDATE freeze_alerts_message SET lease_until = '2000-01-01 00:00:00' WHERE state = 'sending'"
_TWO_HOURS_LATER = (
    "UPDATE freeze_alerts_errorminute SET minute = minute - 120",
    "UPDATE freeze_alerts_failedpayment SET minute = minute - 120",
)
_UNSENT = "SELECT intent, state, last_error FROM freeze_alerts_message WHERE state <> 'sent'"
_OPEN = "SELECT type, key FROM freeze_alerts_alert WHERE open_key IS NOT NULL"


def nothing_is_lost(stage: Stage) -> None:
    _the_sender_is_killed(stage)
    _discord_refuses(stage)


def everything_ends_well(stage: Stage) -> None:
    _somebody_acknowledges(stage)
    _what_was_deleted_comes_back(stage)
    _all_is_mended(stage)


def nothing_else_happened(stage: Stage) -> None:
    """Every row is sent, Discord has nothing to complain of, and only what was told has happened."""
    expect(not stage.discord.complaints, f"Discord would complain: {'; '.join(stage.discord.complaints)}")
    _until(lambda: not stage.sql(_UNSENT), lambda: f"these messages are not marked as sent: {stage.sql(_UNSENT)}")


def _the_sender_is_killed(stage: Stage) -> None:
    path = _absent("/mnt/backups")
    terminal.tell(f"the disk under {path} is gone, and Discord hangs: the sender is killed (-9) in the middle")
    stage.discord.fail(Failure.hang(60), times=None)
    sender = stage.start("check_disk", "--path", path)
    wait(stage, lambda discord: [each for each in discord.requests if each.method == "POST" and not each.status])
    os.killpg(sender.pid, signal.SIGKILL)
    sender.wait()
    stage.discord.heal()
    expect(not cards.about(stage.discord, "errors", path), "the killed sender's message arrived all the same")
    terminal.note("the next sweep finds its message in the outbox; the minute it leaves to a sender is turned forward")
    stage.sql(_A_MINUTE_LATER)
    stage.manage("alerts", "deliver", "--once")
    wait(stage, lambda discord: cards.about(discord, "errors", path))


def _discord_refuses(stage: Stage) -> None:
    path = _absent("/mnt/archive")
    terminal.tell(f"{path} is gone too, and Discord answers 429 twice: leave me alone for {REFUSE_SECONDS:g} s")
    stage.discord.fail(Failure.rate_limited(REFUSE_SECONDS), times=REFUSALS)
    stage.manage("check_disk", "--path", path)
    wait(stage, lambda discord: cards.about(discord, "errors", path))
    refused = [each.at for each in stage.discord.requests if each.status == 429]
    waited = (cards.about(stage.discord, "errors", path)[0].posted_at - refused[0]).total_seconds()
    expect(len(refused) == REFUSALS, f"Discord had to refuse {len(refused)} calls, not {REFUSALS}")
    expect(waited >= REFUSALS * REFUSE_SECONDS, f"Discord asked for patience, and was called after {waited:.1f} s")


def _somebody_acknowledges(stage: Stage) -> None:
    terminal.tell(f"{NAME} presses Acknowledge on the card of the error spike, logs in, and confirms")
    card = cards.shown(stage.discord, "errors", "Error spike", "CRITICAL")[-1]
    visitor.press(visitor.button(card.payload, "Acknowledge"))
    wait(stage, lambda discord: [each for each in discord.messages("errors") if cards.is_taken(each)])


def _what_was_deleted_comes_back(stage: Stage) -> None:
    terminal.tell("it was the wrong Ada: manage.py restore_deletion 1, and her card says so")
    restored = stage.manage("restore_deletion", "1", "--yes")
    expect(restored.returncode == 0, f"restore_deletion ended with {restored.returncode}:\n{restored.stderr}")
    wait(stage, lambda discord: cards.about(discord, "admin", "restored"))
    listed = visitor.read(f"{stage.site_url}admin/orders/order/?q=ada@customer.example")
    expect(re.search(r"/admin/orders/order/\d+/change/", listed), "Ada's order is not back")


def _all_is_mended(stage: Stage) -> None:
    terminal.tell(
        "the bug is mended and Mollie is well; two hours later, which the demo turns forward, every card is green"
    )
    stage.mollie.mood = Mood.WELL
    visitor.pay(stage.site_url, "frost-mug", "Hana")
    stage.manage("issues", "resolve", *[str(row[0]) for row in stage.sql("SELECT id FROM freeze_alerts_issue")])
    for statement in _TWO_HOURS_LATER:
        stage.sql(statement)
    stage.watch()
    gone = [row[0] for row in stage.sql("SELECT id FROM freeze_alerts_alert WHERE type = 'alerting.trouble'")]
    for number in gone:
        stage.manage("alerts", "resolve", str(number), "--reason", "it was only a demo")
    _until(lambda: not stage.sql(_OPEN), lambda: f"these alerts are still open: {stage.sql(_OPEN)}")
    wait(stage, _all_green)


def _all_green(discord: DiscordServer) -> bool:
    """Every card but the day's report on the backups, which asks for nothing and has no end."""
    badges = {cards.gist(each.payload)[0] for each in discord.messages()}
    return badges == {"ENDED", "INFO"}


def _until(is_so: Callable[[], bool], otherwise: Callable[[], str]) -> None:
    give_up_at = time.monotonic() + ARRIVE_SECONDS
    while not is_so():
        expect(time.monotonic() < give_up_at, otherwise())
        time.sleep(0.05)


def _absent(path: str) -> str:
    """A path where no disk is, which is what the alert will be about."""
    return _absent(f"{path}-gone") if os.path.exists(path) else path
