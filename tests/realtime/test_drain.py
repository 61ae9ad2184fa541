"""Draining on a signal, and the handlers of signals."""

from __future__ import annotations

import asyncio
import signal
import threading

import pytest

from talk.realtime.drain import DrainOnSignal

pytestmark = pytest.mark.asyncio


@pytest.fixture
def received():
    """The signals that the server's own handler, the previous one, has received."""
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


async def test_restoring_installs_the_previous_handlers(received) -> None:
    before = signal.getsignal(signal.SIGTERM)
    drain = DrainOnSignal(asyncio.get_running_loop(), lambda: None)
    drain.install()
    assert signal.getsignal(signal.SIGTERM) != before
    drain.restore()
    assert signal.getsignal(signal.SIGTERM) is before


async def test_restoring_keeps_a_handler_that_was_installed_later(received) -> None:
    drain = DrainOnSignal(asyncio.get_running_loop(), lambda: None)
    drain.install()

    def later(number, frame):
        pass

    signal.signal(signal.SIGTERM, later)
    drain.restore()
    assert signal.getsignal(signal.SIGTERM) is later


async def test_a_signal_without_a_handler_still_ends_the_process() -> None:
    previous = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    drain = DrainOnSignal(asyncio.get_running_loop(), lambda: None)
    drain.install()
    try:
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        drain.restore()
        signal.signal(signal.SIGTERM, previous)


async def test_other_threads_install_no_handlers(received) -> None:
    before = signal.getsignal(signal.SIGTERM)
    drain = DrainOnSignal(asyncio.get_running_loop(), lambda: None)
    thread = threading.Thread(target=drain.install)
    thread.start()
    await asyncio.to_thread(thread.join)
    assert signal.getsignal(signal.SIGTERM) is before
