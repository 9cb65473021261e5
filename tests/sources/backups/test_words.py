from __future__ import annotations

import pytest

from freeze_alerts.sources.backups import words
from freeze_alerts.sources.backups.trouble import scrubbed


@pytest.mark.parametrize(
    ("byte_count", "said"),
    [(0, "0 B"), (1023, "1,023 B"), (1024, "1 KB"), (395209932, "376.9 MB"), (1 << 62, "4,096.0 PB")],
)
def test_a_size_is_said_as_a_person_would(byte_count: int, said: str) -> None:
    assert words.size(byte_count) == said


@pytest.mark.parametrize(
    "text",
    [
        "password=hunter2 host=db",
        "could not connect with hunter2",
        "postgresql://shop:hunter2@db/shop refused",
        '{"PASSWORD": "hunter2", "HOST": "db"}',
        "password: 'hunter2'",
    ],
)
def test_a_password_never_stays_in_what_a_tool_said(text: str) -> None:
    assert "hunter2" not in scrubbed(text, "hunter2" if "with" in text else "")
    assert "db" in scrubbed(text + " db")


def test_only_the_last_lines_are_kept() -> None:
    assert scrubbed("a" * 9999 + " the end").endswith("the end")
    assert len(scrubbed("a" * 9999)) == 4096
