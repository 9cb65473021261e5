from __future__ import annotations

import pytest

from tests.sources.audit.restore.deleting import delete, put_back
from tests.zoo.models import Animal, Bird, Enclosure, Owl, Species, Tag
from tests.zoo.stock import dump, stock

pytestmark = pytest.mark.django_db(transaction=True)

WHOLE = {
    "an enclosure with all its animals": lambda zoo: [zoo.aviary],
    "an object of three tables": lambda zoo: [zoo.owl],
    "the same object by its parent": lambda zoo: [Animal.objects.get(pk=zoo.owl.pk)],
    "the same object by the table between": lambda zoo: [Bird.objects.get(pk=zoo.owl.pk)],
    "a mother whose child stays": lambda zoo: [Owl.objects.filter(pk=zoo.owl.pk)],
    "many to many from the other side": lambda zoo: [zoo.tag],
    "a few at once": lambda zoo: [Animal.objects.all()],
    "all there is": lambda zoo: [each.objects.all() for each in (Animal, Enclosure, Tag, Species)],
}  # fmt: skip


@pytest.mark.parametrize("choose", WHOLE.values(), ids=WHOLE)
def test_every_table_is_as_it_was_column_by_column(choose):
    zoo = stock()
    before = dump()
    deletion = delete(*choose(zoo))
    after = dump()
    assert after != before
    done = put_back(deletion)
    assert dump() == before
    assert done.rows == deletion.row_count
    assert not done.look.losses or {each.kind for each in done.look.losses} == {"file_gone"}
