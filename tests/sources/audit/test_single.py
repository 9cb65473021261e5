"""One object deleted on its page: Django's delete goes by what was gathered for the record, if nobody objects."""

from __future__ import annotations

import threading

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models.signals import post_delete
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import include, path

from freeze_alerts.sources.audit import batches
from freeze_alerts.sources.audit.models import Deletion
from freeze_alerts.sources.audit.rows import read_rows
from tests.sources.audit import site
from tests.zoo import models
from tests.zoo.stock import stock

pytestmark = pytest.mark.django_db(transaction=True)

accounts = admin.AdminSite(name="accounts")
accounts.register(User, type("Accounts", (site.AuditAdminMixin, UserAdmin), {}))
urlpatterns = [path("accounts/", accounts.urls), path("", include(site))]


def delete(client, obj):
    page = client.post(f"/audited/zoo/{obj._meta.model_name}/{obj.pk}/delete/", {"post": "yes"})
    assert page.status_code == 302


def read_meals(asked) -> int:
    table = connection.ops.quote_name("zoo_meal")
    return sum(each["sql"].startswith("SELECT") and f"FROM {table}" in each["sql"] for each in asked)


def test_what_hangs_on_it_is_read_once(client):
    zoo = stock()
    with CaptureQueriesContext(connection) as asked:
        delete(client, zoo.pond)
    assert read_meals(asked) == 1
    assert not models.Animal.objects.filter(pk=zoo.duck.pk).exists()


def test_signals_are_sent_as_ever(client):
    zoo, told = stock(), []

    def note(sender, instance, origin, **_):
        told.append((sender._meta.label_lower, instance.pk, origin == zoo.aviary))

    post_delete.connect(note)
    try:
        delete(client, zoo.aviary)
    finally:
        post_delete.disconnect(note)
    announced = {(row.model, row.pk, True) for row in read_rows(Deletion.objects.get())}
    by_hand = [each for each in announced if each[0] in ("zoo.animal_tags", "zoo.animal_friends")]
    assert sorted(map(str, told)) == sorted(map(str, announced.difference(by_hand)))


class Sparing(admin.ModelAdmin):
    """Takes the animals out before their enclosure goes."""

    def delete_model(self, request, obj):
        models.Animal.objects.filter(enclosure=obj).update(enclosure=models.Enclosure.objects.exclude(pk=obj.pk)[0])
        super().delete_model(request, obj)


class SparingOnItsLog(site.AuditAdminMixin, admin.ModelAdmin):
    """Does so where the delete is logged, when all that will go has been gathered."""

    def log_deletions(self, request, queryset):
        models.Animal.objects.filter(enclosure=queryset[0]).update(enclosure=models.Enclosure.objects.first())
        return super().log_deletions(request, queryset)


class Before(Sparing, site.PlainAdmin):
    pass


class Behind(site.AuditAdminMixin, Sparing):
    pass


@pytest.mark.parametrize("kind", [Before, Behind, SparingOnItsLog])
def test_an_admin_that_changes_what_hangs_on_it_first_keeps_it(client, monkeypatch, kind):
    zoo = stock()
    monkeypatch.setattr(site.site.get_model_admin(models.Enclosure), "__class__", kind)
    delete(client, zoo.pond)
    assert models.Animal.objects.filter(pk=zoo.duck.pk).exists()
    assert not {row.model for row in read_rows(Deletion.objects.get())} & {"zoo.animal", "zoo.meal"}


def test_a_model_with_a_delete_of_its_own_is_asked(client, monkeypatch):
    zoo = stock()
    monkeypatch.setattr(
        models.Enclosure, "delete", lambda self: type(self).objects.filter(pk=self.pk).update(name="shut")
    )
    delete(client, zoo.pond)
    assert models.Enclosure.objects.get(pk=zoo.pond.pk).name == "shut"
    assert not Deletion.objects.exists()


def test_an_object_with_a_delete_of_its_own_is_asked(client, monkeypatch):
    zoo = stock()
    found = site.PlainAdmin.get_object

    def get_object(self, *told):
        enclosure = found(self, *told)
        enclosure.delete = lambda: None
        return enclosure

    monkeypatch.setattr(site.PlainAdmin, "get_object", get_object)
    delete(client, zoo.pond)
    assert models.Enclosure.objects.filter(pk=zoo.pond.pk).exists()
    assert not Deletion.objects.exists()


def test_who_deletes_their_own_account_takes_the_log_of_that_along(client, ada, settings):
    settings.ROOT_URLCONF = __name__
    assert client.post(f"/accounts/auth/user/{ada.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not User.objects.exists()
    assert not LogEntry.objects.exists()
    assert Deletion.objects.get().left_out == {"admin.logentry": 1}


class OnlyTheAviary(site.AuditAdminMixin, admin.ModelAdmin):
    def has_delete_permission(self, request, obj=None):
        return obj is None or obj.name == "Aviary"


def test_of_several_objects_each_is_asked_for(monkeypatch):
    """A page of one's own may ask for a list what will go with it."""
    zoo, request = stock(), RequestFactory().post("/", {"post": "yes"})
    one = OnlyTheAviary(models.Enclosure, site.site)
    monkeypatch.setitem(site.site._registry, models.Enclosure, one)
    monkeypatch.setattr(site.AnimalAdmin, "has_delete_permission", lambda *_: True)
    request.user = User(is_superuser=True)
    with one._scope(request):
        _, counts, lacking, _ = one.get_deleted_objects([zoo.aviary, zoo.pond], request)
    assert (counts["enclosures"], lacking) == (2, {"enclosure"})


def test_whoever_writes_in_between_waits_their_turn(client, monkeypatch):
    """SQLite refuses who has read and then wants to write, once somebody else has written: so it is our turn first."""
    zoo, wrote = stock(), []

    def write():
        models.Tag.objects.create(name="meanwhile")
        wrote.append(True)
        connection.close()

    other = threading.Thread(target=write)
    found = site.PlainAdmin.log_deletions

    def log_deletions(self, *told):
        other.start()
        other.join(1)
        return found(self, *told)

    monkeypatch.setattr(site.PlainAdmin, "log_deletions", log_deletions)
    delete(client, zoo.pond)
    other.join()
    assert wrote == [True]


def test_a_turn_to_write_needs_no_table_of_theirs(monkeypatch):
    """It may be a view, or stand in another database."""
    monkeypatch.setattr(models.Nest._meta, "db_table", "nowhere")
    with transaction.atomic():
        batches.take_turn("default", models.Nest)


def test_it_is_gathered_where_django_deletes_it():
    tag = models.Tag(name="far")
    assert batches.database_of(tag) == batches.database_of(models.Tag.objects.all()) == "default"
    tag._state.db = "far"
    assert batches.database_of(tag) == batches.database_of(models.Tag.objects.using("far")) == "far"
