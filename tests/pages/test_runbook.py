from __future__ import annotations

import re

import pytest
from django.urls import reverse

from freeze_alerts import catalog
from freeze_alerts.alerts import open_alert
from freeze_alerts.alerts.card import draft
from freeze_alerts.outbox.models import Message
from freeze_alerts.pages import book
from tests.paths import ROOT

HEADINGS = ["First steps", "Usual causes", "Maintenance mode", "Nothing to do"]
OURS = [each for each in catalog.entries() if each.value in list(catalog.AlertType)]
PAGES = sorted(path.stem for path in book.FOLDER.glob("*.md"))


def _text(name: str) -> str:
    return (book.FOLDER / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("entry", OURS, ids=lambda entry: str(entry.value))
def test_every_alert_type_has_a_page_that_says_what_to_do(entry):
    text = _text(entry.anchor)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    assert f"#{entry.channel}" in text


def test_every_page_belongs_to_an_alert_type():
    assert sorted([book.INDEX, *{each.anchor for each in OURS}]) == PAGES
    assert sorted(book.names()) == PAGES


@pytest.mark.parametrize("name", PAGES)
def test_every_link_between_pages_leads_to_one(name):
    assert set(re.findall(r"\]\(([^):]+)\.md\)", _text(name))) <= set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_the_documentation_has_every_page(name):
    page = (ROOT / "docs" / "runbook" / f"{name}.md").read_text(encoding="utf-8")
    assert f"include}} ../../freeze_alerts/pages/runbook/{name}.md" in page


@pytest.mark.django_db
@pytest.mark.parametrize("name", PAGES)
def test_staff_reads_every_page(admin_client, name):
    address = reverse("freeze_alerts:runbook" if name == book.INDEX else "freeze_alerts:runbook_page",
                      args=[] if name == book.INDEX else [name])  # fmt: skip
    shown = admin_client.get(address).content.decode()
    assert f"<h1>{_text(name).splitlines()[0].removeprefix('# ')}</h1>" in shown
    assert ".md" not in re.findall(r'href="([^"]+)"', shown)
    for link in re.findall(r'href="(/alerts/[^"]+)"', shown):
        assert admin_client.get(link).status_code == 200


@pytest.mark.django_db
def test_who_is_no_staff_is_asked_to_log_in(client, django_user_model):
    address = reverse("freeze_alerts:runbook_page", args=["disk-space"])
    assert client.get(address).url.startswith("/admin/login/?next=/alerts/runbook/disk-space/")
    client.force_login(django_user_model.objects.create_user("customer"))
    assert client.get(address).status_code == 302


@pytest.mark.django_db
def test_a_page_that_is_none_is_not_found_and_no_file_is_read(admin_client):
    assert admin_client.get("/alerts/runbook/no-such/").status_code == 404
    assert book.page("../book", str) is None


@pytest.mark.django_db
def test_every_card_of_ours_leads_to_its_page(settings, admin_client):
    settings.FREEZE_ALERTS = {"BASE_URL": "https://shop.example", "DELIVERY": {"DOORBELL": "none"}}
    for entry in OURS:
        open_alert(entry.value, key="one")
    for message in Message.objects.all():
        [card] = draft([message]).cards
        link = next(each.url for each in card.links if each.label == "Runbook")
        assert admin_client.get(link.removeprefix("https://shop.example")).status_code == 200
