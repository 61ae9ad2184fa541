"""Work that several callers want at once."""

from __future__ import annotations

import asyncio
import threading
from functools import partial

import pytest

from talk.utils.single_flight import SingleFlight, ThreadSingleFlight
from tests.threads import TIMEOUT, at_once


class Work:
    """Counts its runs; each waits until it is released."""

    def __init__(self) -> None:
        self.runs = 0
        self.released = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self) -> int:
        self.runs += 1
        await self.released.wait()
        if self.error is not None:
            raise self.error
        return self.runs


@pytest.mark.asyncio
class TestSingleFlight:
    """Coroutines of one event loop."""

    async def test_callers_with_one_key_share_one_run(self) -> None:
        flight, work = SingleFlight[str, int](), Work()
        callers = [asyncio.create_task(flight.run("a", work)) for _ in range(3)]
        await asyncio.sleep(0)
        work.released.set()
        assert await asyncio.gather(*callers) == [1, 1, 1]

    async def test_keys_run_side_by_side(self) -> None:
        flight, work = SingleFlight[str, int](), Work()
        callers = [asyncio.create_task(flight.run(key, work)) for key in "ab"]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert work.runs == 2
        work.released.set()
        await asyncio.gather(*callers)

    async def test_a_later_caller_starts_a_new_run(self) -> None:
        flight, work = SingleFlight[str, int](), Work()
        work.released.set()
        assert [await flight.run("a", work) for _ in range(2)] == [1, 2]

    async def test_a_cancelled_caller_does_not_cancel_the_run(self) -> None:
        flight, work = SingleFlight[str, int](), Work()
        first, second = (asyncio.create_task(flight.run("a", work)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        work.released.set()
        assert await second == 1

    async def test_all_callers_receive_its_error(self) -> None:
        flight, work = SingleFlight[str, int](), Work()
        work.error = ConnectionError("refused")
        work.released.set()
        callers = [flight.run("a", work) for _ in range(2)]
        errors = await asyncio.gather(*callers, return_exceptions=True)
        assert errors == [work.error] * 2
        assert work.runs == 1
        assert flight.task("a") is None

    async def test_the_key_is_free_when_the_work_returns(self) -> None:
        """A caller before the callbacks of the finished task starts a new run."""
        flight, work = SingleFlight[str, int](), Work()
        task = flight.start("a", work)
        await asyncio.sleep(0)
        work.released.set()
        found: list[object] = []
        asyncio.get_running_loop().call_soon(lambda: found.append(flight.task("a")))
        await task
        assert found == [None]

    async def test_a_run_that_never_started_does_not_block_its_key(self) -> None:
        flight, work = SingleFlight[str, int](), Work()
        flight.start("a", work).cancel()
        await asyncio.sleep(0)
        work.released.set()
        assert await flight.run("a", work) == 1


class TestThreadSingleFlight:
    """Threads."""

    def test_one_leads_and_the_others_wait_for_it(self) -> None:
        flight = ThreadSingleFlight[str]()
        finished = threading.Event()

        def lead() -> tuple[bool, bool]:
            with flight.lead("a", timeout=TIMEOUT) as is_first:
                if is_first:
                    # Give the others time to arrive; whether they do changes nothing.
                    threading.Event().wait(0.05)
                    finished.set()
                return is_first, finished.is_set()

        results = at_once(*[lead] * 4)
        assert (True, True) in results
        assert all(was_finished for _, was_finished in results)

    def test_another_key_does_not_wait(self) -> None:
        flight = ThreadSingleFlight[str]()
        lead = partial(flight.lead, timeout=TIMEOUT)
        with lead("a") as is_first, lead("b") as is_first_too:
            assert (is_first, is_first_too) == (True, True)

    def test_waiting_ends_after_the_timeout(self) -> None:
        flight = ThreadSingleFlight[str]()
        with flight.lead("a", timeout=0), flight.lead("a", timeout=0) as is_first:
            assert not is_first

    def test_an_error_of_the_first_frees_the_key(self) -> None:
        flight = ThreadSingleFlight[str]()
        with pytest.raises(ConnectionError), flight.lead("a", timeout=0):
            raise ConnectionError
        assert len(flight) == 0
        with flight.lead("a", timeout=0) as is_first:
            assert is_first
