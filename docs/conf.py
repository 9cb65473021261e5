"""How Sphinx builds these pages: ``make docs``."""

from __future__ import annotations

import freeze_alerts

project = "freeze-alerts"
author = "the freeze-alerts maintainers"
release = version = freeze_alerts.__version__

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"freeze-alerts {release}"
html_copy_source = False
html_show_copyright = False
