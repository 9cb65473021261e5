"""A record that can't be written: the delete does not happen, and whoever asked for it is told."""

from __future__ import annotations

import pytest
from django.db import OperationalError, transaction

from freeze_alerts.outbox.models import Message
from freeze_alerts.sources.audit import recording
from freeze_alerts.sources.audit.collecting import Snapshooter
from freeze_alerts.sources.audit.models import Deletion
from freeze_alerts.sources.audit.recording import RecordNotWritten
from freeze_alerts.sources.audit.scope import audited_deletes
from tests.zoo import models
from tests.zoo.stock import counts, stock

LIST = "/audited/zoo/enclosure/"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_atomic", [False, True])
def test_a_delete_whose_record_cannot_be_written_does_not_happen(client, monkeypatch, settings, is_atomic):
    zoo = stock()
    monkeypatch.setitem(settings.DATABASES["default"], "ATOMIC_REQUESTS", is_atomic)

    def full(*args, **kwargs):
        raise OperationalError("disk full: secret detail")

    monkeypatch.setattr(recording, "insert_rows", full)
    before = counts()
    for url, data in [
        (f"{LIST}{zoo.pond.pk}/delete/", {"post": "yes"}),
        (LIST, {"action": "delete_selected", "_selected_action": [zoo.pond.pk], "post": "yes"}),
    ]:
        page = client.post(url, data)
        assert page.status_code == 503
        assert "Nothing was deleted" in page.content.decode()
        assert "OperationalError" in page.content.decode()
        assert "secret detail" not in page.content.decode()
    assert counts() == before
    assert not Deletion.objects.exists()
    assert not Message.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_packed_is_not_deleted(client, monkeypatch):
    zoo = stock()
    monkeypatch.setattr(Snapshooter, "gather", lambda *_: 1 / 0)
    page = client.post(f"{LIST}{zoo.pond.pk}/delete/", {"post": "yes"})
    assert (page.status_code, "ZeroDivisionError" in page.content.decode()) == (503, True)
    assert models.Enclosure.objects.filter(pk=zoo.pond.pk).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_atomic", [False, True])
def test_of_a_loop_that_is_refused_halfway_the_page_says_what_is_so(client, monkeypatch, settings, is_atomic):
    zoo = stock()
    monkeypatch.setitem(settings.DATABASES["default"], "ATOMIC_REQUESTS", is_atomic)
    record, written = recording.record, []

    def once(scope, *told):
        if written:
            raise OperationalError
        written.append(record(scope, *told))

    monkeypatch.setattr(recording, "record", once)
    chosen = {"action": "one_by_one", "_selected_action": [zoo.duck.pk, zoo.chick.pk]}
    page = client.post("/audited/zoo/animal/", chosen)
    left = models.Animal.objects.filter(pk__in=[zoo.duck.pk, zoo.chick.pk]).count()
    said = "Nothing was deleted" if is_atomic else "Not everything was deleted"
    assert (page.status_code, said in page.content.decode()) == (503, True)
    assert (left, Deletion.objects.count()) == ((2, 0) if is_atomic else (1, 1))


@pytest.mark.django_db
def test_outside_the_admin_whoever_deletes_hears_that_nothing_was_recorded(monkeypatch):
    zoo = stock()
    monkeypatch.setattr(recording, "insert_rows", lambda *_, **__: 1 / 0)
    with pytest.raises(RecordNotWritten), audited_deletes("test"), transaction.atomic():
        zoo.duck.delete()
    assert models.Animal.objects.filter(pk=zoo.duck.pk).exists()
