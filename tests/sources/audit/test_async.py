"""Pages of one's own that are async: what they delete is recorded, refused and offered back as any other's."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.messages import get_messages
from django.http import HttpResponse
from django.urls import include, path

from freeze_alerts.sources.audit import chain, recording
from freeze_alerts.sources.audit.models import Deletion
from freeze_alerts.sources.audit.verifying import verify
from tests.sources.audit import site
from tests.zoo import models
from tests.zoo.stock import stock

pytestmark = pytest.mark.django_db(transaction=True)


class Awaiting(site.AuditAdminMixin, admin.ModelAdmin):
    def get_urls(self):
        return [path("<int:pk>/free/", self.free), *super().get_urls()]

    async def free(self, request, pk):
        animal = await models.Animal.objects.aget(pk=pk)
        await animal.adelete()
        return HttpResponse("free")


free = admin.AdminSite(name="awaiting")
free.register(models.Animal, Awaiting)
urlpatterns = [path("awaiting/", free.urls), path("", include(site))]


@pytest.fixture(autouse=True)
def _urls(_audited_site, settings):
    settings.ROOT_URLCONF = __name__


def test_what_they_delete_is_recorded_and_sealed(client):
    zoo = stock()
    page = client.get(f"/awaiting/zoo/animal/{zoo.duck.pk}/free/")
    assert page.content == b"free"
    assert not chain.unsealed().exists()
    assert (Deletion.objects.get().actor, verify().faults) == ("ada", [])
    assert "Undo" in str([*get_messages(page.wsgi_request)])


def test_a_refusal_is_a_page(client, monkeypatch):
    zoo = stock()
    monkeypatch.setattr(recording, "insert_rows", lambda *_, **__: 1 / 0)
    page = client.get(f"/awaiting/zoo/animal/{zoo.duck.pk}/free/")
    assert page.status_code == 503
    assert b"Nothing was deleted" in page.content
    assert models.Animal.objects.filter(pk=zoo.duck.pk).exists()
