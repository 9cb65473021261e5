"""Who judges is a setting, for whatever is listened to already too."""

from __future__ import annotations

from typing import Any

import pytest
from sentry_sdk.envelope import Envelope

from freeze_alerts.sources.errors import capture, intake
from tests.sources.errors.records import event


@pytest.mark.parametrize(("judge", "counted"), [("local", 1), ("sentry", 0)])
def test_an_error_is_counted_here_only_by_the_local_judge(judge: str, counted: int, settings: Any) -> None:
    settings.FREEZE_ALERTS = {"ERRORS": {"JUDGE": judge}}
    envelope = Envelope()
    envelope.add_event(event())  # type: ignore[arg-type]
    capture.take(envelope)
    assert intake._intake._take().count == counted
