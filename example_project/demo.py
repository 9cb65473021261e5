"""Nine alerts, each by its real cause, from the shop to Discord: told step by step, with nothing faked but Discord and
the payment provider themselves. ``DEMO_ONCE=1`` ends after the last step; its exit code is 0 only if all nine arrived
where and as the catalog says, and everything ended well.

DEMO_DISCORD_PORT and DEMO_SITE_PORT fix the ports, which are any free ones else.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import acts
import endings
import terminal
from stage import DemoFailed, Stage, set_up


def main() -> int:
    once = os.environ.get("DEMO_ONCE", "") not in ("", "0")
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.default_int_handler)
    sys.stdout.reconfigure(errors="replace", line_buffering=True)  # type: ignore[union-attr]
    try:
        with set_up(_port("DEMO_DISCORD_PORT"), _port("DEMO_SITE_PORT")) as stage:
            _play(stage)
            if not once:
                print("\nBoth pages stay until Ctrl-C. Buy something, delete something, press a button on a card.")
                threading.Event().wait()
    except (DemoFailed, subprocess.TimeoutExpired) as why:
        print(f"\nThe demo failed: {why}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
        return 130 if once else 0
    return 0


def _play(stage: Stage) -> None:
    terminal.introduce(stage)
    arrivals = [acts.play(stage, act) for act in acts.NINE]
    endings.nothing_is_lost(stage)
    endings.everything_ends_well(stage)
    endings.nothing_else_happened(stage)
    terminal.sum_up(stage, arrivals)


def _port(name: str) -> int:
    try:
        return int(os.environ.get(name, "0"))
    except ValueError:
        raise DemoFailed(f"{name} is no number.") from None


if __name__ == "__main__":
    sys.exit(main())
