"""Where things lie that the tests read."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The checkout, or the unpacked source distribution."""

SHARED_DATA = ROOT.parent / "shared" / "data"
"""Discord's own schemas, which lie beside the checkout: tests that read them skip where they are missing."""
