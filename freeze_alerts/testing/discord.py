"""Discord's webhook API on loopback, as strict as the real one, with a page to look at.

In a test::

    with DiscordServer() as discord:
        post_something_to(discord.webhook("errors"))
        assert discord.messages("errors")[0].payload["content"] == "The disk is full"
        assert discord.complaints == []

In a shell: ``python -m freeze_alerts.testing.discord --port 8099 --channel errors``.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from freeze_alerts.testing.api import Api
from freeze_alerts.testing.failures import Failure
from freeze_alerts.testing.handler import HttpServer
from freeze_alerts.testing.limits import PER_CHANNEL, PER_WEBHOOK, Quota, RateLimits
from freeze_alerts.testing.messages import Message, Request
from freeze_alerts.testing.state import State

__all__ = ["DiscordServer", "Failure", "Message", "Request", "main"]

CHANNELS = ("errors", "payments", "backups", "admin")


class DiscordServer:
    """The stand-in. ``port`` 0 picks a free one; stopped and started again it keeps its port and its messages.

    ``clock`` (seconds since the epoch) is what the rate limits are measured with.
    """

    def __init__(self, port: int = 0, host: str = "127.0.0.1", *, clock: Callable[[], float] = time.time) -> None:
        self._port = port
        self._host = host
        self._state = State()
        self._limits = RateLimits(clock)
        self._http: HttpServer | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Listens. Raises OSError when the port is taken."""
        self._http = HttpServer((self._host, self._port), self._state, Api(self._state, self._limits))
        self._port = int(self._http.server_address[1])
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, name="discord", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ends every connection, also those that hang. What came in stays to be looked at."""
        if self._http and self._thread:
            self._http.end()
            self._thread.join()
        self._http = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The page."""
        if not self._port:
            raise RuntimeError("Start the server first: it has no port yet")
        return f"http://{self._host}:{self._port}/"

    @property
    def api_url(self) -> str:
        """What stands in for ``https://discord.com/api/v10``."""
        return f"{self.url}api/v10"

    def webhook(self, channel: str) -> str:
        """The address of a channel's webhook, made at the first call; after :meth:`delete_webhook` a new one."""
        webhook = self._state.webhook(channel)
        return f"{self.api_url}/webhooks/{webhook.id}/{webhook.token}"

    def delete_webhook(self, channel: str) -> None:
        """From now on the channel's webhook is unknown (404 10015), for ever."""
        self._state.kill(channel)

    def delete_message(self, message_id: str) -> None:
        """Somebody deletes a message by hand: editing it answers 404 10008."""
        self._state.forget(message_id)

    def messages(self, channel: str | None = None) -> list[Message]:
        """The messages as they stand now, of one channel or all, in order of posting."""
        with self._state.changed:
            return [each for each in self._state.messages.values() if channel in (None, each.channel)]

    @property
    def requests(self) -> list[Request]:
        """Every call to the API, refused ones too, in order of arrival."""
        with self._state.changed:
            return list(self._state.requests)

    @property
    def complaints(self) -> list[str]:
        """What Discord lets pass in silence and a client will be sorry for, each once."""
        with self._state.changed:
            return list(self._state.complaints)

    def clear(self) -> None:
        """Forgets messages, requests and complaints. Webhooks, failures and limits stay."""
        self._state.clear()

    def fail(self, failure: Failure, times: int | None = 1, channel: str | None = None) -> None:
        """The next ``times`` calls (to this channel) go wrong; with None all, until :meth:`heal`."""
        self._state.plan(failure, times, channel)

    def heal(self) -> None:
        """Nothing goes wrong any more. A call that hangs already goes on hanging."""
        self._state.heal()

    def rate_limits(self, per_webhook: Quota = PER_WEBHOOK, per_channel: Quota = PER_CHANNEL) -> None:
        """Switches Discord's limits on: requests and seconds a webhook (in the headers), and a channel (hidden)."""
        self._limits.switch_on(per_webhook, per_channel)

    def wait_for(self, predicate: Callable[[DiscordServer], object], timeout_seconds: float = 10) -> None:
        """Waits until ``predicate(server)`` is true. Raises AssertionError with a dump of all that came in."""
        deadline = time.perf_counter() + timeout_seconds
        seen = -1
        while not predicate(self):
            if time.perf_counter() >= deadline:
                raise AssertionError(f"Not within {timeout_seconds} s. {self._dump()}")
            with self._state.changed:
                if seen == self._state.version:
                    self._state.changed.wait(0.05)
                seen = self._state.version

    def _dump(self) -> str:
        lines = [f"{len(self.messages())} messages:"]
        lines += [f"  #{each.channel} {each.id} ({len(each.edits)} edits): {_gist(each)}" for each in self.messages()]
        lines += [f"{len(self.requests)} requests:"]
        lines += [f"  {each.at:%H:%M:%S.%f} {each.method} {each.path} -> {each.status}" for each in self.requests]
        lines += ["Complaints:", *(f"  {each}" for each in self.complaints)] if self.complaints else []
        return "\n".join(lines)


def _gist(message: Message) -> str:
    titles = [str(each.get("title", "")) for each in message.payload.get("embeds", [])]
    return " · ".join([message.payload.get("content", ""), *titles])[:120]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the stand-in until Ctrl-C; prints the page's address and a webhook URL a channel."""
    parser = argparse.ArgumentParser(prog="python -m freeze_alerts.testing.discord", description=main.__doc__)
    parser.add_argument("--port", type=int, default=8099, help="0 picks a free one (default: %(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--channel", action="append", help=f"may be repeated (default: {', '.join(CHANNELS)})")
    parser.add_argument("--rate-limits", action="store_true", help="limit requests as Discord does")
    options = parser.parse_args(arguments)
    server = DiscordServer(options.port, options.host)
    if options.rate_limits:
        server.rate_limits()
    try:
        server.start()
    except OSError as error:
        sys.stderr.write(f"Port {options.port} can't be used: {error.strerror}\n")
        return 1
    return _run(server, options.channel or CHANNELS)


def _run(server: DiscordServer, channels: Sequence[str]) -> int:
    for each in (signal.SIGINT, signal.SIGTERM):  # SIGINT too: a shell's background job is born deaf to it
        signal.signal(each, signal.default_int_handler)
    try:
        lines = [f"{channel:<10} {server.webhook(channel)}" for channel in channels]
        sys.stdout.write("\n".join([f"Look at    {server.url}", *lines, "Ctrl-C ends it.", ""]))
        sys.stdout.flush()
        threading.Event().wait()
    except KeyboardInterrupt:
        sys.stdout.write("\n")
    finally:
        server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
