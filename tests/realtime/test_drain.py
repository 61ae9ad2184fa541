"""What a signal to stop does to those who wait."""

from __future__ import annotations

import asyncio
import signal
import threading

import pytest

from talk.realtime.drain import DrainOnSignal

pytestmark = pytest.mark.asyncio


@pytest.fixture
def received():
    """Numbers that the server's own handler has received; ours is put over it."""
    numbers: list[int] = []
    previous = signal.signal(
        signal.SIGTERM, lambda number, frame: numbers.append(number)
    )
    yield numbers
    signal.signal(signal.SIGTERM, previous)


async def test_a_signal_drains_and_then_reaches_the_server(received) -> None:
    drained = asyncio.Event()
    drain = DrainOnSignal(asyncio.get_running_loop(), drained.set)
    drain.install()
    signal.raise_signal(signal.SIGTERM)
    async with asyncio.timeout(30):
        await drained.wait()

    assert received == [signal.SIGTERM]
    drain.restore()


async def test_restoring_gives_the_signals_back(received) -> None:
    before = signal.getsignal(signal.SIGTERM)
    drain = DrainOnSignal(asyncio.get_running_loop(), lambda: None)
    drain.install()
    assert signal.getsignal(signal.SIGTERM) != before
    drain.restore()
    assert signal.getsignal(signal.SIGTERM) is before


async def test_restoring_does_not_undo_who_came_later(received) -> None:
    drain = DrainOnSignal(asyncio.get_running_loop(), lambda: None)
    drain.install()

    def later(number, frame):
        pass

    signal.signal(signal.SIGTERM, later)
    drain.restore()
    assert signal.getsignal(signal.SIGTERM) is later


async def test_a_process_that_just_ends_on_a_signal_goes_on_to_do_so() -> None:
    previous = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    drain = DrainOnSignal(asyncio.get_running_loop(), lambda: None)
    drain.install()
    try:
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        drain.restore()
        signal.signal(signal.SIGTERM, previous)


async def test_other_threads_leave_signals_alone(received) -> None:
    before = signal.getsignal(signal.SIGTERM)
    drain = DrainOnSignal(asyncio.get_running_loop(), lambda: None)
    thread = threading.Thread(target=drain.install)
    thread.start()
    await asyncio.to_thread(thread.join)
    assert signal.getsignal(signal.SIGTERM) is before
