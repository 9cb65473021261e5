"""An INSERT of our own wording leaves what the ORM's would."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from freeze_alerts.alerts.models import Alert
from freeze_alerts.insert import insert, insert_rows
from freeze_alerts.outbox.models import Message
from freeze_alerts.sources.audit.models import DeletedRoot, DeletedRows, Deletion

pytestmark = pytest.mark.django_db

INSTANCES = {
    "alert": lambda: Alert(
        type="disk.space", key="disk:/", severity="high", title="Žlutý 🐎 %s", fields=[["Name", "%", True]],
        peak_value=12.5, opened_at=timezone.now(), last_seen_at=timezone.now(), next_reminder_at=None, open_key=None,
    ),
    "message": lambda: Message(
        intent="a", kind="opened", channel="errors", due_at=timezone.now(), created_at=timezone.now()
    ),
    "deletion": lambda: Deletion(actor="ada", roots={"a.b": 2}, files=["a.pdf"], complete=False, row_count=2**40),
}  # fmt: skip


@pytest.mark.parametrize("make", INSTANCES.values(), ids=INSTANCES)
def test_a_row_reads_back_as_the_orm_would_have_written_it(make):
    ours = make()
    model, told = type(ours), _columns(ours)
    insert(ours, "default")
    read = _columns(model.objects.get(pk=ours.pk))
    model.objects.all().delete()
    theirs = model.objects.create(**told)
    assert read == _columns(model.objects.get(pk=theirs.pk))


def _columns(instance) -> dict[str, object]:
    return {each.attname: getattr(instance, each.attname) for each in instance._meta.fields if not each.primary_key}


@pytest.mark.parametrize("make", INSTANCES.values(), ids=INSTANCES)
def test_an_inserted_instance_can_be_saved_on(make):
    instance = make()
    insert(instance, "default")
    assert instance.pk is not None
    assert (instance._state.adding, instance._state.db) == (False, "default")
    instance.save()
    assert type(instance).objects.count() == 1


def test_what_is_there_already_is_refused():
    insert(INSTANCES["message"](), "default")
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(INSTANCES["message"](), "default")


@pytest.mark.parametrize("count", [0, 1, 2, 100, 101, 2500])
def test_many_rows_arrive_in_their_order(count):
    deletion = Deletion.objects.create()
    names = [f"ů'\\{{}},\"%s {number}" for number in range(count)]
    insert_rows(DeletedRoot, [(deletion.pk, "a.b", str(n), name, 1) for n, name in enumerate(names)], "default")
    assert list(deletion.root_objects.order_by("pk").values_list("repr", flat=True)) == names
    data = bytes(range(256)) * 20
    insert_rows(DeletedRows, [(deletion.pk, n, 5, data) for n in range(count)], "default", at_once=7)
    assert {bytes(each.data) for each in deletion.row_chunks.all()} == ({data} if count else set())
    assert deletion.row_chunks.count() == count
