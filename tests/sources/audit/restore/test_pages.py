from __future__ import annotations

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from freeze_alerts.sources.audit.models import Deletion
from tests.sources.audit.restore import shop
from tests.sources.audit.restore.deleting import delete
from tests.zoo.models import Animal, Enclosure, Lock
from tests.zoo.stock import dump, stock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shop(settings):
    settings.ROOT_URLCONF = shop.__name__


@pytest.fixture
def client():
    return logged_in(User.objects.create_superuser("ada"))


def logged_in(user):
    client = Client()
    client.force_login(user)
    return client


def clerk(*codenames):
    """Somebody who sees deletions, with these permissions besides."""
    user = User.objects.create_user("clerk", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_deletion", *codenames]))
    return logged_in(user)


def page(deletion, only=""):
    url = reverse("admin:freeze_alerts_deletion_restore", args=[deletion.pk], current_app="shop")
    return f"{url}?only={only}" if only else url


def test_a_look_says_what_comes_back_and_writes_nothing(client):
    deletion = delete(stock().pond)
    before = dump()
    answer = client.get(page(deletion))
    assert answer.status_code == 200
    assert "bob deleted 1 enclosure" in answer.text
    assert f"Put back {deletion.row_count} rows</button>" in answer.text
    assert dump() == before


def test_the_button_puts_back_and_is_logged(client):
    zoo = stock()
    before = dump()
    deletion = delete(zoo.owl)
    answer = client.post(page(deletion), follow=True)
    assert dump() == before
    assert f"Put back: {deletion.row_count} rows, and 4 references to them tied again." in answer.text
    deletion.refresh_from_db()
    assert (deletion.restored_by, deletion.restorations[0]["via"]) == ("ada", "admin")
    assert "Put back" in LogEntry.objects.get().change_message


def test_the_record_has_a_button_that_leads_there_until_it_is_back(client):
    deletion = delete(stock().pond)
    record = reverse("shop:freeze_alerts_deletion_change", args=[deletion.pk])
    assert f'href="{page(deletion)}"' in client.get(record).text
    client.post(page(deletion))
    answer = client.get(record)
    assert "Put back by ada" in answer.text
    assert page(deletion) not in answer.text


def test_whatever_is_in_the_way_is_shown_and_there_is_no_button(client):
    deletion = delete(stock().pond)
    Enclosure.objects.create(name="Pond")
    answer = client.get(page(deletion))
    assert "In the way" in answer.text
    assert "name must be unique" in answer.text
    assert "</button>" not in answer.text.partition("freeze-restore")[2].partition("</section>")[0]


def test_pressing_it_all_the_same_changes_nothing(client):
    deletion = delete(stock().pond)
    Enclosure.objects.create(name="Pond")
    before = dump()
    answer = client.post(page(deletion))
    assert "Nothing was put back" in answer.text
    assert dump() == before


def test_pressing_it_twice_puts_back_once(client):
    zoo = stock()
    before = dump()
    deletion = delete(zoo.pond)
    client.post(page(deletion))
    answer = client.post(page(deletion))
    assert "has put it back already" in answer.text
    assert dump() == before


def test_what_cannot_come_back_is_shown(client):
    zoo = stock()
    Lock.objects.create(enclosure=zoo.pond, api_token="s3cret")
    answer = client.get(page(delete(zoo.pond)))
    assert "api_token was not kept, and may not be empty" in answer.text
    assert "s3cret" not in answer.text


def test_only_one_object(client):
    zoo = stock()
    deletion = delete(zoo.duck, zoo.owl)
    everything = client.get(page(deletion))
    link = re.search(rf'href="\?only=(zoo.animal:{zoo.duck.pk})"', everything.text)
    assert link
    answer = client.get(page(deletion, link[1]))
    assert f"only <b>{link[1]}</b>" in answer.text
    client.post(page(deletion), {"only": link[1]})
    assert [animal.name for animal in Animal.objects.exclude(name="Otto")] == ["Dora"]


def test_a_record_that_is_gone_is_no_error(client):
    answer = client.get(reverse("shop:freeze_alerts_deletion_restore", args=[4711]), follow=True)
    assert "Deletion 4711 is not kept any more." in answer.text


ADDS = ("add_enclosure", "add_animal", "add_seat", "add_note", "add_reply", "add_shift", "add_meal", "add_bite",
        "add_passport", "add_contest", "add_record")  # fmt: skip


def test_who_may_see_records_may_not_put_back():
    deletion = delete(stock().pond)
    assert clerk(*ADDS).get(page(deletion)).status_code == 403


def test_who_may_put_back_must_see_records():
    deletion = delete(stock().pond)
    user = User.objects.create_user("blind", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="restore_deletion"))
    assert logged_in(user).get(page(deletion)).status_code == 403


def test_who_may_not_add_a_model_may_not_put_it_back():
    deletion = delete(stock().pond)
    before = dump()
    client = clerk("restore_deletion", *(each for each in ADDS if each != "add_passport"))
    answer = client.get(page(deletion))
    assert "You may not add" in answer.text
    assert "<li>zoo.passport</li>" in answer.text
    assert client.post(page(deletion)).status_code == 403
    assert dump() == before


def test_who_may_add_all_of_it_may_put_it_back():
    zoo = stock()
    before = dump()
    deletion = delete(zoo.pond)
    assert clerk("restore_deletion", *ADDS).post(page(deletion)).status_code == 302
    assert dump() == before


def test_a_stranger_is_asked_to_log_in():
    assert Client().post(page(delete(stock().pond))).status_code == 302
    assert not Enclosure.objects.filter(name="Pond").exists()


def _deleted(client, zoo):
    """The page after a delete in the admin."""
    return client.post(f"/shop/zoo/enclosure/{zoo.pond.pk}/delete/", {"post": "yes"}, follow=True)


def test_after_a_delete_a_link_leads_back(client):
    zoo = stock()
    before = dump()
    answer = _deleted(client, zoo)
    deletion = Deletion.objects.get()
    assert (
        f'Deleted by mistake? <a href="{page(deletion)}">Undo</a> puts back {deletion.row_count} rows.' in answer.text
    )
    client.post(page(deletion))
    assert dump() == before


def test_after_a_delete_of_several_a_link_leads_back(client):
    zoo = stock()
    chosen = {"action": "delete_selected", "_selected_action": [zoo.pond.pk, zoo.aviary.pk], "post": "yes"}
    answer = client.post("/shop/zoo/enclosure/", chosen, follow=True)
    assert ">Undo</a>" in answer.text


def test_who_may_not_put_back_is_offered_nothing():
    zoo = stock()
    rights = [each.replace("add_", "delete_") for each in ADDS]
    answer = _deleted(clerk("view_enclosure", *rights, *ADDS), zoo)
    assert not Enclosure.objects.filter(name="Pond").exists()
    assert "Undo" not in answer.text


def test_where_the_records_are_not_in_the_admin_nothing_is_offered(client, monkeypatch):
    from freeze_alerts.sources.audit.restore import pages

    monkeypatch.setattr(pages, "RESTORE", "admin:there_is_no_such_page")
    assert "Undo" not in _deleted(client, stock()).text


@pytest.mark.django_db(transaction=True)
def test_what_was_taken_back_within_the_request_is_not_offered(client):
    zoo = stock()
    chosen = {"action": "not_after_all", "_selected_action": [zoo.pond.pk]}
    assert "Undo" not in client.post("/shop/zoo/enclosure/", chosen, follow=True).text
    assert Enclosure.objects.filter(name="Pond").exists()
