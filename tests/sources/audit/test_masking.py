from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.sessions.models import Session
from django.db.models import CharField, Model
from django.urls import include, path

from freeze_alerts.admin import AuditAdminMixin
from freeze_alerts.alerts.models import Alert
from freeze_alerts.sources.audit import masking
from freeze_alerts.sources.audit.masking import MARK
from freeze_alerts.sources.audit.models import DeletedRoot, DeletedRows, Deletion
from freeze_alerts.sources.audit.rows import read_links, read_rows, unpack
from freeze_alerts.sources.audit.scope import audited_deletes
from tests.zoo import models
from tests.zoo.stock import stock


@pytest.mark.parametrize(
    "name", ["password", "user_password", "api_token", "apiKey", "api_key", "APIKEY", "resetTokens", "pin",
             "card_number",
             "iban", "otp_code", "private_key", "session_key", "client-secret"],
)  # fmt: skip
def test_a_name_that_says_secret_is_one(name):
    assert masking.is_secret(name)


@pytest.mark.parametrize(
    "name",
    ["pinned", "shipping", "opinion", "key", "keyboard", "compass", "secretary", "tokenized", "address", "name"],
)
def test_a_name_that_only_looks_like_it_is_none(name):
    assert not masking.is_secret(name)


def test_secrets_in_json_are_cut_out_and_the_rest_stays():
    clean = masking.redact({"user": {"api_key": "s3cret", "name": "Ada"}, "list": [{"pin": 1}]})
    assert clean.value == {"user": {"api_key": MARK, "name": "Ada"}, "list": [{"pin": MARK}]}


def test_json_without_secrets_is_left_alone():
    plain = {"name": "Ada", "list": [1, {"a": None}]}
    assert masking.redact(plain) is plain


class FernetCharField(CharField):
    """As libraries that encrypt call theirs: it gives the plain text."""


def test_a_field_that_is_kept_encrypted_is_masked():
    field = FernetCharField()
    field.set_attributes_from_name("note")
    assert masking.rules().hides("shop.order", field)
    assert not masking.rules(keep=["shop.order.note"]).hides("shop.order", field)


@pytest.mark.parametrize(("name", "is_hidden"), [("Token", True), ("APIKey", True), ("Piano", False)])
def test_the_key_of_a_token_is_masked(name, is_hidden):
    """As that of Django REST framework is kept, in clear and as the primary key."""
    field = CharField()
    field.set_attributes_from_name("key")
    field.model = type(name, (), {})
    assert masking.rules().hides("shop.thing", field) is is_hidden


def test_a_key_that_is_a_secret_is_masked_where_it_is_referred_to():
    assert masking.rules().hides("sessions.session", Session._meta.get_field("session_key"))


site = admin.AdminSite(name="masking")
site.register(models.Tag, type("TagAdmin", (AuditAdminMixin, admin.ModelAdmin), {"audit_mask": ("zoo.tag.name",)}))
urlpatterns = [path("masking/", site.urls), path("", include("tests.urls"))]


@pytest.mark.django_db
def test_a_key_that_is_a_secret_is_not_in_the_address_either(client, settings):
    settings.ROOT_URLCONF = __name__
    tag = models.Tag.objects.create(name="t0ken")
    client.post(f"/masking/zoo/tag/{tag.pk}/delete/", {"post": "yes"})
    deletion = Deletion.objects.get()
    assert deletion.path == "/masking/zoo/tag/<path:object_id>/delete/"
    assert "t0ken" not in str(Deletion.objects.values().get()) + str(Alert.objects.values().get())


@pytest.fixture
def lock(db) -> Model:
    enclosure = stock().pond
    return models.Lock.objects.create(enclosure=enclosure, api_token="t0ken-in-clear", pin="1234")


def test_no_secret_is_in_the_record_not_even_in_part(lock):
    with audited_deletes("test"):
        models.Keeper.objects.all().delete()
        lock.delete()
    stored = "".join(str(unpack(bytes(each.data))) for each in DeletedRows.objects.all())
    assert "pbkdf2" not in stored
    assert "t0ken" not in stored
    row = next(each for each in read_rows(Deletion.objects.get()) if each.model == "zoo.lock")
    assert row.masked == {"api_token", "pin"}
    assert row.values.keys() == {"id", "enclosure_id"}


def test_no_secret_is_in_the_name_of_an_object(lock, monkeypatch):
    monkeypatch.setattr(models.Lock, "__str__", lambda self: f"{'x' * 190} lock {self.api_token}")
    with audited_deletes("test"):
        lock.delete()
    assert DeletedRoot.objects.get().repr == f"{'x' * 190} lock {MARK}"


def test_no_secret_is_in_a_reference_that_was_cut(lock):
    owl = models.Owl.objects.get()
    with audited_deletes("test", mask=["zoo.visit.animal", "zoo.enclosure.id"]):
        owl.delete()
    assert {link.model for link in read_links(Deletion.objects.get())} == {"zoo.animal"}


def test_what_an_admin_says_to_keep_is_kept_and_what_it_says_to_mask_is_not(lock):
    with audited_deletes("test", keep=["pin"], mask=["zoo.lock.enclosure_id"]):
        lock.delete()
    row = next(read_rows(Deletion.objects.get()))
    assert (row.values["pin"], row.masked) == ("1234", {"api_token", "enclosure_id"})


def test_the_project_can_mask_more(lock, settings):
    settings.FREEZE_ALERTS = {"AUDIT": {"MASK": ["enclosure"]}}
    with audited_deletes("test"):
        lock.delete()
    assert "enclosure_id" in next(read_rows(Deletion.objects.get())).masked


def test_rows_of_an_excluded_model_are_counted_only(lock):
    with audited_deletes("test", exclude=["zoo.lock"]):
        lock.delete()
    deletion = Deletion.objects.get()
    assert (deletion.left_out, deletion.counts, list(read_rows(deletion))) == ({"zoo.lock": 1}, {}, [])
    assert (deletion.root_objects.get().repr, "Lock object" in str(Alert.objects.get().fields)) == ("", False)
