"""The queue of what leaves the process: order, patience, and what it gives up."""

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

PATIENCE = 30.0


class Pauses:
    """Notes how long the queue would have waited, and does not wait."""

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
    """Something to send that fails as often as it is told; notes each try."""

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
    """A delivery that takes until it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.opened = threading.Event()

    def send(self) -> None:
        self.begun.set()
        assert self.opened.wait(PATIENCE)

    @property
    def delivery(self) -> Delivery:
        return Delivery(name="a gate", send=self.send)


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> OutgoingQueue:
    """A queue without any pause before it tries again."""
    monkeypatch.setattr(queue_module, "PAUSES", (0.0, 0.0, 0.0))
    return OutgoingQueue()


@pytest.fixture
def gates(queue: OutgoingQueue) -> Iterator[list[Gate]]:
    """Deliveries that keep all threads of the queue busy until they are opened."""
    found = [Gate() for _ in range(THREADS)]
    for gate in found:
        assert queue.put(gate.delivery)
        assert gate.begun.wait(PATIENCE)
    yield found
    open_all(found)
    assert queue.flush(PATIENCE)


def open_all(gates: list[Gate]) -> None:
    """Let all go."""
    for gate in gates:
        gate.opened.set()


class TestOrder:
    """What leaves when."""

    def test_what_is_put_is_sent_once(self, queue):
        letter = Letter()
        assert queue.put(letter.delivery) is True
        assert queue.flush(PATIENCE)
        assert letter.tries == 1

    def test_it_is_sent_in_another_thread(self, queue):
        letter = Letter()
        queue.put(letter.delivery)
        assert queue.flush(PATIENCE)
        (name,) = letter.threads
        assert name.startswith("talk-outgoing-")

    def test_what_waits_leaves_in_the_order_it_came(self, queue, gates):
        sent: list[int] = []
        for number in range(50):
            delivery = Delivery(name=str(number), send=partial(sent.append, number))
            queue.put(delivery)
        assert sent == []
        # One thread alone, so that the order is that of the queue.
        gates[0].opened.set()
        last = Gate()
        queue.put(last.delivery)
        assert last.begun.wait(PATIENCE)
        assert sent == list(range(50))
        last.opened.set()

    def test_one_that_is_slow_does_not_hold_up_the_next(self, queue):
        slow, letter = Gate(), Letter()
        queue.put(slow.delivery)
        assert slow.begun.wait(PATIENCE)
        done = threading.Event()
        queue.put(letter.delivery)
        queue.put(Delivery(name="done", send=done.set))
        assert done.wait(PATIENCE)
        assert letter.tries == 1
        slow.opened.set()
        assert queue.flush(PATIENCE)

    def test_there_are_never_more_threads_than_a_few(self, queue):
        letters = [Letter() for _ in range(200)]
        for letter in letters:
            queue.put(letter.delivery)
        assert queue.flush(PATIENCE)
        names = set().union(*(letter.threads for letter in letters))
        assert 1 <= len(names) <= THREADS

    def test_many_who_put_at_once_lose_nothing(self, queue):
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
            thread.join(PATIENCE)
        assert queue.flush(PATIENCE)
        assert [letter.tries for letter in letters] == [1] * 200


class TestFailures:
    """What does not leave at once."""

    @pytest.mark.parametrize("failures", [1, 2])
    def test_it_is_tried_again(self, queue, failures, caplog):
        letter = Letter(failures=failures)
        with caplog.at_level(logging.WARNING, logger="talk.outgoing"):
            queue.put(letter.delivery)
            assert queue.flush(PATIENCE)
        assert letter.tries == failures + 1
        assert [record.levelname for record in caplog.records] == ["WARNING"] * failures
        assert all("a letter" in record.getMessage() for record in caplog.records)

    def test_in_the_end_it_is_given_up_and_logged(self, queue, caplog):
        letter = Letter(failures=99)
        with caplog.at_level(logging.WARNING, logger="talk.outgoing"):
            queue.put(letter.delivery)
            assert queue.flush(PATIENCE)
        assert letter.tries == 3
        *_, last = caplog.records
        assert last.levelname == "ERROR"
        assert "a letter" in last.getMessage()
        assert last.exc_info is not None

    @pytest.mark.parametrize("tries", [1, 5])
    def test_how_often_it_is_tried_is_a_setting(self, queue, settings, tries):
        settings.TALK = {"OUTGOING_TRIES": tries}
        letter = Letter(failures=99)
        queue.put(letter.delivery)
        assert queue.flush(PATIENCE)
        assert letter.tries == tries

    def test_after_a_failure_the_next_one_leaves(self, queue):
        queue.put(Letter(failures=99).delivery)
        letter = Letter()
        queue.put(letter.delivery)
        assert queue.flush(PATIENCE)
        assert letter.tries == 1

    @pytest.mark.parametrize("failures", [1, 2, 3, 5])
    def test_the_pauses_before_another_try_grow(self, settings, failures):
        settings.TALK = {"OUTGOING_TRIES": 6}
        queue, pauses = OutgoingQueue(), Pauses()
        queue._is_ending = pauses
        queue.put(Letter(failures=failures).delivery)
        assert queue.flush(PATIENCE)
        assert pauses.seconds == [*PAUSES, PAUSES[-1], PAUSES[-1]][:failures]

    def test_there_is_no_pause_after_the_last_try(self, settings):
        settings.TALK = {"OUTGOING_TRIES": 1}
        queue, pauses = OutgoingQueue(), Pauses()
        queue._is_ending = pauses
        queue.put(Letter(failures=1).delivery)
        assert queue.flush(PATIENCE)
        assert pauses.seconds == []


class TestBound:
    """What a queue does not take any more."""

    @pytest.fixture(autouse=True)
    def bound(self, settings: Any) -> None:
        """It takes two more than are being sent."""
        settings.TALK = {"OUTGOING_QUEUE_MAX": THREADS + 2}

    def test_one_too_many_is_dropped_and_logged(self, queue, gates, caplog):
        letters = [Letter(f"letter {number}") for number in range(3)]
        with caplog.at_level(logging.ERROR, logger="talk.outgoing"):
            taken = [queue.put(letter.delivery) for letter in letters]
        assert taken == [True, True, False]
        (record,) = caplog.records
        assert "letter 2" in record.getMessage()
        open_all(gates)
        assert queue.flush(PATIENCE)
        assert [letter.tries for letter in letters] == [1, 1, 0]

    def test_when_some_have_left_it_takes_more(self, queue, gates):
        for _ in range(2):
            assert queue.put(Letter().delivery)
        open_all(gates)
        assert queue.flush(PATIENCE)
        assert queue.put(Letter().delivery)

    def test_what_was_given_up_makes_room_too(self, queue):
        for _ in range(10):
            assert queue.put(Letter(failures=99).delivery)
            assert queue.flush(PATIENCE)


class TestFlush:
    """Waiting until all has left."""

    def test_nothing_is_waited_for_when_nothing_was_put(self, queue):
        assert queue.flush(0) is True

    def test_it_says_when_time_is_up(self, queue, gates):
        assert queue.flush(0) is False

    def test_it_says_when_all_has_left(self, queue, gates):
        open_all(gates)
        assert queue.flush(PATIENCE) is True

    def test_one_that_is_still_being_sent_has_not_left(self, queue):
        gate = Gate()
        queue.put(gate.delivery)
        assert gate.begun.wait(PATIENCE)
        assert queue.flush(0) is False
        gate.opened.set()
        assert queue.flush(PATIENCE) is True


class TestEnd:
    """The end of the process."""

    def test_what_waits_is_sent(self, queue):
        letters = [Letter() for _ in range(20)]
        for letter in letters:
            queue.put(letter.delivery)
        queue.end()
        assert [letter.tries for letter in letters] == [1] * 20

    def test_what_fails_is_not_tried_again(self, queue, gates, caplog):
        letter = Letter(failures=99)
        queue.put(letter.delivery)
        ending = threading.Thread(target=queue.end)
        with caplog.at_level(logging.ERROR, logger="talk.outgoing"):
            ending.start()
            assert queue._is_ending.wait(PATIENCE)
            open_all(gates)
            ending.join(PATIENCE)
        assert letter.tries == 1
        assert "a letter" in caplog.text

    def test_a_pause_is_cut_short_for_one_last_try(self, monkeypatch):
        monkeypatch.setattr(queue_module, "PAUSES", (10_000.0,))
        queue, letter = OutgoingQueue(), Letter(failures=1)
        failed = threading.Event()

        def send() -> None:
            try:
                letter.send()
            finally:
                failed.set()

        queue.put(Delivery(name="a letter", send=send))
        assert failed.wait(PATIENCE)
        queue.end()
        assert letter.tries == 2

    def test_what_takes_too_long_is_told_by_the_log(
        self, queue, gates, monkeypatch, caplog
    ):
        monkeypatch.setattr(queue_module, "FLUSH_AT_EXIT_SECONDS", 0.0)
        with caplog.at_level(logging.ERROR, logger="talk.outgoing"):
            queue.end()
        assert f"{THREADS} deliveries were not sent" in caplog.text

    def test_a_process_that_ends_sends_what_it_has_put(self):
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
    def test_a_forked_child_sends_its_own_and_nothing_of_its_parents(self):
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
    """Run a program with the settings of the tests; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
