"""What is written in an unusual way, and was touched by nobody: `verify_audit` raises no alarm."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from freeze_alerts.sources.audit import chain
from freeze_alerts.sources.audit.forgetting import forget
from freeze_alerts.sources.audit.models import DeletedRoot, Deletion
from freeze_alerts.sources.audit.rows import read_rows
from freeze_alerts.sources.audit.scope import audited_deletes
from freeze_alerts.sources.audit.verifying import verify
from freeze_alerts.sources.audit.who import Who
from tests.zoo import models
from tests.zoo.stock import stock

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("more", [False, True], ids=["alone", "before others"])
def test_chosen_objects_of_which_no_row_is_kept(more):
    zoo = stock()
    locks = models.Lock.objects.all()
    locks.create(enclosure=zoo.pond, api_token="x")
    with audited_deletes("ada", exclude=["zoo.lock"]):
        locks.all().delete()
        if more:
            zoo.duck.delete()
    assert verify().faults == []
    DeletedRoot.objects.filter(model="zoo.lock").update(object_id="4711")
    assert verify().faults != []


def numbered(request) -> Who:
    """As one writes it without thinking of types."""
    return Who(actor_id=request.user.pk, actor=request.user, real_actor_id=None)  # type: ignore[arg-type]


def test_a_person_who_is_named_by_a_number(client, ada, settings):
    settings.FREEZE_ALERTS = {
        "AUDIT": {"ACTOR_RESOLVER": f"{__name__}.numbered"}, "DELIVERY": {"DOORBELL": "none"},
    }  # fmt: skip
    zoo = stock()
    assert client.post(f"/audited/zoo/enclosure/{zoo.pond.pk}/delete/", {"post": "yes"}).status_code == 302
    deletion = Deletion.objects.get()
    assert (deletion.actor_id, deletion.actor, deletion.real_actor_id) == (str(ada.pk), "ada", "")
    assert verify().faults == []


def test_an_hour_that_the_clock_has_twice():
    """Without time zones, the database doesn't say which of the two it was."""
    first, second = (
        Deletion(uid="x", card="x", at=datetime(2026, 10, 25, 2, 30, fold=fold))  # noqa: DTZ001 - as USE_TZ=False has it
        for fold in (0, 1)
    )
    assert chain.digest(first) == chain.digest(second)


def test_a_scope_that_goes_on_after_its_record_was_verified():
    if connection.vendor == "sqlite":
        pytest.skip("there each write to the record is sealed with it")
    stock()
    first, second = models.Tag.objects.all()
    with audited_deletes("cron:purge"):
        first.delete()
        Deletion.objects.update(at=timezone.now() - timedelta(minutes=2))
        assert verify().sealed_late == 1
        second.delete()
        assert verify().faults == []
    assert verify().faults == []


def test_an_object_that_was_to_be_forgotten_when_the_process_died(monkeypatch):
    zoo = stock()
    number = str(zoo.duck.pk)
    with audited_deletes("ada"):
        zoo.duck.delete()
    with monkeypatch.context() as dying:
        dying.setattr(chain, "append", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            forget("zoo.animal", number)
    assert verify().faults == []
    assert "zoo.animal" in {row.model for row in read_rows(Deletion.objects.get())}
    assert forget("zoo.animal", number).records == 1
    assert verify().faults == []
