"""Two people at once, a transaction around it, a trial, a database that says no, and what the card says."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, connections, transaction

from freeze_alerts.alerts.models import Alert
from freeze_alerts.delivery import deliver_once
from freeze_alerts.sources.audit import chain
from freeze_alerts.sources.audit.models import ChainLink, Deletion
from freeze_alerts.sources.audit.restore import Blocked, look
from freeze_alerts.sources.audit.verifying import verify
from freeze_alerts.testing.discord import DiscordServer
from tests.sources.audit.restore.deleting import conflicts, delete, put_back
from tests.zoo.models import Animal, Enclosure, Visit
from tests.zoo.stock import dump, stock


@pytest.mark.django_db(transaction=True)
def test_two_people_at_once_put_it_back_once():
    zoo = stock()
    before = dump()
    deletion = delete(zoo.pond)
    ready, outcomes = threading.Barrier(2, timeout=60), []

    def press():
        try:
            mine = Deletion.objects.get(pk=deletion.pk)
            ready.wait()
            put_back(mine)
            outcomes.append("back")
        except Blocked as blocked:
            outcomes.extend(str(each.kind) for each in blocked.look.conflicts)
        finally:
            connections.close_all()

    people = [threading.Thread(target=press) for _ in range(2)]
    for each in people:
        each.start()
    for each in people:
        each.join(timeout=120)
    assert sorted(outcomes) == ["back", "restored"]
    assert dump() == before


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_around_it_was_never_put_back():
    deletion = delete(stock().pond)
    before = dump()
    with transaction.atomic():
        put_back(deletion)
        transaction.set_rollback(True)
    assert dump() == before
    assert look(Deletion.objects.get(pk=deletion.pk)).conflicts == []
    put_back(deletion)


@pytest.mark.django_db(transaction=True)
def test_being_in_the_way_spoils_no_transaction_around_it():
    deletion = delete(stock().pond)
    Enclosure.objects.create(name="Pond")
    with transaction.atomic():
        assert [each[0] for each in conflicts(deletion)] == ["not_unique"]
        Enclosure.objects.create(name="Meadow")
    assert Enclosure.objects.filter(name="Meadow").exists()


@pytest.mark.django_db(transaction=True)
def test_what_only_the_database_knows_undoes_all_of_it(monkeypatch):
    from freeze_alerts.sources.audit.restore import taken

    deletion = delete(stock().pond)
    Enclosure.objects.create(name="Pond")
    before = dump()
    monkeypatch.setattr(taken, "conflicts", lambda *_: [])
    with transaction.atomic():
        assert conflicts(deletion) == [("refused", "", "")]
        assert dump() == before
    assert dump() == before


@pytest.mark.django_db(transaction=True)
def test_on_postgresql_constraints_that_wait_are_looked_at_before_the_commit(monkeypatch):
    from freeze_alerts.sources.audit.restore import parents

    if connection.vendor != "postgresql":
        pytest.skip("here every parent is looked for by hand, in the same transaction")
    zoo = stock()
    deletion = delete(zoo.duck)
    delete(zoo.pond)
    monkeypatch.setattr(parents, "settle", lambda *_, **__: [])
    with transaction.atomic():
        assert conflicts(deletion) == [("refused", "", "")]
    assert not Animal.objects.filter(pk=zoo.duck.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_a_trial_writes_nothing_that_stays():
    zoo = stock()
    deletion = delete(zoo.owl)
    before, links = dump(), ChainLink.objects.count()
    done = put_back(deletion, trial=True)
    assert (done.rows, done.ties) == (deletion.row_count, 4)
    assert (dump(), ChainLink.objects.count()) == (before, links)
    deletion.refresh_from_db()
    assert deletion.restorations == []


@pytest.mark.django_db
def test_a_reference_that_was_given_another_value_meanwhile_stays():
    zoo = stock()
    deletion = delete(zoo.duck)
    Visit.objects.filter(visitor="fan of Dora").update(animal=zoo.chick.pk)
    done = put_back(deletion)
    assert [str(each.kind) for each in done.look.losses if each.model == "zoo.visit"] == ["link_kept"]
    assert Visit.objects.get(visitor="fan of Dora").animal_id == zoo.chick.pk


@pytest.mark.django_db
def test_a_record_of_keys_alone_cannot_be_put_back():
    deletion = delete(stock().pond)
    Deletion.objects.filter(pk=deletion.pk).update(complete=False)
    assert conflicts(deletion) == [("keys_only", "", "")]


@pytest.mark.django_db
def test_a_delete_that_was_never_confirmed_cannot_be_put_back():
    deletion = delete(stock().pond)
    Deletion.objects.filter(pk=deletion.pk).update(confirmed=False)
    assert conflicts(deletion) == [("unconfirmed", "", "")]


@pytest.mark.django_db
def test_what_sql_took_is_said_not_to_come_back():
    deletion = delete(stock().pond)
    Deletion.objects.filter(pk=deletion.pk).update(without_snapshot={"zoo_visit": 3, "zoo_bite": None})
    deletion.refresh_from_db()
    assert {each.model for each in look(deletion).losses if each.kind == "unrecorded"} == {"zoo_visit", "zoo_bite"}


@pytest.mark.django_db(transaction=True)
def test_the_chain_has_a_link_for_what_was_put_back():
    deletion = delete(stock().pond)
    put_back(deletion)
    deletion.refresh_from_db()
    link = ChainLink.objects.filter(deletion_id=deletion.pk).latest("position")
    assert (link.reason, link.digest) == ("restored", chain.digest(deletion))
    assert verify().faults == []


@pytest.mark.django_db(transaction=True)
def test_the_card_turns_green_and_says_who(discord: DiscordServer):
    deletion = delete(stock().pond)
    deliver_once()
    put_back(deletion)
    deliver_once()
    alert = Alert.objects.get()
    assert (alert.ended_because, alert.ended) == ("restored by Ann", True)
    (message,) = discord.messages()
    assert "restored by Ann" in str(message.payload)
    assert "ENDED" in str(message.payload)


@pytest.mark.django_db(transaction=True)
def test_a_part_is_said_on_the_card_and_leaves_it_as_it_is(discord: DiscordServer):
    zoo = stock()
    deletion = delete(zoo.duck, zoo.chick)
    deliver_once()
    put_back(deletion, f"zoo.animal:{zoo.duck.pk}")
    deliver_once()
    (message,) = discord.messages()
    assert f"Ann has put back zoo.animal:{zoo.duck.pk} and what belonged to it" in str(message.payload)
    assert "ENDED" not in str(message.payload)
    assert Alert.objects.get().ended_because == ""
