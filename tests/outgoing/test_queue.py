"""The outgoing queue: order, attempts, bounds and the end of the process."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from talk.outgoing import queue as queue_module
from talk.outgoing.queue import PAUSES, THREADS, Delivery, OutgoingQueue
from tests.servers import ROOT

SECONDS_MAX = 30.0


class Pauses:
    """Records the pauses of the queue without waiting."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.is_over = False

    def wait(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return self.is_over

    def set(self) -> None:
        self.is_over = True

    def is_set(self) -> bool:
        return self.is_over


class Letter:
    """A delivery that fails a given number of times, and records each attempt."""

    def __init__(self, name: str = "a letter", failures: int = 0) -> None:
        self.name = name
        self.failures = failures
        self.tries = 0
        self.threads: set[str] = set()

    def send(self) -> None:
        self.tries += 1
        self.threads.add(threading.current_thread().name)
        if self.tries <= self.failures:
            raise OSError("the mail server is gone")

    @property
    def delivery(self) -> Delivery:
        return Delivery(name=self.name, send=self.send)


class Gate:
    """A delivery that blocks until it is opened."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.opened = threading.Event()

    def send(self) -> None:
        self.begun.set()
        assert self.opened.wait(SECONDS_MAX)

    @property
    def delivery(self) -> Delivery:
        return Delivery(name="a gate", send=self.send)


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> OutgoingQueue:
    """A queue without pauses between attempts."""
    monkeypatch.setattr(queue_module, "PAUSES", (0.0, 0.0, 0.0))
    return OutgoingQueue()


@pytest.fixture
def gates(queue: OutgoingQueue) -> Iterator[list[Gate]]:
    """Deliveries that block all threads of the queue until they are opened."""
    found = [Gate() for _ in range(THREADS)]
    for gate in found:
        assert queue.put(gate.delivery)
        assert gate.begun.wait(SECONDS_MAX)
    yield found
    open_all(found)
    assert queue.flush(SECONDS_MAX)


def open_all(gates: list[Gate]) -> None:
    """Open all gates."""
    for gate in gates:
        gate.opened.set()


class TestOrder:
    """The order of deliveries."""

    def test_a_delivery_is_sent_once(self, queue):
        letter = Letter()
        assert queue.put(letter.delivery) is True
        assert queue.flush(SECONDS_MAX)
        assert letter.tries == 1

    def test_it_is_sent_in_another_thread(self, queue):
        letter = Letter()
        queue.put(letter.delivery)
        assert queue.flush(SECONDS_MAX)
        (name,) = letter.threads
        assert name.startswith("talk-outgoing-")

    def test_waiting_deliveries_are_sent_in_order(self, queue, gates):
        sent: list[int] = []
        for number in range(50):
            delivery = Delivery(name=str(number), send=partial(sent.append, number))
            queue.put(delivery)
        assert sent == []
        # One thread alone, so that the order is that of the queue.
        gates[0].opened.set()
        last = Gate()
        queue.put(last.delivery)
        assert last.begun.wait(SECONDS_MAX)
        assert sent == list(range(50))
        last.opened.set()

    def test_a_slow_delivery_does_not_delay_the_next(self, queue):
        slow, letter = Gate(), Letter()
        queue.put(slow.delivery)
        assert slow.begun.wait(SECONDS_MAX)
        done = threading.Event()
        queue.put(letter.delivery)
        queue.put(Delivery(name="done", send=done.set))
        assert done.wait(SECONDS_MAX)
        assert letter.tries == 1
        slow.opened.set()
        assert queue.flush(SECONDS_MAX)

    def test_the_number_of_threads_is_limited(self, queue):
        letters = [Letter() for _ in range(200)]
        for letter in letters:
            queue.put(letter.delivery)
        assert queue.flush(SECONDS_MAX)
        names = set().union(*(letter.threads for letter in letters))
        assert 1 <= len(names) <= THREADS

    def test_no_delivery_of_several_threads_is_lost(self, queue):
        letters = [Letter() for _ in range(200)]

        def put(some: list[Letter]) -> None:
            for letter in some:
                assert queue.put(letter.delivery)

        putting = [
            threading.Thread(target=put, args=(letters[start::4],))
            for start in range(4)
        ]
        for thread in putting:
            thread.start()
        for thread in putting:
            thread.join(SECONDS_MAX)
        assert queue.flush(SECONDS_MAX)
        assert [letter.tries for letter in letters] == [1] * 200


class TestFailures:
    """Deliveries that fail."""

    @pytest.mark.parametrize("failures", [1, 2])
    def test_it_is_tried_again(self, queue, failures, caplog):
        letter = Letter(failures=failures)
        with caplog.at_level(logging.WARNING, logger="talk.outgoing"):
            queue.put(letter.delivery)
            assert queue.flush(SECONDS_MAX)
        assert letter.tries == failures + 1
        assert [record.levelname for record in caplog.records] == ["WARNING"] * failures
        assert all("a letter" in record.getMessage() for record in caplog.records)

    def test_after_the_last_attempt_it_is_given_up_and_logged(self, queue, caplog):
        letter = Letter(failures=99)
        with caplog.at_level(logging.WARNING, logger="talk.outgoing"):
            queue.put(letter.delivery)
            assert queue.flush(SECONDS_MAX)
        assert letter.tries == 3
        *_, last = caplog.records
        assert last.levelname == "ERROR"
        assert "a letter" in last.getMessage()
        assert last.exc_info is not None

    @pytest.mark.parametrize("tries", [1, 5])
    def test_the_number_of_attempts_is_a_setting(self, queue, settings, tries):
        settings.TALK = {"OUTGOING_TRIES": tries}
        letter = Letter(failures=99)
        queue.put(letter.delivery)
        assert queue.flush(SECONDS_MAX)
        assert letter.tries == tries

    def test_the_next_delivery_is_sent_after_a_failure(self, queue):
        queue.put(Letter(failures=99).delivery)
        letter = Letter()
        queue.put(letter.delivery)
        assert queue.flush(SECONDS_MAX)
        assert letter.tries == 1

    @pytest.mark.parametrize("failures", [1, 2, 3, 5])
    def test_the_pauses_between_attempts_grow(self, settings, failures):
        settings.TALK = {"OUTGOING_TRIES": 6}
        queue, pauses = OutgoingQueue(), Pauses()
        queue._is_ending = pauses
        queue.put(Letter(failures=failures).delivery)
        assert queue.flush(SECONDS_MAX)
        assert pauses.seconds == [*PAUSES, PAUSES[-1], PAUSES[-1]][:failures]

    def test_there_is_no_pause_after_the_last_attempt(self, settings):
        settings.TALK = {"OUTGOING_TRIES": 1}
        queue, pauses = OutgoingQueue(), Pauses()
        queue._is_ending = pauses
        queue.put(Letter(failures=1).delivery)
        assert queue.flush(SECONDS_MAX)
        assert pauses.seconds == []


class TestBound:
    """A full queue."""

    @pytest.fixture(autouse=True)
    def bound(self, settings: Any) -> None:
        """The queue takes two more deliveries than are being sent."""
        settings.TALK = {"OUTGOING_QUEUE_MAX": THREADS + 2}

    def test_a_delivery_beyond_the_bound_is_dropped_and_logged(
        self, queue, gates, caplog
    ):
        letters = [Letter(f"letter {number}") for number in range(3)]
        with caplog.at_level(logging.ERROR, logger="talk.outgoing"):
            taken = [queue.put(letter.delivery) for letter in letters]
        assert taken == [True, True, False]
        (record,) = caplog.records
        assert "letter 2" in record.getMessage()
        open_all(gates)
        assert queue.flush(SECONDS_MAX)
        assert [letter.tries for letter in letters] == [1, 1, 0]

    def test_it_takes_more_after_some_were_sent(self, queue, gates):
        for _ in range(2):
            assert queue.put(Letter().delivery)
        open_all(gates)
        assert queue.flush(SECONDS_MAX)
        assert queue.put(Letter().delivery)

    def test_it_takes_more_after_some_were_given_up(self, queue):
        for _ in range(10):
            assert queue.put(Letter(failures=99).delivery)
            assert queue.flush(SECONDS_MAX)


class TestFlush:
    """Waiting until all is sent."""

    def test_an_empty_queue_does_not_wait(self, queue):
        assert queue.flush(0) is True

    def test_it_returns_false_when_time_is_up(self, queue, gates):
        assert queue.flush(0) is False

    def test_it_returns_true_when_all_is_sent(self, queue, gates):
        open_all(gates)
        assert queue.flush(SECONDS_MAX) is True

    def test_it_waits_for_a_delivery_that_is_being_sent(self, queue):
        gate = Gate()
        queue.put(gate.delivery)
        assert gate.begun.wait(SECONDS_MAX)
        assert queue.flush(0) is False
        gate.opened.set()
        assert queue.flush(SECONDS_MAX) is True


class TestEnd:
    """The end of the process."""

    def test_waiting_deliveries_are_sent(self, queue):
        letters = [Letter() for _ in range(20)]
        for letter in letters:
            queue.put(letter.delivery)
        queue.end()
        assert [letter.tries for letter in letters] == [1] * 20

    def test_a_failed_delivery_is_not_tried_again(self, queue, gates, caplog):
        letter = Letter(failures=99)
        queue.put(letter.delivery)
        ending = threading.Thread(target=queue.end)
        with caplog.at_level(logging.ERROR, logger="talk.outgoing"):
            ending.start()
            assert queue._is_ending.wait(SECONDS_MAX)
            open_all(gates)
            ending.join(SECONDS_MAX)
        assert letter.tries == 1
        assert "a letter" in caplog.text

    def test_a_pause_ends_early_for_one_last_attempt(self, monkeypatch):
        monkeypatch.setattr(queue_module, "PAUSES", (10_000.0,))
        queue, letter = OutgoingQueue(), Letter(failures=1)
        failed = threading.Event()

        def send() -> None:
            try:
                letter.send()
            finally:
                failed.set()

        queue.put(Delivery(name="a letter", send=send))
        assert failed.wait(SECONDS_MAX)
        queue.end()
        assert letter.tries == 2

    def test_deliveries_that_take_too_long_are_logged(
        self, queue, gates, monkeypatch, caplog
    ):
        monkeypatch.setattr(queue_module, "FLUSH_AT_EXIT_SECONDS", 0.0)
        with caplog.at_level(logging.ERROR, logger="talk.outgoing"):
            queue.end()
        assert f"{THREADS} deliveries were not sent" in caplog.text

    def test_an_ending_process_sends_its_deliveries(self):
        code = (
            "import django; django.setup()\n"
            "import os\n"
            "from functools import partial\n"
            "from talk.outgoing.queue import Delivery, outgoing\n"
            "for number in range(3):\n"
            "    send = partial(os.write, 1, b'sent %d\\n' % number)\n"
            "    outgoing.put(Delivery(name='x', send=send))\n"
        )
        done = run(code)
        assert sorted(done.splitlines()) == ["sent 0", "sent 1", "sent 2"]

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
    def test_a_forked_child_sends_only_its_own_deliveries(self):
        code = (
            "import django; django.setup()\n"
            "import os\n"
            "from talk.outgoing.queue import Delivery, outgoing\n"
            "outgoing.put(Delivery(name='x', send=lambda: print('parent', flush=True)))\n"
            "assert outgoing.flush(30)\n"
            "pid = os.fork()\n"
            "if pid == 0:\n"
            "    outgoing.put(Delivery(name='x', send=lambda: print('child', flush=True)))\n"
            "    assert outgoing.flush(30)\n"
            "    os._exit(0)\n"
            "assert os.waitpid(pid, 0)[1] == 0\n"
        )
        assert run(code).splitlines() == ["parent", "child"]


def run(code: str) -> str:
    """Run a program with the settings of the tests; return its output."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
