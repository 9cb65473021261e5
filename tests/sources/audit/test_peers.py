"""Other people's admin classes with the mixin before them, and a second database: they need settings of their own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.paths import ROOT


@pytest.mark.database
@pytest.mark.timeout(600)  # a suite of its own, and a machine may be busy
def test_the_mixin_stands_before_other_peoples_classes():
    told = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly",
            "--ds=tests.sources.audit.peers.settings", "-o", "filterwarnings=default", "--create-db",
            "--nomigrations",  # their tables refer to auth's, and PostgreSQL wants those first
            "tests/sources/audit/peers/cases.py",
        ],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=570,
        env={**os.environ, "FREEZE_ALERTS_TEST_NAME": f"test_freeze_peers_{os.getpid()}"},
    )  # fmt: skip
    assert told.returncode == 0, told.stdout[-6000:] + told.stderr[-2000:]
    assert " passed" in told.stdout
