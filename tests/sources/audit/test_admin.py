from __future__ import annotations

import pytest
from django.test import Client

from freeze_alerts.sources.audit.models import Deletion
from freeze_alerts.sources.audit.scope import audited_deletes
from tests import urls
from tests.zoo.stock import stock

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/admin/freeze_alerts/deletion/"


@pytest.fixture(autouse=True)
def _own_admin(settings, _audited_site):
    settings.ROOT_URLCONF = urls.__name__


@pytest.fixture
def deletion(db) -> Deletion:
    zoo = stock()
    with audited_deletes("ada", reason="spring cleaning"):
        zoo.duck.delete()
    return Deletion.objects.get()


def read(client: Client, url: str) -> str:
    return client.get(url).content.decode()


def test_the_list_says_who_and_what(client, deletion):
    page = read(client, LIST)
    assert "1 animal" in page
    assert "ada" in page


@pytest.mark.parametrize(
    ("words", "found"),
    [("zoo.animal:{pk}", True), ("zoo.Animal:{pk}", True), ("zoo.tag:{pk}", False), ("zoo.animal:0", False),
     ("Dora", True), ("spring", True), ("nobody", False)],
)  # fmt: skip
def test_a_record_is_found_by_key_by_name_and_by_word(client, deletion, words, found):
    pk = deletion.root_objects.get().object_id
    page = read(client, f"{LIST}?q={words.format(pk=pk)}")
    assert (f"{LIST}{deletion.pk}/change/" in page) is found


@pytest.mark.parametrize("label", ["zoo.animal", "zoo.bird", "zoo.songbird", "zoo.owl"])
def test_an_object_of_several_tables_is_found_by_each_of_its_models(client, label):
    chick = stock().chick
    number = chick.pk
    with audited_deletes("ada"):
        chick.delete()
    assert f"{LIST}{Deletion.objects.get().pk}/change/" in read(client, f"{LIST}?q={label}:{number}")


def test_finding_an_object_by_its_key_is_one_look_into_an_index(client, deletion, django_assert_num_queries):
    from django.contrib.admin import site
    from django.test import RequestFactory

    admin = site.get_model_admin(Deletion)
    with django_assert_num_queries(1):
        found, _ = admin.get_search_results(RequestFactory().get("/"), Deletion.objects.all(), "zoo.animal:1")
        list(found)


def test_the_page_of_a_record_shows_what_went(client, deletion):
    page = read(client, f"{LIST}{deletion.pk}/change/")
    for said in (
        "ada deleted 1 animal",
        "spring cleaning",
        "Dora",
        "photos/olga.png",
        "zoo.animal",
        "References that were cut",
    ):
        assert said in page
    assert "256 bytes" in page


def test_secrets_are_marked_as_not_kept(client):
    zoo = stock()
    with audited_deletes("ada"):
        zoo.ann.delete()
    page = read(client, f"{LIST}{Deletion.objects.get().pk}/change/")
    assert "•••" in page
    assert "pbkdf2" not in page


@pytest.mark.parametrize("page", ["add/", "{pk}/delete/"])
def test_nobody_adds_or_deletes_a_record_there(client, deletion, page):
    assert client.get(f"{LIST}{page.format(pk=deletion.pk)}").status_code == 403
    assert client.post(f"{LIST}{page.format(pk=deletion.pk)}", {"post": "yes"}).status_code == 403


def test_nobody_changes_a_record_there(client, deletion):
    client.post(f"{LIST}{deletion.pk}/change/", {"actor": "eve"})
    client.post(LIST, {"action": "delete_selected", "_selected_action": [deletion.pk], "post": "yes"})
    deletion.refresh_from_db()
    assert deletion.actor == "ada"


def test_what_is_not_confirmed_yet_is_not_shown(client, deletion):
    Deletion.objects.update(confirmed=False)
    assert "0 deletions" in read(client, LIST)
