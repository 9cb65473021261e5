from __future__ import annotations

import threading
from contextlib import suppress

import pytest
from django.contrib.admin.models import LogEntry
from django.db import DatabaseError, connection
from django.db.models.signals import post_delete, pre_delete
from django.test import Client
from django.test.utils import CaptureQueriesContext

from freeze_alerts.alerts import lifecycle
from freeze_alerts.alerts.models import Alert
from freeze_alerts.outbox.models import Message
from freeze_alerts.sources.audit import scope
from freeze_alerts.sources.audit.models import Deletion
from freeze_alerts.sources.audit.rows import read_rows
from freeze_alerts.sources.audit.scope import audited_deletes
from tests.zoo import models
from tests.zoo.stock import counts, stock

LIST = "/audited/zoo/enclosure/"


def _listeners() -> int:
    return len(pre_delete.receivers) + len(post_delete.receivers)


@pytest.mark.django_db
@pytest.mark.django_db
def test_nobody_listens_outside_of_a_scope():
    before = _listeners()
    with audited_deletes("test"):
        assert _listeners() == before + 1
        with audited_deletes("inner"):
            assert _listeners() == before + 1
            stock().duck.delete()
            assert _listeners() == before + 2
    assert _listeners() == before
    assert connection.execute_wrappers == []


@pytest.mark.django_db
def test_a_scope_in_which_nothing_is_deleted_asks_the_database_nothing():
    with (
        CaptureQueriesContext(
            connection,
        ) as queries,
        audited_deletes("test"),
    ):
        pass
    assert len(queries) == 0


@pytest.mark.django_db
def test_a_page_that_deletes_nothing_is_as_cheap_as_before(client):
    stock()
    client.get(LIST)
    with CaptureQueriesContext(connection) as queries:
        client.get(LIST)
    assert not [each for each in queries if "freeze_alerts" in each["sql"]]


@pytest.mark.django_db
def test_outside_the_admin_it_says_who_and_why():
    duck = stock().duck
    with audited_deletes("cron:purge", reason="older than a year"):
        duck.delete()
    deletion = Deletion.objects.get()
    assert (deletion.actor, deletion.reason, deletion.ip) == ("cron:purge", "older than a year", "")


@pytest.mark.django_db
def test_it_works_as_a_decorator_too():
    @audited_deletes("cron:purge")
    def purge():
        models.Tag.objects.all().delete()

    stock()
    purge()
    assert Deletion.objects.get().roots == {"zoo.tag": 2}


@pytest.mark.django_db
def test_what_is_deleted_while_it_is_paused_is_nobodys_business():
    zoo = stock()
    with audited_deletes("test"), scope.paused():
        zoo.duck.delete()
    assert not Deletion.objects.exists()


@pytest.mark.django_db
def test_the_admins_log_is_counted_and_never_kept(client, ada):
    LogEntry.objects.create(user=ada, action_flag=1)
    with audited_deletes("test"):
        ada.delete()
    deletion = Deletion.objects.get()
    assert deletion.left_out == {"admin.logentry": 1}
    assert {row.model for row in read_rows(deletion)} == {"auth.user"}


@pytest.mark.django_db
def test_a_person_can_delete_their_own_account_and_is_named_all_the_same(client, ada):
    with audited_deletes("ada"):
        type(ada).objects.all().delete()
    assert Deletion.objects.get().actor == "ada"


@pytest.mark.django_db
def test_what_a_handler_deletes_meanwhile_is_recorded_once():
    zoo = stock()

    def eager(sender, instance, **_):
        for meal in models.Meal.objects.filter(animal_id=instance.pk):
            meal.delete()

    pre_delete.connect(eager, sender=models.Animal)
    before = counts()
    try:
        with audited_deletes("test"):
            models.Animal.objects.filter(pk=zoo.duck.pk).delete()
    finally:
        pre_delete.disconnect(eager, sender=models.Animal)
    deletion = Deletion.objects.get()
    keys = [(row.model, row.pk) for row in read_rows(deletion)]
    assert len(keys) == len(set(keys)) == deletion.row_count == sum(before.values()) - sum(counts().values())


@pytest.mark.django_db
def test_above_the_cap_only_keys_are_kept_and_it_says_so(settings):
    settings.FREEZE_ALERTS = {"AUDIT": {"SNAPSHOT_MAX_ROWS": 3}, "DELIVERY": {"DOORBELL": "none"}}
    zoo = stock()
    number = zoo.pond.pk
    with audited_deletes("test"):
        zoo.pond.delete()
    deletion = Deletion.objects.get()
    assert not deletion.complete
    told = list(read_rows(deletion))
    assert ("zoo.enclosure", number) in {(row.model, row.pk) for row in told}
    assert {tuple(row.values) for row in told} == {()}
    assert "can't be undone" in Alert.objects.get().text


@pytest.mark.django_db
def test_files_are_named():
    zoo = stock()
    with audited_deletes("test"):
        zoo.duck.delete()
    assert Deletion.objects.get().files == ["photos/olga.png"]


@pytest.mark.django_db
def test_a_name_that_can_t_be_said_stops_no_delete(monkeypatch):
    duck = stock().duck
    number = duck.pk
    monkeypatch.setattr(models.Animal, "__str__", lambda self: 1 / 0)
    with audited_deletes("test"):
        duck.delete()
    assert Deletion.objects.get().root_objects.get().repr == f"animal object ({number})"


@pytest.mark.django_db
def test_a_card_that_cannot_be_opened_stops_no_delete(monkeypatch):
    def spoil(_report):
        with suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM nowhere")
        raise ZeroDivisionError

    monkeypatch.setattr(lifecycle, "_open", spoil)
    duck = stock().duck
    with audited_deletes("test"):
        duck.delete()
    assert Deletion.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_another_thread_deletes_meanwhile_is_not_this_ones():
    zoo = stock()

    def elsewhere():
        models.Animal.objects.filter(pk=zoo.duck.pk).delete()
        connection.close()

    with audited_deletes("test"):
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert not Deletion.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_many_at_once_are_a_record_and_a_card_each(ada):
    pond = stock().pond
    herd = models.Animal.objects.bulk_create(models.Animal(enclosure=pond, name=f"sheep {n}") for n in range(12))
    before, failures = _listeners(), []

    def work(sheep):
        try:
            with audited_deletes(f"shepherd {sheep[0].pk}"):
                models.Animal.objects.filter(pk__in=[each.pk for each in sheep]).delete()
        except Exception as error:  # noqa: BLE001 - told below, where the test can fail
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(herd[n : n + 3],)) for n in range(0, 12, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert Deletion.objects.count() == Alert.objects.count() == Message.objects.count() == 4
    assert sum(deletion.row_count for deletion in Deletion.objects.all()) == 12
    assert _listeners() == before


@pytest.mark.django_db
def test_permissions_are_asked_as_the_admin_asks_for_them(db):
    from django.contrib.auth.models import Permission, User

    zoo = stock()
    bob = User.objects.create_user("bob", is_staff=True)
    bob.user_permissions.set(Permission.objects.filter(codename__in=["delete_enclosure", "view_enclosure"]))
    browser = Client()
    browser.force_login(bob)
    assert browser.post(f"{LIST}{zoo.pond.pk}/delete/", {"post": "yes"}).status_code == 403  # animals hang on it
    assert models.Enclosure.objects.filter(pk=zoo.pond.pk).exists()


@pytest.mark.django_db
def test_what_is_protected_is_told_as_the_admin_tells_it(client):
    stock()
    species = models.Species.objects.get()
    page = client.post(f"/audited/zoo/species/{species.pk}/delete/", {"post": "yes"})
    assert page.status_code == 200
    assert "would require deleting the following protected related objects" in page.content.decode()
    assert not Deletion.objects.exists()


@pytest.mark.django_db
def test_the_page_that_asks_first_is_djangos_own(client):
    zoo = stock()
    page = client.get(f"{LIST}{zoo.pond.pk}/delete/").content.decode()
    assert "Dora" in page
    assert not Deletion.objects.exists()
