"""Each way to bring rows back wrongly that somebody's tool has."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.hashers import is_password_usable
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import JSONField, Value
from django.db.models.signals import m2m_changed, post_save, pre_save

from freeze_alerts.sources.audit.chunks import pack
from freeze_alerts.sources.audit.models import Deletion
from freeze_alerts.sources.audit.restore import Blocked, look
from freeze_alerts.sources.audit.rows import unpack
from tests.sources.audit.restore.deleting import conflicts, delete, losses, put_back, rewrite
from tests.zoo.fields import Money
from tests.zoo.models import (
    Animal,
    Bird,
    Contest,
    Enclosure,
    Keeper,
    Lock,
    Meal,
    Note,
    Owl,
    Passport,
    Record,
    Seat,
    Shift,
    Spare,
    Species,
    Tag,
    Visit,
)
from tests.zoo.stock import MOMENT, dump, note, stock

pytestmark = pytest.mark.django_db


def test_1_a_microsecond_is_kept():
    zoo = stock()
    put_back(delete(zoo.duck))
    record = Record.objects.get(animal=zoo.duck, order=-1)
    assert (record.at, record.fed.microsecond, record.asleep.microseconds) == (MOMENT, 999999, 7)


def test_2_times_that_are_set_by_saving_stay_as_they_were():
    zoo = stock()
    put_back(delete(zoo.pond))
    pond = Enclosure.objects.get(name="Pond")
    assert (pond.opened_at, pond.changed_at) == (MOMENT, MOMENT)


def test_3_a_newer_row_under_the_same_key_is_never_overwritten():
    zoo = stock()
    key = zoo.pond.pk
    deletion = delete(zoo.pond)
    Enclosure.objects.create(pk=key, name="Car park")
    before = dump()
    assert conflicts(deletion) == [("key_in_use", "zoo.enclosure", str(key))]
    assert dump() == before


@pytest.mark.parametrize(
    ("remove", "take", "model"),
    [
        pytest.param(lambda zoo: zoo.pond, lambda _: Enclosure.objects.create(name="Pond"), "zoo.enclosure",
                     id="unique"),
        pytest.param(lambda zoo: Shift.objects.get(animal=zoo.duck),
                     lambda zoo: Shift.objects.create(animal_id=zoo.duck.pk, keeper=zoo.ann, day="2026-02-28"),
                     "zoo.shift", id="together"),
        pytest.param(lambda zoo: Contest.objects.get(animal=zoo.duck),
                     lambda zoo: contest(zoo.duck, champion=True), "zoo.contest", id="under a condition"),
        pytest.param(lambda zoo: Contest.objects.get(animal=zoo.duck),
                     lambda zoo: contest(zoo.owl, title=f"LOUDEST {zoo.duck.pk}"), "zoo.contest", id="an expression"),
        pytest.param(lambda zoo: Passport.objects.get(animal=zoo.duck),
                     lambda zoo: Passport.objects.create(animal=Animal.objects.get(pk=zoo.duck.pk)), "zoo.passport",
                     id="the key of another"),
        pytest.param(lambda zoo: Seat.objects.get(enclosure=zoo.pond),
                     lambda zoo: Seat.objects.create(enclosure=zoo.aviary, row=zoo.pond.pk, number=7), "zoo.seat",
                     id="a key of two columns"),
    ],
)  # fmt: skip
def test_4_what_must_be_unique_and_was_taken_meanwhile_is_named(remove, take, model):
    if model == "zoo.contest" and not connection.features.supports_partial_indexes:
        pytest.skip("this database keeps no such constraint")
    zoo = stock()
    deletion = delete(remove(zoo))
    take(zoo)
    before = dump()
    named = conflicts(deletion)
    assert {each[1] for each in named} == {model}
    assert {each[0] for each in named} <= {"not_unique", "key_in_use"}
    assert dump() == before


def contest(animal, **told):
    values = {"year": 1900, "place": 1, "title": "another", "champion": False}
    return Contest.objects.create(animal_id=animal.pk, **{**values, **told})


def test_4_what_a_condition_leaves_free_is_free():
    zoo = stock()
    Contest.objects.filter(animal=zoo.duck).update(champion=False)
    deletion = delete(Contest.objects.get(animal=zoo.duck))
    contest(zoo.duck, champion=True)
    assert conflicts(deletion) == []


def test_4_every_row_in_conflict_is_named_and_not_the_first_alone():
    zoo = stock()
    deletion = delete(Animal.objects.all())
    for animal in (zoo.owl, zoo.chick, zoo.duck):
        Animal.objects.create(pk=animal.pk, enclosure=zoo.pond, name="imposter")
    assert len(conflicts(deletion)) == 3


def test_5_a_parent_that_is_gone_is_named_before_anything_is_written():
    zoo = stock()
    first = delete(zoo.duck)
    delete(zoo.pond)
    before = dump()
    found = conflicts(first)
    assert {each[:2] for each in found} == {("parent_gone", "zoo.animal")}
    assert dump() == before


def test_5_the_record_that_took_the_parent_is_named():
    zoo = stock()
    first = delete(zoo.duck)
    second = delete(zoo.pond)
    (conflict,) = look(first).conflicts
    assert f"deletion {second.pk} took it" in conflict.text
    put_back(second)
    assert conflicts(first) == []


def test_5_a_parent_by_another_column_than_its_key():
    zoo = stock()
    deletion = delete(zoo.chick)
    Animal.objects.update(species=None)
    Species.objects.all().delete()
    assert [each[:2] for each in conflicts(deletion)] == [("parent_gone", "zoo.animal")]


def test_6_the_next_new_row_never_gets_the_key_of_one_that_was_deleted():
    zoo = stock()
    highest = zoo.pond.pk
    deletion = delete(zoo.pond)
    assert Enclosure.objects.create(name="Meadow").pk > highest
    put_back(deletion)
    assert Enclosure.objects.create(name="Hill").pk > highest + 1


def test_6_a_sequence_that_lags_behind_is_moved_forward():
    zoo = stock()
    far = Enclosure.objects.create(pk=zoo.pond.pk + 1000, name="Far away")
    put_back(delete(far))
    assert Enclosure.objects.create(name="Meadow").pk > zoo.pond.pk + 1000


def test_7_an_object_of_three_tables_comes_back_with_all_three():
    zoo = stock()
    put_back(delete(zoo.owl))
    owl = Owl.objects.get(pk=zoo.owl.pk)
    assert (owl.name, owl.wingspan, owl.hearing) == ("Olga", zoo.owl.wingspan, 0.1)


def test_8_many_to_many_comes_back_from_both_sides_without_their_signal():
    heard = []
    m2m_changed.connect(lambda **told: heard.append(told), weak=False, dispatch_uid="test")
    try:
        zoo = stock()
        heard.clear()
        put_back(delete(zoo.owl, zoo.tag))
    finally:
        m2m_changed.disconnect(dispatch_uid="test")
    owl = Owl.objects.get(pk=zoo.owl.pk)
    assert {tag.name for tag in owl.tags.all()} == {"night", "loud"}
    assert [friend.name for friend in owl.friends.all()] == ["Dora"]
    assert [friend.name for friend in zoo.duck.friends.all()] == ["Olga"]
    assert not heard


def test_9_a_generated_column_is_made_by_the_database():
    zoo = stock()
    put_back(delete(Meal.objects.get(animal=zoo.duck)))
    meal = Meal.objects.get(animal=zoo.duck)
    assert (meal.kilos, meal.price) == (0.125, Money(1250, "EUR"))


def test_9_a_column_that_is_gone_is_a_loss_and_named():
    zoo = stock()
    deletion = delete(Visit.objects.get(animal=zoo.duck))
    rewrite(deletion, "zoo.visit", lambda table: _add(table, "stars", 5))
    assert ("column_gone", "zoo.visit") in losses(put_back(deletion))
    assert Visit.objects.get(animal=zoo.duck).visitor == "fan of Dora"


def test_9_a_new_column_without_a_default_is_in_the_way():
    zoo = stock()
    deletion = delete(Visit.objects.get(animal=zoo.duck))
    rewrite(deletion, "zoo.visit", lambda table: _drop(table, "visitor"))
    assert conflicts(deletion) == [("new_column", "zoo.visit", "")]


def test_9_a_new_column_with_a_default_gets_it():
    zoo = stock()
    deletion = delete(Owl.objects.get(pk=zoo.owl.pk))
    rewrite(deletion, "zoo.owl", lambda table: _drop(table, "hearing"))
    assert ("filled", "zoo.owl") in losses(put_back(deletion))
    assert Owl.objects.get(pk=zoo.owl.pk).hearing == 1.5


def test_9_a_renamed_field_is_known_by_its_column():
    zoo = stock()
    deletion = delete(Visit.objects.get(animal=zoo.duck))
    rewrite(deletion, "zoo.visit", lambda table: _rename(table, "visitor", "guest"))
    assert not losses(put_back(deletion))
    assert Visit.objects.get(animal=zoo.duck).visitor == "fan of Dora"


def test_9_a_value_that_its_field_no_longer_takes_is_in_the_way():
    zoo = stock()
    deletion = delete(Meal.objects.get(animal=zoo.duck))
    rewrite(deletion, "zoo.meal", lambda table: _set(table, "grams", "many"))
    before = dump()
    assert conflicts(deletion) == [("refused", "", "")]
    assert dump() == before


def test_9_a_key_that_is_of_another_kind_by_now_is_in_the_way():
    zoo = stock()
    deletion = delete(Visit.objects.get(animal=zoo.duck))
    rewrite(deletion, "zoo.visit", lambda table: _set(table, "id", "no-number"))
    assert conflicts(deletion) == [("refused", "", "")]


def test_9_a_database_that_is_gone_is_in_the_way():
    deletion = delete(stock().pond)
    Deletion.objects.filter(pk=deletion.pk).update(database="warehouse")
    assert conflicts(deletion) == [("database_gone", "", "")]


def test_9_a_model_that_is_gone_is_in_the_way():
    zoo = stock()
    deletion = delete(Visit.objects.get(animal=zoo.duck))
    rewrite(deletion, "zoo.visit", lambda table: table.update(model="zoo.dodo"))
    assert conflicts(deletion) == [("model_gone", "zoo.dodo", "")]


def test_10_a_file_that_is_gone_is_named(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    zoo = stock()
    deletion = delete(zoo.duck)
    done = put_back(deletion)
    (loss,) = done.look.losses
    assert (str(loss.kind), "photos/olga.png" in loss.text) == ("file_gone", True)
    assert Record.objects.get(animal=zoo.duck, order=-1).photo.name == "photos/olga.png"


def test_10_a_file_that_is_still_there_is_no_loss(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "olga.png").write_bytes(b"owl")
    assert not put_back(delete(stock().duck)).look.losses


def test_11_nobody_who_listens_to_saving_is_called():
    heard = []
    zoo = stock()
    deletion = delete(zoo.owl)
    for signal in (pre_save, post_save):
        for model in (Animal, Bird, Owl, Meal):
            signal.connect(lambda **told: heard.append(told), sender=model, weak=False, dispatch_uid="test")
    try:
        put_back(deletion)
    finally:
        for signal in (pre_save, post_save):
            for model in (Animal, Bird, Owl, Meal):
                signal.disconnect(sender=model, dispatch_uid="test")
    assert not heard


def test_12_a_content_type_that_has_another_number_now_is_found_by_its_name():
    stock()
    moved = note(Tag.objects.get(name="night"), "about a tag")
    deletion = delete(moved)
    rewrite(deletion, "zoo.note", lambda table: _set(table, "content_type_id", 4711))
    _name_content_types(deletion, {"4711": "zoo.tag"})
    put_back(deletion)
    assert Note.objects.get(pk=moved.pk).content_type == ContentType.objects.get_for_model(Tag)


def test_13_doing_it_twice_does_it_once():
    zoo = stock()
    before = dump()
    deletion = delete(zoo.pond)
    put_back(deletion)
    assert conflicts(deletion) == [("restored", "", "")]
    assert dump() == before


def test_13_who_and_when_stand_on_the_record():
    deletion = delete(stock().pond)
    done = put_back(deletion)
    deletion.refresh_from_db()
    (told,) = deletion.restorations
    assert (told["by"], told["by_id"], told["only"], told["rows"]) == ("Ann", "1", "", done.rows)
    assert deletion.restored_by == "Ann"
    assert datetime.fromisoformat(told["at"]) == deletion.restored_at.astimezone(UTC)


def test_14_a_masked_value_that_may_not_be_empty_is_in_the_way():
    zoo = stock()
    Lock.objects.create(enclosure=zoo.pond, api_token="s3cret", pin="1234")
    deletion = delete(zoo.pond)
    before = dump()
    assert conflicts(deletion) == [("masked", "zoo.lock", "")]
    assert dump() == before


def test_14_a_masked_value_that_may_be_empty_comes_back_so_and_is_named():
    zoo = stock()
    spare = Spare.objects.create(enclosure=zoo.pond, secret="s3cret")
    done = put_back(delete(spare))
    assert ("blanked", "zoo.spare") in losses(done)
    assert Spare.objects.get(pk=spare.pk).secret is None


def test_14_a_password_comes_back_as_one_that_nobody_can_use():
    zoo = stock()
    done = put_back(delete(zoo.ann))
    assert ("password", "zoo.keeper") in losses(done)
    assert not is_password_usable(Keeper.objects.get(name="Ann").password)


def _names(table):
    return [name for name, _ in table["columns"]]


def _add(table, name, value):
    table["columns"].append([name, name])
    for row in table["rows"]:
        row.append(value)


def _drop(table, name):
    position = _names(table).index(name)
    del table["columns"][position]
    for row in table["rows"]:
        del row[position]


def _rename(table, name, new):
    table["columns"][_names(table).index(name)][0] = new


def _set(table, name, value):
    position = _names(table).index(name)
    for row in table["rows"]:
        row[position] = value


def _name_content_types(deletion, named):
    for chunk in deletion.row_chunks.all():
        content = unpack(chunk.data)
        content["content_types"] |= named
        chunk.data = pack(content)
        chunk.save()


def test_14_what_stands_in_for_a_masked_value_can_be_said():
    zoo = stock()
    lock = Lock.objects.create(enclosure=zoo.pond, api_token="s3cret", pin="1234")
    deletion = delete(zoo.pond)
    done = put_back(deletion, fill={"zoo.lock.api_token": "lost"})
    assert ("given", "zoo.lock") in losses(done)
    assert Lock.objects.get(pk=lock.pk).api_token == "lost"


def test_14_what_is_not_there_cannot_be_filled():
    deletion = delete(stock().pond)
    with pytest.raises(Blocked, match=r"there is no zoo\.lock\.apitoken in it"):
        put_back(deletion, fill={"zoo.lock.apitoken": "lost"})


def test_14_a_row_whose_very_key_was_not_kept_is_left_out_and_named():
    zoo = stock()
    deletion = delete(zoo.tag, Tag.objects.get(name="loud"), zoo.pond, mask=["zoo.tag.name"])
    done = put_back(deletion)
    (named,) = (each for each in done.look.losses if each.model == "zoo.tag")
    assert "2 rows do not come back: the key was not kept" in named.text
    assert Enclosure.objects.filter(name="Pond").exists()


def test_null_within_json_is_not_no_json():
    zoo = stock()
    record = Record.objects.get(animal=zoo.duck, order=-1)
    Record.objects.filter(pk=record.pk).update(data=Value(None, JSONField()))
    before = dump()
    put_back(delete(record))
    assert dump() == before


def test_a_child_that_went_without_its_parent_comes_back_to_it():
    zoo = stock()
    before = dump()
    deletion = delete(KeepingParents(Owl.objects.get(pk=zoo.owl.pk)))
    done = put_back(deletion)
    assert (done.rows, done.look.counts) == (1, {"zoo.owl": 1})
    assert dump() == before


def test_a_natural_key_that_was_made_anew_has_its_links_again():
    zoo = stock()
    before = dump()
    deletion = delete(zoo.tag)
    Tag.objects.create(name="night")
    done = put_back(deletion)
    assert (done.look.present, done.rows) == (1, deletion.row_count - 1)
    assert dump() == before


def test_a_row_that_is_there_as_it_was_is_in_nobodys_way():
    zoo = stock()
    before = dump()
    deletion = delete(zoo.pond)
    Enclosure.objects.create(pk=zoo.pond.pk, name="Pond")
    Enclosure.objects.filter(pk=zoo.pond.pk).update(opened_at=MOMENT, changed_at=MOMENT)
    done = put_back(deletion)
    assert (done.look.present, done.rows) == (1, deletion.row_count - 1)
    assert dump() == before


class KeepingParents:
    def __init__(self, child):
        self._child = child

    def delete(self):
        self._child.delete(keep_parents=True)
