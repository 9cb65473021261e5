from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command

from freeze_alerts.management.commands import restore_deletion
from freeze_alerts.sources.audit.models import Deletion
from tests.sources.audit.restore.deleting import delete
from tests.zoo.models import Animal, Enclosure, Lock
from tests.zoo.stock import dump, stock

pytestmark = pytest.mark.django_db


def run(*arguments, answer=None, monkeypatch=None):
    """The exit code, and what was printed."""
    out = io.StringIO()
    if answer is not None:
        monkeypatch.setattr("builtins.input", lambda _question: answer)
    try:
        call_command("restore_deletion", *map(str, arguments), stdout=out, no_color=True)
    except SystemExit as end:
        return end.code, out.getvalue()
    return 0, out.getvalue()


def test_it_puts_back_and_says_how_much():
    zoo = stock()
    before = dump()
    deletion = delete(zoo.pond)
    code, said = run(deletion.pk, "--yes")
    assert (code, dump()) == (0, before)
    assert "bob deleted 1 enclosure" in said
    assert f"Back: {deletion.row_count} rows" in said


def test_a_dry_run_says_what_would_come_back_and_changes_nothing():
    zoo = stock()
    deletion = delete(zoo.owl)
    before = dump()
    code, said = run(deletion.pk, "--dry-run")
    assert (code, dump()) == (0, before)
    assert "zoo.owl" in said
    assert "references to them are tied again" in said
    assert f"Tried, and taken back: {deletion.row_count} rows would come back" in said
    deletion.refresh_from_db()
    assert deletion.restored_at is None


def test_a_dry_run_says_everything_that_is_in_the_way():
    zoo = stock()
    deletion = delete(zoo.pond, zoo.aviary)
    Enclosure.objects.create(name="Pond")
    Enclosure.objects.create(pk=zoo.aviary.pk, name="Car park")
    code, said = run(deletion.pk, "--dry-run")
    assert code == 1
    assert "In the way: 2" in said
    assert f"zoo.enclosure:{zoo.aviary.pk}: its key is in use again" in said
    assert "name must be unique" in said
    assert "Nothing was put back." in said


def test_it_asks_first(monkeypatch):
    deletion = delete(stock().pond)
    with pytest.raises(CommandError, match="nothing was put back"):
        run(deletion.pk, answer="n", monkeypatch=monkeypatch)
    assert not Enclosure.objects.filter(name="Pond").exists()
    assert run(deletion.pk, answer="y", monkeypatch=monkeypatch)[0] == 0
    assert Enclosure.objects.filter(name="Pond").exists()


def test_with_nobody_to_ask_it_does_nothing(monkeypatch):
    def nobody(_question):
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)
    with pytest.raises(CommandError, match="--yes"):
        run(delete(stock().pond).pk)


def test_once_it_is_back_there_is_nothing_to_do():
    deletion = delete(stock().pond)
    run(deletion.pk, "--yes")
    code, said = run(deletion.pk, "--yes")
    assert code == 0
    assert "has put it back already" in said


def test_a_number_that_is_none_is_an_error():
    with pytest.raises(CommandError, match="there is no deletion 4711"):
        run(4711)


def test_only_one_object_comes_back_where_only_one_is_wanted():
    zoo = stock()
    deletion = delete(zoo.owl, zoo.duck)
    code, said = run(deletion.pk, "--only", f"zoo.animal:{zoo.duck.pk}", "--yes")
    assert code == 0, said
    assert {animal.name for animal in Animal.objects.all()} == {"Dora", "Otto"}


def test_an_object_that_is_not_in_it_is_in_the_way():
    deletion = delete(stock().pond)
    code, said = run(deletion.pk, "--only", "zoo.enclosure:4711", "--yes")
    assert code == 1
    assert "there is no zoo.enclosure:4711 in this record" in said


def test_json_has_all_of_it_for_programs():
    zoo = stock()
    Lock.objects.create(enclosure=zoo.pond, api_token="s3cret")
    deletion = delete(zoo.pond)
    code, said = run(deletion.pk, "--dry-run", "--json")
    told = json.loads(said)
    assert (code, set(told)) == (1, set(restore_deletion.JSON_KEYS))
    (conflict,) = told["conflicts"]
    assert (conflict["kind"], conflict["model"]) == ("masked", "zoo.lock")
    assert (told["deletion"], told["dry_run"], told["restored"]) == (deletion.pk, True, False)
    assert told["rows"]["zoo.enclosure"] == 1


def test_json_asks_nothing():
    with pytest.raises(CommandError, match="--yes"):
        run(delete(stock().pond).pk, "--json")


def test_json_says_that_it_is_back():
    deletion = delete(stock().pond)
    code, said = run(deletion.pk, "--yes", "--json")
    assert (code, json.loads(said)["restored"]) == (0, True)


def test_who_did_it_stands_on_the_record():
    deletion = delete(stock().pond)
    run(deletion.pk, "--yes")
    (told,) = Deletion.objects.get(pk=deletion.pk).restorations
    assert told["via"] == "command"
    assert told["by"]


def test_what_was_not_kept_can_be_filled():
    zoo = stock()
    Lock.objects.create(enclosure=zoo.pond, api_token="s3cret")
    deletion = delete(zoo.pond)
    code, said = run(deletion.pk, "--fill", "zoo.Lock.api_token=lost", "--yes")
    assert code == 0, said
    assert "api_token comes back as what you gave for it" in said
    assert Lock.objects.get().api_token == "lost"


def test_what_to_fill_must_be_named_in_full():
    with pytest.raises(CommandError, match=r"say shop\.order\.token=VALUE"):
        run(1, "--fill", "token=lost")
