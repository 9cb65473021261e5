"""Every path by which a request of the admin deletes rows: what is gone is what is recorded, no more, no less."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.contrib.contenttypes.models import ContentType
from django.test import Client

from freeze_alerts.alerts.models import Alert
from freeze_alerts.outbox.models import Message
from freeze_alerts.sources.audit import chain
from freeze_alerts.sources.audit.models import Deletion
from freeze_alerts.sources.audit.rows import read_rows
from tests.zoo.models import Nest
from tests.zoo.stock import Zoo, counts, stock

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True)
class Path:
    """One way to delete. ``without`` are the tables whose rows go unseen, ``messages`` how many cards it makes."""

    name: str
    go: Callable[[Client, Zoo], object]
    messages: int = 1
    without: tuple[str, ...] = ()


def _selected(model: str, *objs, action: str = "delete_selected", site: str = "audited"):
    data = {"action": action, "_selected_action": [obj.pk for obj in objs], "post": "yes"}
    return f"/{site}/zoo/{model}/", data


def _action(name: str) -> Callable[[Client, Zoo], object]:
    return lambda client, zoo: client.post(*_selected("animal", zoo.owl, zoo.duck, action=name))


def _delete(model: str, pick: Callable[[Zoo], object]) -> Callable[[Client, Zoo], object]:
    return lambda client, zoo: client.post(f"/audited/zoo/{model}/{pick(zoo).pk}/delete/", {"post": "yes"})


def _form(site: str, **changed: object) -> Callable[[Client, Zoo], object]:
    def go(client: Client, zoo: Zoo) -> object:
        meal = zoo.duck.meal_set.get()
        data = {
            "name": "Dora", "enclosure": zoo.pond.pk, "tags": ["night", "loud"], "meal_set-TOTAL_FORMS": 1,
            "meal_set-INITIAL_FORMS": 1, "meal_set-0-id": meal.pk, "meal_set-0-animal": zoo.duck.pk,
            "meal_set-0-grams": 125, **changed,
        }  # fmt: skip
        return client.post(f"/{site}/zoo/animal/{zoo.duck.pk}/change/", data)

    return go


PATHS = [
    Path("delete view", _delete("enclosure", lambda zoo: zoo.aviary)),
    Path("delete view of a child of three tables", _delete("bird", lambda zoo: zoo.owl)),
    Path("delete selected", lambda client, zoo: client.post(*_selected("enclosure", zoo.aviary, zoo.pond))),
    Path("delete selected, its own way", lambda client, zoo: client.post(*_selected("bird", zoo.owl, zoo.chick))),
    Path("inline", _form("audited", **{"meal_set-0-DELETE": "on"})),
    Path("inline, its own way", _form("formsets", **{"meal_set-0-DELETE": "on"})),
    Path("action on the queryset", _action("all_at_once")),
    Path("action in a loop", _action("one_by_one")),
    Path("action that keeps the parents", _action("keep_parents")),
    Path("a page of its own", lambda client, zoo: client.get(f"/audited/zoo/animal/{zoo.duck.pk}/free/")),
    Path("what others hang on by m2m alone", _delete("tag", lambda zoo: zoo.tag)),
    Path("what the database takes along", lambda client, zoo: client.post(*_selected("nest", Nest.objects.get()))),
    Path("a person with a password", _delete("keeper", lambda zoo: zoo.ann)),
    Path("rolled back", _action("not_after_all"), messages=0),
    Path("breaks after it", _action("then_breaks"), messages=0),
    Path("rolled back, then for good", _action("twice")),
    Path("raw SQL", _action("with_sql"), without=("zoo_visit",)),
    Path("past the collector", _action("raw"), without=("zoo_visit",)),
    Path("m2m changed in the form", _form("audited", tags=[]), messages=0, without=("zoo_animal_tags",)),
]


@pytest.mark.parametrize("is_atomic", [False, True], ids=["", "ATOMIC_REQUESTS"])
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_what_is_gone_is_what_is_recorded(path, is_atomic, client, settings, monkeypatch):
    zoo = stock()
    monkeypatch.setitem(settings.DATABASES["default"], "ATOMIC_REQUESTS", is_atomic)
    assert client.get("/in-transaction/").json() is is_atomic
    before = Counter(counts())

    path.go(client, zoo)

    gone = {table: count for table, count in (before - Counter(counts())).items() if table not in path.without}
    deletions = list(Deletion.objects.all())
    assert recorded(deletions) == gone
    assert len(deletions) == Message.objects.count() == Alert.objects.count() == path.messages
    for deletion in deletions:
        assert deletion.actor == "ada"
        assert deletion.row_count == sum(gone.values()) == sum(deletion.counts.values())
        assert deletion.content_hash == chain.content_hash(deletion)
        assert tuple(deletion.without_snapshot) == path.without


def recorded(deletions) -> dict[str, int]:
    rows = [row for deletion in deletions for row in read_rows(deletion)]
    assert len({(row.table, row.pk) for row in rows}) == len(rows), "a row is recorded twice"
    return dict(Counter(row.table for row in rows))


def test_a_soft_delete_leaves_no_record(client):
    zoo = stock()
    note = zoo.duck.notes.get()
    client.post(f"/audited/zoo/note/{note.pk}/delete/", {"post": "yes"})
    client.post(*_selected("note", note))
    assert not Deletion.objects.exists()
    assert type(note).objects.get(pk=note.pk).text == "gone"


def test_content_types_are_named(client):
    zoo = stock()
    client.post(*_selected("enclosure", zoo.pond))
    note = next(row for row in read_rows(Deletion.objects.get()) if row.model == "zoo.note")
    kind = ContentType.objects.get_for_id(note.values["content_type_id"])
    assert note.content_types == {"content_type_id": f"zoo.{kind.model}"}
