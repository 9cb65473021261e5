from __future__ import annotations

import pytest
from django.contrib import admin
from django.core import checks
from django.urls import include, path

from freeze_alerts.admin import AuditAdminMixin, audit_site
from freeze_alerts.checks.audit import unaudited_admins, vanished_names
from freeze_alerts.sources.audit import collecting
from freeze_alerts.sources.audit.models import Deletion
from tests.zoo import models
from tests.zoo.stock import stock

whole = admin.AdminSite(name="whole")
whole.register(models.Tag)
audit_site(whole)
audit_site(whole)
whole.register(models.Keeper)
urlpatterns = [path("whole/", whole.urls), path("", include("tests.sources.audit.site"))]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("model", ["tag", "keeper"])
def test_a_whole_site_is_audited_with_what_is_registered_later(client, settings, model):
    settings.ROOT_URLCONF = __name__
    zoo = stock()
    gone = {"tag": zoo.tag, "keeper": zoo.ann}[model]
    client.post(f"/whole/zoo/{model}/{gone.pk}/delete/", {"post": "yes"})
    assert Deletion.objects.get().roots == {f"zoo.{model}": 1}


def test_auditing_a_site_twice_changes_nothing():
    kinds = {type(each) for each in whole._registry.values()}
    audit_site(whole)
    assert {type(each) for each in whole._registry.values()} == kinds


class Backwards(admin.ModelAdmin, AuditAdminMixin):
    pass


class OnPurpose(AuditAdminMixin, admin.ModelAdmin):
    @property
    def urls(self):
        return [*super().urls]


def test_a_mixin_in_the_wrong_place_is_an_error():
    site = admin.AdminSite(name="backwards")
    site.register(models.Tag, Backwards)
    site.register(models.Keeper, OnPurpose)
    site.register(models.Meal)
    mine = [each for each in unaudited_admins() if "Backwards" in each.msg]
    assert [(each.id, each.level) for each in mine] == [("freeze_alerts.E070", checks.ERROR)]
    assert not [each for each in unaudited_admins() if "OnPurpose" in each.msg]


def test_djangos_private_names_are_all_there():
    assert vanished_names() == []


def test_a_name_that_vanished_is_an_error(monkeypatch):
    monkeypatch.setattr(collecting, "OVERRIDDEN", ("can_fast_delete", "_once_there"))
    assert [(each.id, "_once_there" in each.msg) for each in vanished_names()] == [("freeze_alerts.E071", True)]
