from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import override_settings
from django.utils import timezone

from freeze_alerts.alerts.models import Alert
from freeze_alerts.sources.audit import chain, pruning
from freeze_alerts.sources.audit.forgetting import Forgotten, forget
from freeze_alerts.sources.audit.models import ChainLink, DeletedRoot, DeletedRows, Deletion
from freeze_alerts.sources.audit.rows import read_rows
from freeze_alerts.sources.audit.scope import audited_deletes
from freeze_alerts.sources.audit.verifying import verify
from tests.zoo import models
from tests.zoo.stock import stock

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def three() -> list[Deletion]:
    """Three records, sealed."""
    stock()
    for model in (models.Tag, models.Meal, models.Visit):
        with audited_deletes("ada"):
            model.objects.all().delete()
    return list(Deletion.objects.order_by("pk"))


def test_a_chain_that_nobody_touched_holds(three):
    verdict = verify()
    assert (verdict.faults, verdict.records, verdict.links) == ([], 3, 3)
    assert verdict.head == f"3:{ChainLink.objects.get(position=3).hash}"


def _change(model: Any, **changes: Any):
    return lambda: (
        model.objects.order_by("pk")
        .first()
        .__class__.objects.filter(pk=model.objects.order_by("pk").first().pk)
        .update(**changes)
    )


def _swap_links():
    first, second = ChainLink.objects.order_by("position")[:2]
    ChainLink.objects.filter(pk=first.pk).update(position=99)
    ChainLink.objects.filter(pk=second.pk).update(position=1)
    ChainLink.objects.filter(pk=first.pk).update(position=2)


TOUCHED = {
    "the person": (_change(Deletion, actor="eve"), "was changed"),
    "the moment": (_change(Deletion, at=timezone.now() - timedelta(days=1)), "was changed"),
    "the counts": (_change(Deletion, counts={}), "was changed"),
    "a chunk": (_change(DeletedRows, data=b"\x00"), "was changed"),
    "a chunk's number": (_change(DeletedRows, number=7), "was changed"),
    "a root's name": (_change(DeletedRoot, repr="nothing"), "was changed"),
    "a root that is gone": (lambda: DeletedRoot.objects.order_by("pk").first().delete(), "was changed"),
    "a record that is gone": (lambda: Deletion.objects.order_by("pk").first().delete(), "was removed"),
    "a link": (_change(ChainLink, digest="0" * 64), "was changed"),
    "a link that is gone": (lambda: ChainLink.objects.get(position=2).delete(), "links 2 to 2 are missing"),
    "links in another order": (_swap_links, "does not follow"),
}


@pytest.mark.parametrize("what", TOUCHED)
def test_whatever_is_touched_is_found(three, what):
    touch, said = TOUCHED[what]
    touch()
    assert any(said in fault for fault in verify().faults)


def test_a_chain_that_was_made_anew_without_the_key_does_not_hold(three):
    Deletion.objects.filter(pk=three[0].pk).update(actor="eve")
    ChainLink.objects.all().delete()
    with override_settings(SECRET_KEY="a guess"):
        for deletion in three:
            chain.append(deletion, chain.RECORDED)
    assert len([fault for fault in verify().faults if "key that is not known" in fault]) == 3


def test_the_key_may_change_while_the_old_one_is_a_fallback(three):
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["only-for-tests"]):
        assert verify().faults == []


def test_a_chain_that_was_cut_off_is_found_by_its_remembered_head(three):
    head = verify().head
    ChainLink.objects.get(position=3).delete()
    Deletion.objects.get(pk=three[2].pk).delete()
    assert verify().faults == []
    assert "link 3 is not the one that was expected" in verify(head).faults[0]


def test_an_earlier_head_still_holds_when_the_chain_has_grown(three):
    head = verify().head
    with audited_deletes("ada"):
        models.Bite.objects.all().delete()
        models.Contest.objects.all().delete()
    assert verify(head).faults == []


def test_a_record_whose_process_died_before_the_seal_is_sealed_late(three):
    ChainLink.objects.get(position=3).delete()
    Deletion.objects.filter(pk=three[2].pk).update(at=timezone.now() - timedelta(minutes=5))
    verdict = verify()
    assert (verdict.faults, verdict.sealed_late) == ([], 1)
    assert verify().links == 3


def test_a_remembered_end_that_is_no_longer_the_end_is_looked_for_anew(three):
    old = ChainLink.objects.get(position=1)
    with transaction.atomic():
        chain.seal(three[0], (old.position, old.hash))
    chain.seal(three[1], (0, chain.BEGINNING))
    assert (verify().faults, verify().links) == ([], 5)


def test_a_committed_record_is_never_without_its_link_on_sqlite(three):
    """The one writer seals what it writes, so that no process can die between."""
    if connection.vendor != "sqlite":
        pytest.skip("elsewhere a record is sealed after its commit, so that no delete waits for another's")
    with audited_deletes("ada"):
        for model in (models.Contest, models.Passport):
            model.objects.all().delete()
            assert not chain.unsealed().exists()
    assert (verify().faults, verify().links) == ([], 5)


def test_many_at_once_make_one_chain():
    stock()
    deletions = [Deletion.objects.create(actor=f"ada {number}") for number in range(4)]
    failures = []

    def seal(deletion):
        try:
            for _ in range(5):
                chain.append(deletion, chain.RECORDED)
        except Exception as error:  # noqa: BLE001 - told below, where the test can fail
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=seal, args=(each,)) for each in deletions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert (verify().faults, verify().links) == ([], 20)


def test_a_delete_that_is_still_going_on_holds_no_other_up(three, django_db_blocker):
    """The chain is not touched before the commit: another writer seals while this transaction is open."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time, with us or without")
    sealed = []

    def elsewhere():
        with audited_deletes("bob"):
            models.Contest.objects.all().delete()
        sealed.append(ChainLink.objects.count())
        connection.close()

    with audited_deletes("ada"), transaction.atomic():
        models.Passport.objects.all().delete()
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        assert sealed == [4]
    assert (verify().faults, verify().links) == ([], 5)


def test_old_records_are_pruned_and_the_gap_is_signed_for(three, settings):
    settings.FREEZE_ALERTS = {"AUDIT": {"KEEP_DAYS": 30}, "DELIVERY": {"DOORBELL": "none"}}
    for deletion in three[:2]:
        deletion.at -= timedelta(days=31)
        deletion.save()
        chain.append(deletion, chain.RECORDED)
    assert pruning.prune(dry_run=True) == 2
    assert Deletion.objects.count() == 3
    assert pruning.prune() == 2
    assert list(Deletion.objects.all()) == [three[2]]
    assert {each.deletion_id for each in DeletedRows.objects.all()} == {three[2].pk}
    verdict = verify()
    assert (verdict.faults, verdict.pruned) == ([], 2)


def test_a_gap_nobody_signed_for_is_found(three):
    gap = chain.append_gap(pruning.ranges([three[0].pk]))
    for model, column in ((DeletedRoot, "deletion"), (DeletedRows, "deletion"), (Deletion, "pk")):
        model.objects.filter(**{column: three[0].pk}).delete()
    assert verify().faults == []
    ChainLink.objects.filter(position=gap.position).update(note=pruning.ranges([each.pk for each in three]))
    assert verify().faults == ["link 4 was changed, or is signed with a key that is not known any more"]


@pytest.mark.parametrize("pks", [[], [5], [1, 2, 3, 7, 9, 10]])
def test_ranges_say_which(pks):
    assert pruning.numbers(pruning.ranges(pks)) == set(pks)


def test_an_object_is_forgotten_wherever_it_is():
    zoo = stock()
    number = zoo.duck.pk
    with audited_deletes("ada"):
        zoo.duck.delete()
    deletion = Deletion.objects.get()
    before = len(list(read_rows(deletion)))
    assert "Dora" in str(Alert.objects.get().fields)

    assert forget("zoo.animal", str(number)) == Forgotten(records=1, rows=1)

    deletion.refresh_from_db()
    assert len(list(read_rows(deletion))) == deletion.row_count == before - 1
    assert "zoo.animal" not in {row.model for row in read_rows(deletion)}
    assert (deletion.left_out["zoo.animal"], deletion.root_objects.get().repr) == (1, "")
    assert "Dora" not in str(Alert.objects.get().fields)
    assert Alert.objects.get().card_due_at is not None
    assert verify().faults == []


def test_what_is_pruned_while_it_is_verified_was_not_removed(three, settings, monkeypatch):
    from freeze_alerts.sources.audit import verifying

    settings.FREEZE_ALERTS = {"AUDIT": {"KEEP_DAYS": 90}}
    old = timezone.now() - timedelta(days=91)
    Deletion.objects.filter(pk=three[0].pk).update(at=old)
    chain.append(Deletion.objects.get(pk=three[0].pk), chain.RECORDED)
    look = verifying._touched_records

    def meanwhile(*told):
        assert pruning.prune() == 1
        return look(*told)

    monkeypatch.setattr(verifying, "_touched_records", meanwhile)
    assert verify().faults == []


@pytest.mark.parametrize("label", ["zoo.animal", "zoo.bird", "zoo.owl"])
def test_an_object_of_three_tables_is_forgotten_in_all_of_them(label):
    zoo = stock()
    number = zoo.owl.pk
    with audited_deletes("ada"):
        zoo.owl.delete()

    assert forget(label, str(number)) == Forgotten(records=1, rows=3)

    deletion = Deletion.objects.get()
    assert "Olga" not in {row.values.get("name") for row in read_rows(deletion)}
    assert (deletion.root_objects.get().repr, "Olga" in str(Alert.objects.get().fields)) == ("", False)
    assert verify().faults == []


def test_an_object_is_forgotten_by_the_name_of_its_proxy_too():
    zoo = stock()
    number = zoo.chick.pk
    with audited_deletes("ada"):
        zoo.chick.delete()
    assert forget("zoo.songbird", str(number)) == Forgotten(records=1, rows=2)


def test_of_what_no_record_holds_nothing_is_forgotten(three):
    assert forget("zoo.tag", "no-such-tag") == Forgotten(0, 0)
    assert forget("zoo.animal", "1").records == 0


def test_a_file_of_a_forgotten_row_is_not_named_any_more():
    zoo = stock()
    with audited_deletes("ada"):
        zoo.duck.delete()
    record = next(row for row in read_rows(Deletion.objects.get()) if row.values.get("photo"))
    forget("zoo.record", str(record.pk))
    assert Deletion.objects.get().files == []
