from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from freeze_alerts.management import pruning
from freeze_alerts.sources.audit import chain
from freeze_alerts.sources.audit.models import Deletion
from freeze_alerts.sources.audit.scope import audited_deletes
from tests.zoo.stock import stock

pytestmark = pytest.mark.django_db(transaction=True)


def run(*arguments):
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command(*arguments, stdout=out, stderr=err, no_color=True)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


@pytest.fixture
def number() -> int:
    """The key of a duck whose delete is recorded."""
    duck = stock().duck
    pk = duck.pk
    with audited_deletes("ada"):
        duck.delete()
    return pk


def test_verify_audit_says_that_all_is_well(number):
    code, out, err = run("verify_audit")
    assert (code, err) == (0, "")
    assert "1 records, 1 links, 0 pruned" in out
    assert "Nothing was touched." in out


def test_verify_audit_names_what_was_touched(number):
    Deletion.objects.update(actor="eve")
    code, _, err = run("verify_audit")
    assert (code, err.strip()) == (1, f"record {Deletion.objects.get().pk} was changed")


def test_verify_audit_takes_a_head_to_expect(number):
    assert run("verify_audit", "--expect", "1:forged")[0] == 1
    head = run("verify_audit")[1].partition("Head: ")[2].split()[0]
    assert run("verify_audit", "--expect", head)[0] == 0


def test_prune_takes_away_what_is_old(number):
    assert "records of deletes: 0 are gone" in run("prune")[1]
    deletion = Deletion.objects.get()
    deletion.at = timezone.now() - timedelta(days=366)
    deletion.save()
    chain.append(deletion, chain.RECORDED)
    assert "records of deletes: 1 would go" in run("prune", "--dry-run")[1]
    assert "records of deletes: 1 are gone" in run("prune")[1]
    assert not Deletion.objects.exists()
    assert run("verify_audit")[0] == 0


def test_the_duty_prunes_every_room(monkeypatch):
    pruned = []
    monkeypatch.setattr(pruning, "ROOMS", {"a": lambda: pruned.append("a"), "b": lambda: pruned.append("b")})
    pruning.prune_all()
    assert pruned == ["a", "b"]


def test_forget_deleted_takes_one_object_out(number):
    assert "1 row(s)" in run("forget_deleted", f"zoo.Animal:{number}")[1]
    assert run("verify_audit")[0] == 0


@pytest.mark.parametrize("wrong", ["animal", "animal:1", "zoo.animal:", "zoo.animal:0"])
def test_forget_deleted_says_what_it_does_not_understand_or_find(number, wrong):
    with pytest.raises(CommandError, match=r"is not MODEL:PK|no record holds"):
        run("forget_deleted", wrong)
