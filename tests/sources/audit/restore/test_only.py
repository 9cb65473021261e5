"""One object with what belonged to it, and later the rest."""

from __future__ import annotations

import pytest

from tests.sources.audit.restore.deleting import conflicts, delete, losses, put_back
from tests.zoo.models import Animal, Bird, Enclosure, Note, Owl, Passport, Record, Reply, Shift, Tag
from tests.zoo.stock import counts, dump, stock

pytestmark = pytest.mark.django_db


def test_an_object_comes_back_with_all_that_hangs_on_it_and_nothing_else():
    zoo = stock()
    about_duck = Note.objects.filter(object_id=str(zoo.duck.pk), content_type__model="animal")
    notes = set(about_duck)
    deletion = delete(zoo.owl, zoo.chick, zoo.duck)
    put_back(deletion, f"zoo.animal:{zoo.duck.pk}")
    assert [animal.name for animal in Animal.objects.all()] == ["Dora"]
    assert {record.animal_id for record in Record.objects.all()} == {zoo.duck.pk}
    assert set(about_duck) == notes
    assert Reply.objects.filter(note__in=notes).count() == 2
    assert [passport.animal_id for passport in Passport.objects.all()] == [zoo.duck.pk]
    assert not Bird.objects.exists()


@pytest.mark.parametrize("label", ["zoo.animal", "zoo.Bird", "zoo.owl", "zoo.Songbird"])
def test_an_object_of_three_tables_is_found_by_any_of_them(label):
    zoo = stock()
    deletion = delete(zoo.owl, zoo.duck)
    put_back(deletion, f"{label}:{zoo.owl.pk}")
    assert [owl.name for owl in Owl.objects.all()] == ["Olga"]
    assert not Animal.objects.filter(pk=zoo.duck.pk).exists()


def test_a_child_with_a_key_of_its_own():
    zoo = stock()
    deletion = delete(zoo.duck)
    record = deletion.counts["zoo.record"]
    assert record == 2
    assert conflicts(deletion, f"zoo.passport:{zoo.duck.pk}") == [
        ("parent_gone", "zoo.passport", str(zoo.duck.pk)),
    ]


def test_a_reference_to_another_one_of_the_record_waits_for_it():
    zoo = stock()
    before = dump()
    deletion = delete(Animal.objects.all())
    done = put_back(deletion, f"zoo.animal:{zoo.duck.pk}")
    assert Animal.objects.get().mother is None
    assert {("parent_lost", "zoo.animal"), ("left_out", "zoo.animal_friends")} <= losses(done)
    put_back(deletion, f"zoo.animal:{zoo.chick.pk}")
    put_back(deletion)
    assert dump() == before


def test_what_belonged_to_two_waits_for_the_second():
    zoo = stock()
    before = dump()
    deletion = delete(zoo.duck, zoo.ann)
    done = put_back(deletion, f"zoo.keeper:{zoo.ann.pk}")
    assert ("left_out", "zoo.shift") in losses(done)
    assert {shift.animal_id for shift in Shift.objects.all()} == {zoo.owl.pk, zoo.chick.pk}
    put_back(deletion)
    after = dump()
    del before["zoo_keeper"], after["zoo_keeper"]  # its password is lost
    assert after == before


def test_the_record_is_restored_once_all_of_it_is_back():
    zoo = stock()
    deletion = delete(zoo.duck, Tag.objects.create(name="new"))
    put_back(deletion, "zoo.tag:new")
    deletion.refresh_from_db()
    assert deletion.restored_at is None
    put_back(deletion, f"zoo.animal:{zoo.duck.pk}")
    deletion.refresh_from_db()
    assert deletion.restored_by == "Ann"
    assert [each["only"] for each in deletion.restorations] == ["zoo.tag:new", f"zoo.animal:{zoo.duck.pk}"]


def test_the_same_object_twice_is_nothing_to_do():
    zoo = stock()
    deletion = delete(zoo.duck, zoo.chick)
    put_back(deletion, f"zoo.animal:{zoo.duck.pk}")
    before = counts()
    assert conflicts(deletion, f"zoo.animal:{zoo.duck.pk}") == [("nothing", "", "")]
    assert counts() == before


def test_what_was_put_back_in_part_and_deleted_again_comes_back_with_the_rest():
    zoo = stock()
    before = dump()
    deletion = delete(zoo.chick, zoo.duck)
    put_back(deletion, f"zoo.animal:{zoo.duck.pk}")
    Animal.objects.get(pk=zoo.duck.pk).delete()
    put_back(deletion)
    after = dump()
    for table in ("zoo_visit",):  # who deleted it by hand has cut that reference, and no record knows
        del before[table], after[table]
    assert after == before


def test_an_object_that_is_not_in_the_record_is_said_so():
    zoo = stock()
    deletion = delete(zoo.duck)
    for wrong in ("zoo.animal:4711", "zoo.dodo:1", "nonsense", "zoo.enclosure:1"):
        assert conflicts(deletion, wrong) == [("not_in_it", "", "")]
    assert Enclosure.objects.count() == 2
