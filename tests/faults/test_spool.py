from __future__ import annotations

import subprocess

import pytest

from tests.faults.talking import PATIENCE_SECONDS, Talker
from tests.processes import wait_until

RAISER = """
from freeze_alerts.alerts import open_alert
for (key,) in told():
    say(open_alert("payments.error", key=key, title=f"<{key}>", text="x" * 4000).name, key)
"""


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk to fill")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder):
    with (folder / "ballast").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 512)
        except OSError:
            pass


def test_the_spool_on_a_full_disk_with_the_database_away(database, ours, discord, small_disk):
    spool = small_disk / "spool.jsonl"
    raiser = Talker(RAISER, **ours(SPOOL=str(spool)), **database.environment("faults"))
    raiser.tell("before")
    raiser.wait_for("OPENED before")
    discord.wait_for(lambda server: server.messages("payments"), timeout_seconds=PATIENCE_SECONDS)
    database.stop()
    raiser.tell("spooled")
    raiser.wait_for("SPOOLED spooled")
    discord.wait_for(lambda server: len(server.messages("payments")) == 2, timeout_seconds=PATIENCE_SECONDS)
    fill(small_disk)
    for key in ("full", "full-too"):
        raiser.tell(key)
        raiser.wait_for(f"SPOOLED {key}")
    discord.wait_for(lambda server: len(server.messages("payments")) == 4, timeout_seconds=PATIENCE_SECONDS)
    assert spool.read_text().count('"report"') == 2  # that of before, and the outage
    (away,) = discord.messages("errors")
    assert "the database can't be reached" in away.payload["content"]
    assert sum("kept nowhere but here" in str(message.payload) for message in discord.messages("payments")) == 2
    database.start()
    discord.wait_for(lambda server: not _not_booked(server), timeout_seconds=PATIENCE_SECONDS)
    wait_until(lambda: spool.stat().st_size == 0, timeout_seconds=PATIENCE_SECONDS)
    rows = database.query("SELECT key FROM freeze_alerts_alert WHERE type = 'payments.error' ORDER BY id", "faults")
    assert rows == [("before",), ("spooled",), ("full",), ("full-too",)]
    assert len(discord.messages("payments")) == 4


def _not_booked(discord):
    told = [str(message.payload) for message in discord.messages()]
    return [each for each in told if "not yet booked" in each or "kept nowhere but here" in each]
