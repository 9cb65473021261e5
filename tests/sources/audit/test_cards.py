from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from freeze_alerts import diagnosis
from freeze_alerts.alerts.card import draft
from freeze_alerts.alerts.models import Alert
from freeze_alerts.diagnosis.audit import steps
from freeze_alerts.diagnosis.budget import run_steps
from freeze_alerts.discord.message import Outcome
from freeze_alerts.outbox.models import Message
from freeze_alerts.sources.audit import telling, words
from freeze_alerts.sources.audit.models import Deletion
from freeze_alerts.sources.audit.scope import audited_deletes
from freeze_alerts.sources.backups.models import BackupRun
from tests.zoo import models
from tests.zoo.stock import stock

pytestmark = pytest.mark.django_db(transaction=True)
QUIET = {"DELIVERY": {"DOORBELL": "none"}, "BASE_URL": "https://shop.example"}


def card():
    return draft([Message.objects.get()]).cards[0]


def delete_view(client, model, obj):
    return client.post(
        f"/audited/zoo/{model}/{obj.pk}/delete/", {"post": "yes"}, headers={"X-Forwarded-For": "203.0.113.9"}
    )


def test_a_card_says_who_what_how_many_and_from_where(client, settings):
    settings.FREEZE_ALERTS = QUIET
    zoo = stock()
    delete_view(client, "enclosure", zoo.pond)
    shown = card()
    fields = {field.name: field.value for field in shown.fields}
    assert shown.title == "Admin delete: ada deleted 1 enclosure"
    assert "and with it" in shown.text
    assert (fields["Deleted"], fields["IP"]) == ("Pond", "203.0.113.9")
    assert "1 animal" in fields["Went with it"]
    assert str(timezone.localtime(Deletion.objects.get().at).year) in fields["When"]
    assert fields["Where"] == "audited:zoo_enclosure_delete"
    assert [link.label for link in shown.links if "deletion" in link.url] == ["Record"]
    assert (
        shown.links[0].url == f"https://shop.example/admin/freeze_alerts/deletion/{Deletion.objects.get().pk}/change/"
    )


def test_the_success_message_offers_to_undo_it_also_on_a_site_without_the_records(client):
    zoo = stock()
    page = client.post(f"/audited/zoo/enclosure/{zoo.pond.pk}/delete/", {"post": "yes"}, follow=True).content.decode()
    assert f"/admin/freeze_alerts/deletion/{Deletion.objects.get().pk}/restore/" in page


def test_no_value_of_a_field_is_ever_on_a_card(client):
    zoo = stock()
    delete_view(client, "enclosure", zoo.pond)
    alert = Alert.objects.get()
    told = f"{alert.title} {alert.text} {alert.fields}"
    assert not [secret for secret in ("paint the fence", "fan of", "2001:db8::7", "olga.png") if secret in told]


def test_up_to_five_are_named_and_the_rest_counted(client):
    stock()
    tags = [models.Tag.objects.create(name=f"tag-{number}") for number in range(7)]
    client.post(
        "/audited/zoo/tag/", {"action": "delete_selected", "_selected_action": [t.pk for t in tags], "post": "yes"}
    )
    named = card().fields[0].value.split("\n")
    assert len(named) == 6
    assert named[-1] == "and 2 more"


def test_names_can_be_kept_to_oneself(client, settings):
    settings.FREEZE_ALERTS = {"AUDIT": {"NAME_OBJECTS": False}, **QUIET}
    zoo = stock()
    number = zoo.pond.pk
    delete_view(client, "enclosure", zoo.pond)
    assert card().fields[0].value == f"enclosure {number}"


@pytest.mark.parametrize(
    ("audit", "severity"),
    [
        ({}, "info"),
        ({"LOUD_ABOVE_ROWS": 2}, "high"),
        ({"PROTECTED_MODELS": ["zoo.Enclosure"]}, "high"),
        ({"PROTECTED_MODELS": ["zoo.meal"]}, "high"),  # taken along
        ({"PROTECTED_MODELS": ["zoo.keeper"]}, "info"),
    ],
)
def test_much_or_dear_is_high(client, settings, audit, severity):
    settings.FREEZE_ALERTS = {"AUDIT": audit, **QUIET}
    delete_view(client, "enclosure", stock().pond)
    assert Alert.objects.get().severity == severity


def test_a_record_that_grows_loud_is_posted_anew(client, settings):
    settings.FREEZE_ALERTS = {"AUDIT": {"LOUD_ABOVE_ROWS": 15}, **QUIET}
    zoo = stock()
    with audited_deletes("cron:purge"):
        for animal in (zoo.duck, zoo.owl):
            animal.delete()
    alert = Alert.objects.get()
    assert (alert.severity, alert.status) == ("high", "resolved")
    assert list(Message.objects.order_by("pk").values_list("kind", flat=True)) == ["opened", "worsened"]
    assert alert.title == "cron:purge deleted 1 animal, 1 owl"


def test_of_a_burst_the_first_is_posted_and_the_rest_is_added_to_its_card(client, monkeypatch):
    monkeypatch.setattr(telling, "BURST", timedelta(hours=1))  # a busy machine may need its minute
    stock()
    for number in range(3):
        delete_view(client, "tag", models.Tag.objects.create(name=f"tag-{number}"))
    alert = Alert.objects.get()
    assert Message.objects.count() == 1
    assert Deletion.objects.count() == 3
    assert alert.title == "ada deleted 3 tags"
    assert alert.fields[0][1] == "\n".join(
        str(tag) for tag in ("Tag object (tag-0)", "Tag object (tag-1)", "Tag object (tag-2)")
    )
    assert alert.card_due_at is not None


def test_a_minute_later_and_by_somebody_else_it_is_a_card_of_its_own(client):
    stock()
    delete_view(client, "tag", models.Tag.objects.create(name="first"))
    with audited_deletes("bob"):
        models.Tag.objects.create(name="bobs").delete()
    Deletion.objects.update(at=timezone.now() - timedelta(seconds=61))
    delete_view(client, "tag", models.Tag.objects.create(name="later"))
    assert Alert.objects.count() == Message.objects.count() == 3


def test_a_record_asks_for_no_answer(client):
    delete_view(client, "tag", stock().tag)
    alert = Alert.objects.get()
    assert (alert.status, alert.open_key, alert.next_reminder_at) == ("resolved", None, None)


def test_an_impersonated_person_is_named_with_who_was_at_the_keyboard():
    assert words.who(Deletion(actor="bob", real_actor="eve")) == "eve as bob"
    assert words.who(Deletion()) == "Somebody unknown"


def test_raw_sql_is_told_as_without_a_snapshot():
    said = words.text([Deletion(actor="ada", without_snapshot={"shop_order": 3, "shop_log": None})])
    assert said == "ada deleted rows with SQL; SQL took 3 rows of shop_order, all rows of shop_log without a snapshot."


def test_many_kinds_are_summed_up():
    counts = {f"shop.kind{number}": 10 - number for number in range(10)}
    assert words.kinds(counts).endswith("3 rows of 2 other kinds")


def _findings(alert):
    return {each.step: each for each in run_steps(steps(alert))}


def test_the_findings_name_the_way_back_and_the_newest_backup_from_before(client):
    now = timezone.now()
    for name, hours in (("old", 30), ("newest", 3)):
        BackupRun.objects.create(
            database="default", state="complete", name=name, made_by="x", at=now - timedelta(hours=hours)
        )
    BackupRun.objects.create(
        database="default", state="failed", name="failed", made_by="x", at=now - timedelta(hours=1)
    )
    BackupRun.objects.create(
        database="other", state="complete", name="other", made_by="x", at=now - timedelta(hours=1)
    )
    BackupRun.objects.create(
        database="default", state="complete", name="after", made_by="x", at=now + timedelta(hours=1)
    )
    delete_view(client, "tag", stock().tag)
    found = _findings(Alert.objects.get())
    assert found["Newest backup from before"].text.startswith("newest: ")
    assert found["Newest backup from before"].text.endswith("3 h before it")
    assert f"restore_deletion {Deletion.objects.get().pk} --dry-run" in found["Put it back"].text


def test_without_a_backup_the_finding_says_so(client):
    delete_view(client, "tag", stock().tag)
    assert _findings(Alert.objects.get())["Newest backup from before"].outcome is Outcome.SKIPPED


def test_the_findings_are_on_the_card_though_it_is_born_ended(client):
    delete_view(client, "tag", stock().tag)
    shown = diagnosis.prepare([Message.objects.get()]).cards[0]
    assert [each.step for each in shown.findings] == ["Put it back", "Newest backup from before"]
