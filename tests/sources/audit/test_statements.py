from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import include, path

from freeze_alerts.admin import AuditAdminMixin
from freeze_alerts.sources.audit import statements
from freeze_alerts.sources.audit.models import Deletion
from freeze_alerts.sources.audit.scope import audited_deletes
from freeze_alerts.sources.audit.statements import Delete
from tests.zoo import models
from tests.zoo.stock import stock


class OwnUserAdmin(AuditAdminMixin, UserAdmin):
    pass


site = admin.AdminSite(name="people")
site.register(User, OwnUserAdmin)
site.register(Session, type("Sessions", (AuditAdminMixin, admin.ModelAdmin), {}))
urlpatterns = [path("people/", site.urls), path("", include("tests.sources.audit.site"))]


@pytest.mark.parametrize(
    ("sql", "table"),
    [
        ("DELETE FROM zoo_visit WHERE id = 1", "zoo_visit"),
        ('delete from "order-lines" where "order-lines"."id" = 1', "order-lines"),
        ('DELETE FROM ONLY "archive"."zoo_visit"', "zoo_visit"),
        ("DELETE FROM `archive`.`zoo_visit`", "zoo_visit"),
        ("DELETE FROM [dbo].[zoo_visit]", "zoo_visit"),
        ("DELETE FROM archive.zoo_visit", "zoo_visit"),
        ("DELETE `zoo_visit` FROM `zoo_visit` INNER JOIN `zoo_animal` ON 1", "zoo_visit"),
        ("/* nightly */ DELETE FROM zoo_visit", "zoo_visit"),
        ("WITH old AS (SELECT 1) DELETE FROM zoo_visit", "zoo_visit"),
    ],
)
def test_a_delete_is_read_for_its_table(sql, table):
    assert statements.read(sql, None) == Delete(table, is_truncate=False)


def test_a_truncate_is_one_that_says_no_number():
    assert statements.read('TRUNCATE TABLE "zoo_visit"', None) == Delete("zoo_visit", is_truncate=True)


@pytest.mark.parametrize("sql", ["SELECT 'DELETE FROM x'", "INSERT INTO x VALUES (1)", b"?", None])
def test_no_other_statement_is_read(sql):
    assert statements.read(sql, None) is None


@pytest.mark.django_db
@pytest.mark.parametrize("db_table", ["zoo-visit", '"zoo"."visit"', 'zoo"."visit', "zoo_visit"])
def test_a_models_table_is_named_as_its_statements_are_read(db_table):
    sql = f"DELETE FROM {connection.ops.quote_name(db_table)}"  # noqa: S608
    deleted = statements.read(sql, None)
    assert deleted is not None
    assert statements.table_name(db_table, "default") == deleted.table


@pytest.mark.django_db(transaction=True)
def test_what_psycopg_composes_is_counted():
    if connection.vendor != "postgresql":
        pytest.skip("only psycopg composes statements")
    from psycopg import sql

    stock()
    with audited_deletes("ada"), connection.cursor() as cursor:
        cursor.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(models.Bite._meta.db_table)))
    assert Deletion.objects.get().without_snapshot == {"zoo_bite": 3}


@pytest.mark.django_db(transaction=True)
def test_what_a_cache_lets_go_of_is_nobodys_delete(settings):
    settings.CACHES = {
        **settings.CACHES,
        "table": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "audit-test-cache"},
    }
    call_command("createcachetable", verbosity=0)
    try:
        caches["table"].set("a", 1)
        with audited_deletes("ada"):
            assert caches["table"].delete("a")
        assert not Deletion.objects.exists()
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE {connection.ops.quote_name('audit-test-cache')}")


@pytest.mark.django_db(transaction=True)
def test_a_changed_password_deletes_nothing_and_says_nothing(client, ada, settings):
    settings.ROOT_URLCONF = __name__
    before = Session.objects.get().pk
    new = {"password1": "kU7-ppx-291", "password2": "kU7-ppx-291", "usable_password": "true"}
    assert client.post(f"/people/auth/user/{ada.pk}/password/", new).status_code == 302
    assert Session.objects.get().pk != before
    assert not Deletion.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_session_that_somebody_chose_to_delete_is_recorded(client, settings):
    settings.ROOT_URLCONF = __name__
    other = Client()
    other.force_login(User.objects.create_superuser("bob"))
    client.post(f"/people/sessions/session/{other.session.session_key}/delete/", {"post": "yes"})
    assert Deletion.objects.get().left_out == {"sessions.session": 1}
