from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import OperationalError

from freeze_alerts import signals
from freeze_alerts.sources.errors import booking, intake
from freeze_alerts.sources.errors.intake import Intake
from freeze_alerts.sources.errors.tally import Tally
from tests.processes import wait_until
from tests.sources.errors.records import kind, record

PATIENCE_SECONDS = 60


class Book:
    """Stands for the database: notes how many errors it was given, or fails."""

    def __init__(self) -> None:
        self.given: list[int] = []
        self.error: Exception | None = None
        self.threads: set[str] = set()

    def __call__(self, tally: Tally) -> None:
        self.threads.add(threading.current_thread().name)
        if self.error is not None:
            raise self.error
        self.given.append(tally.count)


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch) -> Book:
    standing_in = Book()
    monkeypatch.setattr(booking, "book", standing_in)
    return standing_in


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch, book: Book) -> Iterator[Intake]:
    """An intake as outside of tests: with a thread, which pauses until it is hurried."""
    monkeypatch.setattr(intake, "in_a_test", lambda: False)
    monkeypatch.setattr(intake, "EACH_SECONDS", 3_600.0)
    monkeypatch.setattr(intake, "LONGEST_SECONDS", 3_600.0)
    monkeypatch.setattr(intake, "FAREWELL_SECONDS", PATIENCE_SECONDS)
    elsewhere, opened = Intake(), Intake()
    elsewhere.closed.set()  # what others log meanwhile starts no thread of the process's own
    monkeypatch.setattr(intake, "_intake", elsewhere)
    yield opened
    opened.close()
    assert opened.thread is None or not opened.thread.is_alive()


def test_the_first_error_is_booked_at_once_and_the_next_with_others(live: Intake, book: Book) -> None:
    live.put(record())
    assert live.booked.wait(PATIENCE_SECONDS)
    for _ in range(5):
        live.put(record())
    assert (book.given, live.tally.count) == ([1], 5)
    assert live.flush(PATIENCE_SECONDS)
    assert book.given == [1, 5]
    assert book.threads == {"freeze-alerts-errors"}


def test_many_threads_lose_nothing(live: Intake, book: Book) -> None:
    threads = [threading.Thread(target=lambda: [live.put(kind(f"{n}")) for n in range(200)]) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert live.flush(PATIENCE_SECONDS)
    assert sum(book.given) == 1_600


def test_what_can_not_be_booked_is_kept_and_booked_later(live: Intake, book: Book) -> None:
    book.error = OperationalError("away")
    live.put(record())
    wait_until(lambda: live.failures == 1)
    live.put(record())
    live.hurry.set()
    wait_until(lambda: live.failures == 2)
    assert live.tally.count == 2
    book.error = None
    assert live.flush(PATIENCE_SECONDS)
    assert (book.given, live.failures) == ([2], 0)


def test_an_outage_is_told_once(live: Intake, book: Book) -> None:
    told: list[tuple[str, int]] = []
    signals.errors_unbooked.connect(lambda *, error, waiting, **_: told.append((str(error), waiting)), weak=False)
    book.error = OperationalError("away")
    live.put(record())
    for failures in range(1, 6):
        wait_until(lambda failures=failures: live.failures >= failures)
        live.hurry.set()
    assert told == [("away", 1)]


def test_an_error_within_an_error_neither_hangs_nor_is_lost(live: Intake, book: Book) -> None:
    """As when the garbage collector, or a signal's handler, logs an error in the middle of it."""
    add, again = Tally.add, [record(), record()]

    def adding(tally: Tally, each: object) -> None:
        while again:
            live.put(again.pop())
        add(tally, each)  # type: ignore[arg-type]

    live.tally.add = adding.__get__(live.tally)  # type: ignore[method-assign]
    _in_time(lambda: live.put(record()))
    assert live.flush(PATIENCE_SECONDS)
    assert sum(book.given) == 3


def _in_time(act: Callable[[], object]) -> None:
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()


def test_the_thread_that_books_is_not_listened_to(live: Intake, book: Book) -> None:
    met: list[int] = []

    def listener(tally: Tally) -> None:
        live.put(record())
        met.append(tally.count)

    booking.book = listener  # type: ignore[assignment]
    live.put(record())
    assert live.flush(PATIENCE_SECONDS)
    assert (met, live.tally.count) == ([1], 0)


def test_an_idle_thread_leaves_and_the_next_error_starts_another(
    live: Intake, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "IDLE_SECONDS", 0.01)
    monkeypatch.setattr(intake, "EACH_SECONDS", 0.01)
    live.put(record())
    wait_until(lambda: live.thread is None)
    live.put(record())
    wait_until(lambda: sum(book.given) == 2)


def test_the_last_errors_are_booked_at_the_end(live: Intake, book: Book) -> None:
    live.put(record())
    assert live.booked.wait(PATIENCE_SECONDS)
    live.put(record())
    live.close()
    assert sum(book.given) == 2


def test_at_the_end_of_the_interpreter_no_thread_is_needed(
    live: Intake, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    live.put(record())
    assert book.given == []
    live.close()
    assert book.given == [1]


def test_in_a_test_nothing_is_booked_behind_its_back(book: Book) -> None:
    ours = Intake()
    ours.put(record())
    assert (ours.thread, book.given) == (None, [])
    assert ours.flush(0)
    assert book.given == [1]


def test_in_a_test_not_even_a_thread_of_before_is_woken(
    live: Intake, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.put(record())
    assert live.booked.wait(PATIENCE_SECONDS)
    monkeypatch.setattr(intake, "in_a_test", lambda: True)
    live.put(record())
    assert (live.wake.is_set(), book.given, live.tally.count) == (False, [1], 1)


def test_what_tests_have_left_behind_is_forgotten_at_the_end(book: Book) -> None:
    ours = Intake()
    ours.put(record())
    ours.close()
    assert book.given == []
