from __future__ import annotations

from dataclasses import dataclass

from django.db import models


@dataclass(frozen=True)
class Money:
    cents: int
    currency: str

    def __str__(self) -> str:
        return f"{self.cents} {self.currency}"


class MoneyField(models.CharField):
    """A value that is neither text nor number in Python, as many a field of other people's."""

    def from_db_value(self, value, expression, connection):
        return self.to_python(value)

    def to_python(self, value):
        if value is None or isinstance(value, Money):
            return value
        cents, currency = str(value).split()
        return Money(int(cents), currency)

    def get_prep_value(self, value):
        return None if value is None else str(self.to_python(value))

    def value_to_string(self, obj):
        return self.get_prep_value(self.value_from_object(obj)) or ""
