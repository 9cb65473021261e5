from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests

from freeze_alerts.testing.discord import DiscordServer, Failure, main
from tests.testing.calling import AGENT, post


def test_a_channel_keeps_its_webhook(server: DiscordServer) -> None:
    url = server.webhook("errors")
    pattern = rf"{re.escape(server.api_url)}/webhooks/\d{{18}}/[\w-]{{60,}}"
    assert re.fullmatch(pattern, url)
    assert server.webhook("errors") == url
    assert server.webhook("payments") != url


def test_two_servers_give_a_channel_the_same_webhook(server: DiscordServer) -> None:
    with DiscordServer() as other:
        assert server.webhook("errors").split("/")[-2:] == other.webhook("errors").split("/")[-2:]


def test_messages_stand_in_order_of_posting(server: DiscordServer) -> None:
    for number, channel in enumerate(("errors", "payments", "errors")):
        post(server, {"content": str(number)}, channel=channel)
    assert [each.payload["content"] for each in server.messages()] == ["0", "1", "2"]
    assert [each.payload["content"] for each in server.messages("errors")] == ["0", "2"]
    assert sorted(each.id for each in server.messages()) == [each.id for each in server.messages()]


def test_every_call_is_remembered_without_its_token(server: DiscordServer) -> None:
    post(server)
    server.fail(Failure.status(502))
    post(server, {"content": "again"})
    first, second = server.requests
    assert (first.method, first.status, first.channel, first.user_agent) == ("POST", 200, "errors", AGENT)
    assert re.fullmatch(r"/api/v10/webhooks/\d+/<token>\?wait=true&with_components=true", first.path)
    assert (second.status, second.body["content"]) == (502, "again")
    assert first.at <= second.at


def test_clear_forgets_what_came_in_and_keeps_the_webhooks(server: DiscordServer) -> None:
    url = server.webhook("errors")
    post(server, query="")
    server.clear()
    assert (server.messages(), server.requests, server.complaints) == ([], [], [])
    assert post(server, url=url).status_code == 200


def test_a_connection_serves_many_calls(server: DiscordServer) -> None:
    address = urlsplit(server.webhook("errors"))
    connection = http.client.HTTPConnection(address.netloc, timeout=5)
    sockets = []
    for _ in range(3):
        connection.request("POST", address.path, '{"content": "x"}', {"Content-Type": "application/json"})
        assert connection.getresponse().read() == b""
        sockets.append(connection.sock)
    connection.close()
    assert len(server.messages()) == 3
    assert len(set(sockets)) == 1


def test_eight_callers_at_once_lose_nothing(server: DiscordServer) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: post(server, {"content": str(number)}), range(80)))
    assert {each.status_code for each in answers} == {200}
    assert sorted(int(each.payload["content"]) for each in server.messages()) == list(range(80))
    assert len({each.id for each in server.messages()}) == 80


def test_a_server_started_again_keeps_its_port_and_its_messages() -> None:
    server = DiscordServer()
    with server:
        url = server.webhook("errors")
        post(server)
    with pytest.raises(requests.ConnectionError):
        post(server, url=url)
    with server:
        assert server.webhook("errors") == url
        post(server)
    assert len(server.messages()) == 2


def test_a_server_that_never_started_has_no_address() -> None:
    with pytest.raises(RuntimeError, match="Start the server first"):
        assert DiscordServer().url
    DiscordServer().stop()


def test_waiting_in_vain_shows_all_that_came_in(server: DiscordServer) -> None:
    post(server, {"content": "The disk is full"}, query="")
    with pytest.raises(AssertionError) as caught:
        server.wait_for(lambda each: len(each.messages()) == 2, timeout_seconds=0.1)
    assert "The disk is full" in str(caught.value)
    assert "<token> -> 204" in str(caught.value)
    assert "POST without wait=true" in str(caught.value)


def test_the_command_prints_addresses_and_ends_cleanly() -> None:
    command = [sys.executable, "-m", "freeze_alerts.testing.discord", "--port", "0", "--channel", "errors"]
    with subprocess.Popen(
        [*command, "--channel", "ops", "--rate-limits"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        lines = [process.stdout.readline() for _ in range(4)]
        page, errors, ops = (line.split()[-1] for line in lines[:3])
        assert requests.get(page, timeout=5).ok
        answer = requests.post(ops, json={"content": "x"}, headers={"User-Agent": AGENT}, timeout=5)
        assert answer.status_code == 204
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(timeout=10) == 0
        assert process.stderr.read() == ""
    assert "/webhooks/" in errors


def test_the_command_says_when_the_port_is_taken(server: DiscordServer, capsys: pytest.CaptureFixture[str]) -> None:
    port = server.url.rstrip("/").rpartition(":")[2]
    assert main(["--port", port]) == 1
    assert f"Port {port} can't be used" in capsys.readouterr().err


def test_it_runs_without_django() -> None:
    code = (
        "import sys; from freeze_alerts.testing import discord, fixtures; discord.DiscordServer().start().stop(); "
        "sys.exit(any(name.split('.')[0] in ('django', 'requests') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
