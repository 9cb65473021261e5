from __future__ import annotations

from collections import Counter, defaultdict

import pytest
from django.utils import timezone

from freeze_alerts.outbox import claim
from tests.faults.talking import PATIENCE_SECONDS, Talker
from tests.processes import wait_until

STORM = """
from freeze_alerts.alerts import open_alert, resolve_alert
who = next(told())[0]
types = "payments.error", "errors.new_issue", "backups.failed", "alerting.trouble"
for verb, first, last in told():
    for number in range(int(first), int(last)):
        alert_type, key = types[number % 4], f"{who}-{number}"
        if verb == "open":
            outcome = open_alert(alert_type, key=key, title=f"<{key}>")
        else:
            outcome = resolve_alert(alert_type, key=key)
        say(outcome.name, key)
    say("did", verb, first, last)
"""
WHO = "abc"


@pytest.fixture
def storm(database, ours):
    """Three processes that raise alerts when told to."""
    talkers = [Talker(STORM, **ours(), **database.environment("faults")) for _ in WHO]
    for name, talker in zip(WHO, talkers, strict=True):
        talker.tell(name)
    return talkers


def everybody(talkers, *words):
    for talker in talkers:
        talker.tell(*words)
    for talker in talkers:
        talker.wait_for(" ".join(["did", *map(str, words)]))


def cards(discord):
    """The cards of each alert of the storm, by its name: the number after the ``#``, and what stands above it."""
    found = defaultdict(list)
    for message in discord.messages():
        for embed in message.payload["embeds"]:
            name = embed["title"].partition("<")[2].partition(">")[0]
            sequence = embed["footer"]["text"].partition("#")[2].partition(" ")[0]
            found[name].append((sequence, message.payload["content"]))
    found.pop("", None)  # what else may be told of such an hour
    return found


def says_that_it_is_away(discord):
    contents = [message.payload["content"] for message in discord.messages("errors")]
    return any("the database can't be reached" in content and "ENDED" not in content for content in contents)


def ended(database):
    query = "SELECT key FROM freeze_alerts_alert WHERE key ~ '^[abc]-[0-9]+$' AND open_key IS NULL"
    return {key for (key,) in database.query(query, "faults")}


def unsent(database):
    return database.query("SELECT intent, state FROM freeze_alerts_message WHERE state <> 'sent'", "faults")


def test_postgresql_stopped_in_the_middle_of_a_storm_and_started_again(database, storm, discord, tmp_path):
    everybody(storm, "open", 0, 4)
    for talker in storm:
        talker.tell("open", 4, 12)
    storm[0].wait_for("a-4")
    database.stop()
    stopped_at = timezone.now()
    for talker in storm:
        talker.wait_for("did open 4 12")
    everybody(storm, "open", 12, 16)
    everybody(storm, "end", 0, 2)  # they opened before
    everybody(storm, "end", 12, 14)
    everybody(storm, "open", 13, 14)
    assert all(talker.count("SPOOLED") >= 4 for talker in storm)
    discord.wait_for(says_that_it_is_away, timeout_seconds=PATIENCE_SECONDS)
    assert any("not yet booked" in str(message.payload) for message in discord.messages())
    database.start()
    everybody(storm, "open", 16, 18)
    _let_run_out(database, claims_before=stopped_at)
    everybody(storm, "open", 18, 20)
    names = {f"{who}-{number}" for who in WHO for number in range(20)}
    discord.wait_for(lambda server: set(cards(server)) == names, timeout_seconds=PATIENCE_SECONDS)
    wait_until(lambda: (tmp_path / "spool.jsonl").stat().st_size == 0, timeout_seconds=PATIENCE_SECONDS)
    assert ended(database) == {f"{who}-{number}" for who in WHO for number in (0, 1, 12)}
    everybody(storm, "end", 0, 20)
    wait_until(lambda: not unsent(database), timeout_seconds=PATIENCE_SECONDS)
    discord.wait_for(all_have_ended, timeout_seconds=PATIENCE_SECONDS)
    keys = database.query("SELECT key FROM freeze_alerts_alert WHERE key ~ '^[abc]-[0-9]+$'", "faults")
    assert sorted(key for (key,) in keys) == sorted(names)
    for name, told in cards(discord).items():
        sequences = [sequence for sequence, _ in told]
        assert sequences == sorted(sequences), name
        assert max(Counter(sequences).values()) <= 2, name
    assert "the database can't be reached" in str([m.payload for m in discord.messages("errors") if _has_ended(m)])
    assert discord.complaints == []


def _let_run_out(database, claims_before):
    """Who had claimed a message when the database went can't know its fate: so a minute later another sends it."""
    until = (claims_before + claim.LEASE).isoformat()
    past = "SET lease_until = now() - interval '1 second' WHERE state = 'sending'"
    database.query(f"UPDATE freeze_alerts_message {past} AND lease_until < '{until}'", "faults")


def all_have_ended(discord):
    return all(any("ENDED" in content for _, content in told) for told in cards(discord).values())


def _has_ended(message):
    return "ENDED" in message.payload["content"]
