"""Run by ``test_peers.py`` in a process of its own."""

from __future__ import annotations

from collections import Counter

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections, transaction
from django.test import Client
from django.urls import reverse

from freeze_alerts.alerts.models import Alert
from freeze_alerts.outbox.models import Message
from freeze_alerts.sources.audit.forgetting import Forgotten, forget
from freeze_alerts.sources.audit.models import Deletion
from freeze_alerts.sources.audit.restore import Blocked, Person, restore
from freeze_alerts.sources.audit.rows import read_rows
from freeze_alerts.sources.audit.scope import audited_deletes
from freeze_alerts.sources.audit.verifying import verify
from tests.sources.audit.peers.models import Atlas, Book, Edition, Page, Shelf
from tests.sources.audit.peers.urls import BASES, STACKS

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "other"])
GONE = {"peers.shelf": 1, "peers.book": 2, "peers.page": 2}


@pytest.fixture(autouse=True)
def _audited_site() -> None:
    """The URLs of our own settings, not those of the tests next door."""


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("ada"))
    return client


def fill(using: str = "default") -> Shelf:
    """A shelf with two books of a page each."""
    shelf = Shelf.objects.using(using).create(name="Poetry")
    for title in ("Iliad", "Odyssey"):
        book = Book.objects.using(using).create(shelf=shelf, title=title)
        Page.objects.using(using).create(book=book, number=1)
    return shelf


def counted() -> dict[str, int]:
    rows = [row for deletion in Deletion.objects.all() for row in read_rows(deletion)]
    assert len({(row.model, row.pk) for row in rows}) == len(rows)
    return dict(Counter(row.model for row in rows))


@pytest.mark.parametrize("name", BASES)
@pytest.mark.parametrize("how", ["delete view", "delete selected"])
def test_every_stack_deletes_as_it_did_and_is_recorded(client, name, how):
    if name not in STACKS:
        pytest.skip(f"{name} is not installed")
    shelf = fill()
    url = f"/{name}/peers/shelf/"
    if how == "delete view":
        client.post(f"{url}{shelf.pk}/delete/", {"post": "yes"})
    else:
        client.post(url, {"action": "delete_selected", "_selected_action": [shelf.pk], "post": "yes"})
    assert not Shelf.objects.exists()
    assert counted() == GONE
    assert Deletion.objects.count() == Alert.objects.count() == Message.objects.count() == 1


def test_an_import_is_recorded_and_its_dry_run_is_not(client):
    if "import_export" not in STACKS:
        pytest.skip("django-import-export is not installed")
    shelf = fill()
    file = SimpleUploadedFile("shelves.csv", f"id,name,delete\n{shelf.pk},Poetry,1\n".encode(), "text/csv")
    asked = client.post("/import_export/peers/shelf/import/", {"format": "0", "resource": "0", "import_file": file})
    assert not Deletion.objects.exists()
    assert Shelf.objects.exists()

    form = asked.context["confirm_form"]
    client.post("/import_export/peers/shelf/process_import/", form.initial)
    assert not Shelf.objects.exists()
    assert counted() == GONE
    assert Message.objects.count() == 1


def test_reverting_is_recorded_and_its_preview_is_not(client):
    if "reversion" not in STACKS:
        pytest.skip("django-reversion is not installed")
    import reversion
    from reversion.models import Version

    with reversion.create_revision():
        shelf = Shelf.objects.create(name="Poetry")
        book = Book.objects.create(shelf=shelf, title="Iliad")
    with reversion.create_revision():
        extra = Book.objects.create(shelf=shelf, title="by mistake")
        shelf.save()
    version = Version.objects.get_for_object(shelf).last()
    url = f"/reversion/peers/shelf/{shelf.pk}/history/{version.pk}/"

    assert client.get(url).status_code == 200
    assert Book.objects.count() == 2
    assert not Deletion.objects.exists()

    sent = {
        "name": "Poetry", "book_set-TOTAL_FORMS": 1, "book_set-INITIAL_FORMS": 1, "book_set-0-id": book.pk,
        "book_set-0-shelf": shelf.pk, "book_set-0-title": "Iliad",
    }  # fmt: skip
    assert client.post(url, sent).status_code == 302
    assert list(Book.objects.all()) == [book]
    assert {(row.model, row.pk) for row in read_rows(Deletion.objects.get())} == {("peers.book", extra.pk)}
    assert Message.objects.count() == 1


def test_a_row_action_that_deletes_on_get_is_recorded(client):
    if "unfold" not in STACKS:
        pytest.skip("django-unfold is not installed")
    shelf = fill()
    client.get(reverse("unfold:peers_shelf_clear", args=[shelf.pk]))
    assert counted() == {"peers.book": 2, "peers.page": 2}
    assert Message.objects.count() == 1


def test_what_goes_on_another_database_is_recorded_once_that_has_committed():
    shelf = fill("other")
    with audited_deletes("ada"):
        shelf.delete()
    deletion = Deletion.objects.get()
    assert (deletion.database, deletion.confirmed, deletion.row_count) == ("other", True, 5)
    assert counted() == GONE
    assert Message.objects.count() == 1


def test_what_is_rolled_back_on_another_database_is_never_told():
    shelf = fill("other")
    with audited_deletes("ada"), transaction.atomic(using="other"):
        shelf.delete()
        transaction.set_rollback(True, using="other")
    assert Shelf.objects.using("other").exists()
    assert not Deletion.objects.filter(confirmed=True).exists()
    assert not Message.objects.exists()


@pytest.mark.parametrize("how", ["delete view", "delete selected"])
def test_an_admin_that_looks_at_another_database_deletes_there(client, monkeypatch, how):
    """No router says so: the queryset of the admin does."""
    shelf, here = fill("other"), fill()
    monkeypatch.setattr(STACKS["plain"], "get_queryset", lambda *_: Shelf.objects.using("other"))
    Shelf.objects.filter(pk=here.pk).update(name="stays")
    if how == "delete view":
        client.post(f"/plain/peers/shelf/{shelf.pk}/delete/", {"post": "yes"})
    else:
        data = {"action": "delete_selected", "_selected_action": [shelf.pk], "post": "yes"}
        client.post("/plain/peers/shelf/", data)
    assert not Shelf.objects.using("other").exists()
    assert Shelf.objects.get() == here
    assert (counted(), Deletion.objects.get().database) == (GONE, "other")


def standing(using: str) -> list[list[tuple[object, ...]]]:
    return [list(model.objects.using(using).order_by("pk").values_list()) for model in (Shelf, Book, Page)]


def test_what_went_on_another_database_comes_back_there_and_only_there():
    shelf = fill("other")
    number, before = shelf.pk, standing("other")
    with audited_deletes("ada"):
        shelf.delete()
    Shelf.objects.create(pk=number, name="Of the same number, here")
    here = standing("default")
    deletion = Deletion.objects.get()

    done = restore(deletion, by=Person("Ann"))

    assert (done.rows, standing("other"), standing("default")) == (5, before, here)
    deletion.refresh_from_db()
    assert (deletion.restored_by, verify().faults) == ("Ann", [])


def test_what_is_in_the_way_on_another_database_is_seen_and_nothing_is_written():
    shelf = fill("other")
    number = shelf.pk
    with audited_deletes("ada"):
        shelf.delete()
    Shelf.objects.using("other").create(pk=number, name="A newer one")
    before = standing("other")

    with pytest.raises(Blocked, match="its key is in use again"):
        restore(Deletion.objects.get(), by=Person("Ann"))

    assert standing("other") == before
    assert Deletion.objects.get().restorations == []


def test_sql_on_the_other_database_is_counted_beside_what_goes_on_ours():
    mine, theirs = fill(), fill("other")
    with audited_deletes("ada"):
        mine.delete()
        with connections["other"].cursor() as cursor:
            cursor.execute("DELETE FROM peers_page")
    told = {deletion.database: deletion for deletion in Deletion.objects.all()}
    assert (told["default"].row_count, told["other"].without_snapshot) == (5, {"peers_page": 2})
    assert Shelf.objects.using("other").filter(pk=theirs.pk).exists()
    assert Alert.objects.count() == 1


@pytest.mark.parametrize("named", ["peers.atlas", "peers.book", "peers.edition"])
def test_an_object_of_two_parents_is_forgotten_in_both(named):
    shelf = fill()
    Edition.objects.create(printer="another")
    atlas = Atlas.objects.create(shelf=shelf, title="The Alps", printer="Ada's")
    keys = {"peers.edition": atlas.number, "peers.book": atlas.pk, "peers.atlas": atlas.pk}
    assert atlas.number != atlas.pk
    with audited_deletes("ada"):
        Shelf.objects.all().delete()
        Edition.objects.all().delete()

    assert forget(named, str(keys[named])) == Forgotten(records=1, rows=3)

    left = [row.values for row in read_rows(Deletion.objects.get())]
    assert "another" in str(left)
    assert "Ada's" not in str(left)
    assert "Alps" not in str(left)
    assert verify().faults == []
