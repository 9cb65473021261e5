"""Who looks after the parts, a look at a time."""

from __future__ import annotations

from tests.faults.talking import PATIENCE_SECONDS, Talker
from tests.processes import wait_until

_LOOKING = """
from datetime import timedelta
import tests.celery_app
from freeze_alerts.watch import look, parts
look.CONFIRM_AFTER = timedelta(0)  # a second look is enough: the minutes that a busy site is granted are not ours
for (silent_seconds,) in told():
    parts.BEAT_SILENT_AFTER = timedelta(seconds=float(silent_seconds))
    look.look_after_parts()
    say("looked")
"""


class Watchdog:
    """A process that looks when told to, and what it makes Discord say of the parts."""

    def __init__(self, discord, title, **environment):
        self.discord, self.title, self.process = discord, title, Talker(_LOOKING, **environment)

    def look(self, beat_silent_seconds=3600):
        """One look at all parts, where a Beat that has been silent for so long is thought dead."""
        rounds = self.process.count("looked") + 1
        self.process.tell(beat_silent_seconds)
        self.process.wait_for("looked", rounds)

    def told(self):
        contents = [message.payload["content"] for message in self.discord.messages("errors")]
        return [content for content in contents if self.title in content]

    def look_until_told(self, beat_silent_seconds=3600):
        wait_until(lambda: self.look(beat_silent_seconds) or self.told(), timeout_seconds=PATIENCE_SECONDS)

    def look_until_over(self):
        """Until one look finds it back: where all are busy, the next may find it late again."""
        wait_until(lambda: self.look() or any("ENDED" in content for content in self.told()),
                   timeout_seconds=PATIENCE_SECONDS)  # fmt: skip
        wait_until(lambda: len(self.told()) >= 2 and all("ENDED" in content for content in self.told()),
                   timeout_seconds=PATIENCE_SECONDS)  # fmt: skip
        assert len(self.told()) == 2  # that it is dead, and that it is back
