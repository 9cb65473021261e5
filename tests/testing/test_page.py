from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import requests

from freeze_alerts.testing.discord import DiscordServer
from tests.testing.calling import button, embeds, patch, post

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
EVIL = '<script>document.title="taken"</script><img src=x onerror="document.title=1">'


def get(server: DiscordServer, path: str) -> requests.Response:
    return requests.get(server.url + path, timeout=5)


def test_the_page_is_one_file_that_asks_nobody_else(server: DiscordServer) -> None:
    page = get(server, "")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert not re.search(r"""(src|href)=["']?(?!data:)[\w/]|@import|url\((?!"data:)""", page.text)
    assert "/* page." not in page.text
    assert "/* markdown." not in page.text


def test_no_foreign_text_is_ever_read_as_html(server: DiscordServer) -> None:
    forbidden = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(")
    assert not [each for each in forbidden if each in get(server, "").text]


def test_the_state_tells_what_a_reader_sees(server: DiscordServer) -> None:
    message_id = post(server, {"content": "<@&7>", "allowed_mentions": {"roles": ["7"]}, "flags": 4096}).json()["id"]
    patch(server, message_id, embeds({"title": "x"}))
    post(server, {"colour": 1}, channel="payments", query="?wait=nonsense")
    state = get(server, "state.json").json()
    assert state["channels"] == ["errors", "payments"]
    assert (state["requests"], state["refused"]) == (3, 1)
    assert state["complaints"]
    (message,) = state["messages"]
    assert (message["channel"], message["isSilent"], bool(message["editedAt"])) == ("errors", True, True)


def test_a_state_already_seen_is_not_sent_again(server: DiscordServer) -> None:
    post(server)
    version = get(server, "state.json").json()["version"]
    assert get(server, f"state.json?version={version}").json() == {"version": version}


@pytest.mark.parametrize("path", ["nothing", "state.json/x", "page.js", "../discord.py"])
def test_there_is_no_other_page(server: DiscordServer, path: str) -> None:
    assert get(server, path).status_code == 404


def test_looking_at_the_page_is_no_call(server: DiscordServer) -> None:
    assert get(server, "favicon.ico").status_code == 204
    get(server, "")
    assert server.requests == []


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_a_browser_draws_messages_and_runs_nothing_in_them(server: DiscordServer, tmp_path: Path) -> None:
    card = {"title": EVIL, "description": f"{EVIL} **bold** `code` [x](javascript:alert(1)) <t:1800000000:R>"}
    post(server, {"content": EVIL} | embeds(card) | button())
    patch(server, server.messages()[0].id, {"content": f"{EVIL} \\*plain\\* now"})
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}", "--dump-dom"]
    command = [str(CHROMIUM), *options, "--virtual-time-budget=3000", f"{server.url}#errors"]
    drawn = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    body = drawn.partition("<main")[2].partition("</main>")[0]
    assert "<title>#errors" in drawn
    assert "&lt;script&gt;" in body
    assert not re.search(r"<(script|img)|href=\"javascript", body)
    for expected in (
        "<strong>bold</strong>",
        "<code>code</code>",
        "*plain* now",
        "(edited)",
        'class="button"',
        "<time",
    ):
        assert expected in body
