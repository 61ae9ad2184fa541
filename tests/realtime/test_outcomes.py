"""How polls end: which outcome counts if there are several."""

from __future__ import annotations

import asyncio

import pytest

from talk.exceptions import NotFound
from talk.hints import Hint
from talk.realtime.consumers.polls import RENDERERS
from talk.realtime.outcomes import Outcome
from tests.realtime.conftest import asleep, ids_in, waiting_in

WAIT_ONLY = [Outcome.EXPIRED, Outcome.SUPERSEDED, Outcome.DRAINED, Outcome.REFUSED]

TAKES_NEWS_BACK = [Outcome.LOGIN_ENDED, Outcome.DISCONNECTED]

FINAL = [Outcome.LOGIN_ENDED, Outcome.DISCONNECTED, Outcome.FAILED]


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_a_response(outcome: Outcome) -> None:
    assert outcome in RENDERERS


@pytest.mark.parametrize("earlier", WAIT_ONLY)
@pytest.mark.parametrize("later", Outcome)
def test_the_end_of_the_wait_gives_way_to_all_other_outcomes(
    earlier: Outcome, later: Outcome
) -> None:
    assert later.replaces(earlier) is (later not in WAIT_ONLY)


@pytest.mark.parametrize("later", Outcome)
def test_news_gives_way_if_it_must_not_or_cannot_be_sent(later: Outcome) -> None:
    assert later.replaces(Outcome.ANSWERED) is (later in TAKES_NEWS_BACK)


@pytest.mark.parametrize("later", Outcome)
def test_the_loss_of_access_gives_way_to_news_of_an_earlier_fetch(
    later: Outcome,
) -> None:
    assert later.replaces(Outcome.NOT_FOUND) is (later is Outcome.ANSWERED)


@pytest.mark.parametrize("earlier", FINAL)
@pytest.mark.parametrize("later", Outcome)
def test_of_all_other_outcomes_the_first_counts(
    earlier: Outcome, later: Outcome
) -> None:
    assert not later.replaces(earlier)


@pytest.mark.asyncio
async def test_a_participant_removed_during_a_fetch_gets_its_news(
    hub, database
) -> None:
    with waiting_in(hub, after=0) as waiter:
        await hub.waker.catch_up(hub.rooms.room_of(waiter.poll))
        database.entered.clear()
        database.gate.clear()
        fetch = asyncio.create_task(hub.waker.fetch_news(waiter))
        await asyncio.to_thread(database.entered.wait, 30)
        hub.rooms.end_polls([waiter], Outcome.NOT_FOUND)
        database.gate.set()
        waiter.set_news(await fetch)
        assert waiter.outcome is Outcome.ANSWERED
        assert ids_in(waiter.news) == [10, 20]


@pytest.mark.asyncio
async def test_a_participant_removed_before_a_fetch_gets_no_news(hub, database) -> None:
    with waiting_in(hub, after=0) as waiter:
        hub.rooms.end_polls([waiter], Outcome.NOT_FOUND)
        with pytest.raises(NotFound):
            await hub.waker.fetch_news(waiter)


@pytest.mark.asyncio
async def test_a_waiter_that_has_ended_is_given_no_news(hub, database) -> None:
    with waiting_in(hub) as waiter:
        (waiting,) = await asleep(hub, waiter)
        waiter.set_outcome(Outcome.NOT_FOUND)
        database.rooms[1].append(30)
        hub.dispatcher.dispatch([Hint(room_id=1, position=3)])
        await hub.waker.finish_reading(hub.rooms.get(1))
        assert waiter.news is None
        assert waiter.outcome is Outcome.NOT_FOUND
        waiting.cancel()
