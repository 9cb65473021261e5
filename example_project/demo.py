"""A filling disk becomes a card in Discord, and nothing is lost on the way: told step by step, with nothing faked but
Discord itself. ``DEMO_ONCE=1`` ends after the last step; its exit code says whether all arrived as it should.

DEMO_DISCORD_PORT and DEMO_SITE_PORT fix the ports, which are any free ones else.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import cards
import terminal
import visitor
from stage import NAME, DemoFailed, Stage, set_up

from freeze_alerts.testing.discord import DiscordServer, Failure, Message

ARRIVE_SECONDS = 20.0
REFUSE_SECONDS, REFUSALS = 1.5, 2
_A_MINUTE_LATER = "UPDATE freeze_alerts_message SET lease_until = '2000-01-01 00:00:00' WHERE state = 'sending'"
_UNSENT = "SELECT intent, state, last_error FROM freeze_alerts_message WHERE state <> 'sent'"


def main() -> int:
    once = os.environ.get("DEMO_ONCE", "") not in ("", "0")
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.default_int_handler)
    sys.stdout.reconfigure(errors="replace", line_buffering=True)  # type: ignore[union-attr]
    try:
        with set_up(_port("DEMO_DISCORD_PORT"), _port("DEMO_SITE_PORT")) as stage:
            terminal.introduce(stage)
            _play(stage)
            terminal.sum_up(stage)
            if not once:
                print("\nBoth pages stay until Ctrl-C. Two alerts are still open: press Acknowledge in Discord.")
                threading.Event().wait()
    except (DemoFailed, subprocess.TimeoutExpired) as why:
        print(f"\nThe demo failed: {why}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
        return 130 if once else 0
    return 0


def _play(stage: Stage) -> None:
    used_percent = _read_the_disk(stage)
    _a_warning(stage, used_percent)
    _it_worsens(stage, used_percent)
    _somebody_acknowledges(stage)
    _it_ends(stage)
    _the_sender_is_killed(stage)
    _discord_refuses(stage)
    _nothing_else_happened(stage)


def _read_the_disk(stage: Stage) -> float:
    """How full the disk really is, by the worse of bytes and inodes; the lines are out of its reach."""
    read = stage.manage("check_disk", "--json", **_lines(100, 101, 102))
    _expect(read.returncode == 0, f"check_disk could not read the disk:\n{read.stdout}{read.stderr}")
    disk = json.loads(read.stdout)[0]
    used_percent = max(disk["used_percent"], disk["inodes_used_percent"] or 0.0)
    terminal.tell(f"manage.py check_disk reads {disk['path']} ({disk['device']}): {used_percent:.1f} % full")
    return float(used_percent)


def _a_warning(stage: Stage, used_percent: float) -> None:
    line = _just_below(used_percent)
    terminal.tell(f"the warning is set to {line:.1f} %, just below: check_disk again")
    with _Arrival(stage, lambda discord: cards.shown(discord, "WARNING")):
        checked = stage.manage("check_disk", **_lines(line, used_percent + 30, used_percent + 40))
    _expect(checked.returncode == 1, f"check_disk ended with {checked.returncode} for a warning:\n{checked.stderr}")


def _it_worsens(stage: Stage, used_percent: float) -> None:
    line = _just_below(used_percent)
    terminal.tell(f"now critical is set to {line:.1f} %: the alert worsens, and is posted anew to be heard")
    with _Arrival(stage, lambda discord: cards.shown(discord, "CRITICAL")):
        checked = stage.manage("check_disk", **_lines(line / 2, line, used_percent + 30))
    _expect(checked.returncode == 2, f"check_disk ended with {checked.returncode} for critical:\n{checked.stderr}")


def _somebody_acknowledges(stage: Stage) -> None:
    card = cards.shown(stage.discord, "CRITICAL")[-1]
    terminal.tell(f"{NAME} presses Acknowledge on the card, logs in to the admin, and confirms")
    with _Arrival(stage, lambda discord: [each for each in discord.messages("errors") if cards.is_taken(each)]):
        visitor.press(visitor.button(card.payload, "Acknowledge"))


def _it_ends(stage: Stage) -> None:
    terminal.tell("the lines go back up: check_disk finds the disk fine, and its cards turn green")
    with _Arrival(stage, lambda discord: cards.all_ended(discord.messages("errors"))):
        checked = stage.manage("check_disk", **_lines(120, 130, 140))
    _expect(checked.returncode == 0, f"check_disk ended with {checked.returncode} for a disk that is fine")


def _the_sender_is_killed(stage: Stage) -> None:
    path = _absent("/mnt/backups")
    terminal.tell(f"the disk under {path} is gone, and Discord hangs: the sender is killed (-9) in the middle")
    stage.discord.fail(Failure.hang(60), times=None)
    sender = stage.start("check_disk", "--path", path)
    _wait(stage, lambda discord: [each for each in discord.requests if each.method == "POST" and not each.status])
    os.killpg(sender.pid, signal.SIGKILL)
    sender.wait()
    stage.discord.heal()
    _expect(not cards.about(stage.discord, path), "the killed sender's message arrived all the same")
    terminal.tell(
        "a new one is started: manage.py alerts deliver --loop; it leaves a claimed message alone for a minute, in "
        "case its sender lives, and the demo turns that minute forward"
    )
    with _Arrival(stage, lambda discord: cards.about(discord, path)):
        stage.sql(_A_MINUTE_LATER)
        stage.start("alerts", "deliver", "--loop")


def _discord_refuses(stage: Stage) -> None:
    path = _absent("/mnt/archive")
    terminal.tell(f"{path} is gone too, and Discord answers 429 twice: leave me alone for {REFUSE_SECONDS:g} s")
    stage.discord.fail(Failure.rate_limited(REFUSE_SECONDS), times=REFUSALS)
    with _Arrival(stage, lambda discord: cards.about(discord, path)):
        stage.manage("check_disk", "--path", path)
    refused = [each.at for each in stage.discord.requests if each.status == 429]
    waited = (cards.about(stage.discord, path)[0].posted_at - refused[0]).total_seconds()
    _expect(len(refused) == REFUSALS, f"Discord had to refuse {len(refused)} calls, not {REFUSALS}")
    _expect(waited >= REFUSALS * REFUSE_SECONDS, f"Discord asked for patience, and was called after {waited:.1f} s")


def _nothing_else_happened(stage: Stage) -> None:
    said = [cards.gist(each.first_payload)[0] for each in stage.discord.messages()]
    _expect(said == ["WARNING", "CRITICAL", "ENDED", "HIGH", "HIGH"], f"these messages arrived: {', '.join(said)}")
    _expect(not stage.discord.complaints, f"Discord would complain: {'; '.join(stage.discord.complaints)}")
    give_up_at = time.monotonic() + ARRIVE_SECONDS
    while unsent := stage.sql(_UNSENT):  # it is in Discord a moment before it is marked as sent
        _expect(time.monotonic() < give_up_at, f"these messages are not marked as sent: {unsent}")
        time.sleep(0.05)


class _Arrival:
    """What is done inside must show in Discord soon; then says how long it took."""

    def __init__(self, stage: Stage, is_there: Callable[[DiscordServer], list[Message]]) -> None:
        self.stage, self.is_there = stage, is_there

    def __enter__(self) -> None:
        self.began = datetime.now(UTC)

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            _wait(self.stage, self.is_there)
            newest = max(each.edited_at or each.posted_at for each in self.is_there(self.stage.discord))
            print(f"      in Discord after {(newest - self.began).total_seconds():.1f} s")


def _lines(warning: float, critical: float, emergency: float) -> dict[str, str]:
    """Settings of the disk, as the shop reads them. A hold of 0 lets an alert end with the first good reading."""
    named = zip(("WARNING", "CRITICAL", "EMERGENCY"), (warning, critical, emergency), strict=True)
    return {f"DISK_{name}_PERCENT": f"{line:.3f}" for name, line in named} | {"DISK_HOLD_MINUTES": "0"}


def _just_below(used_percent: float) -> float:
    return max(used_percent - 1, used_percent / 2)


def _absent(path: str) -> str:
    """A path where no disk is, which is what the alert will be about."""
    return _absent(f"{path}-gone") if os.path.exists(path) else path


def _wait(stage: Stage, is_there: Callable[[DiscordServer], object]) -> None:
    try:
        stage.discord.wait_for(is_there, ARRIVE_SECONDS)
    except AssertionError as dump:
        logs = [f"{each.name}:\n{each.read_text()[-2000:]}" for each in stage.folder.glob("*.log")]
        raise DemoFailed("\n".join(["what should have shown in Discord did not.", str(dump), *logs])) from None


def _expect(is_so: object, otherwise: str) -> None:
    if not is_so:
        raise DemoFailed(otherwise)


def _port(name: str) -> int:
    try:
        return int(os.environ.get(name, "0"))
    except ValueError:
        raise DemoFailed(f"{name} is no number.") from None


if __name__ == "__main__":
    sys.exit(main())
