"""The pictures of the documentation, taken of the real thing: ``make screenshots``. Chromium must be installed."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import acts
import cards
from playwright.sync_api import Browser, Page, sync_playwright
from stage import NAME, PASSWORD, DemoFailed, Stage, set_up

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars",
]  # fmt: skip


def main() -> int:
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        print("There is no Chromium here. On Debian: apt-get install chromium", file=sys.stderr)
        return 1
    try:
        with set_up(0, 0) as stage, sync_playwright() as playwright:
            for act in acts.NINE:
                acts.play(stage, act)
            browser = playwright.chromium.launch(executable_path=found, args=QUIET)
            _take_all(stage, browser)
            browser.close()
    except DemoFailed as why:
        print(f"\nNo pictures: {why}", file=sys.stderr)
        return 1
    return 0


def _take_all(stage: Stage, browser: Browser) -> None:
    discord = browser.new_page(viewport={"width": 1500, "height": 1000}, device_scale_factor=2, color_scheme="dark")
    discord.goto(stage.discord.url)
    discord.wait_for_selector(".message")
    _save(discord, "channels")
    _card(stage, discord, "payments", "Payment error spike", "card")
    _card(stage, discord, "admin", "Admin delete", "card-delete")
    admin = _logged_in(stage, browser)
    for name, path in (
        ("alerts", "admin/freeze_alerts/alert/"),
        ("issue", "admin/freeze_alerts/issue/1/change/"),
        ("deletion", "admin/freeze_alerts/deletion/1/change/"),
        ("runbook", "alerts/runbook/payment-error-spike/"),
    ):
        admin.goto(f"{stage.site_url}{path}")
        _save(admin, name)


def _card(stage: Stage, page: Page, channel: str, title: str, name: str) -> None:
    message = next(each for each in stage.discord.messages(channel) if cards.gist(each.payload)[1].startswith(title))
    page.set_viewport_size({"width": 660, "height": 1200})
    page.goto(f"{stage.discord.url}#{channel}")
    title = cards.gist(message.payload)[1]
    drawn = page.locator(".message", has_text=title).first
    drawn.scroll_into_view_if_needed()
    drawn.screenshot(path=IMAGES / f"{name}.png")
    print(f"docs/images/{name}.png")


def _logged_in(stage: Stage, browser: Browser) -> Page:
    page = browser.new_page(viewport={"width": 1200, "height": 900}, device_scale_factor=2)
    page.goto(f"{stage.site_url}admin/login/")
    page.fill("#id_username", NAME)
    page.fill("#id_password", PASSWORD)
    page.click("[type=submit]")
    return page


def _save(page: Page, name: str) -> None:
    page.screenshot(path=IMAGES / f"{name}.png")
    print(f"docs/images/{name}.png")


if __name__ == "__main__":
    sys.exit(main())
