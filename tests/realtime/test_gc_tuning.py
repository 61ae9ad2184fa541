"""Whether full garbage collections are kept from holding up those who wait."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from talk.realtime.gc_tuning import THRESHOLDS, freeze_startup_objects
from talk.realtime.hub import Hub


@pytest.fixture(autouse=True)
def as_python_does() -> Iterator[None]:
    """Collection as Python has it by itself, before a test and after it."""
    before = gc.get_threshold()
    freeze_startup_objects.cache_clear()
    gc.unfreeze()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*before)


async def start_and_stop() -> None:
    hub = Hub()
    hub.start()
    await hub.stop()


@pytest.mark.django_db(transaction=True)
@pytest.mark.asyncio
class TestHub:
    async def test_full_collections_are_rare_where_people_wait(self) -> None:
        await start_and_stop()
        assert gc.get_threshold() == THRESHOLDS

    async def test_what_was_loaded_is_not_looked_at_again(self) -> None:
        await start_and_stop()
        assert gc.get_freeze_count() > 0

    async def test_a_site_may_keep_its_own_way(self, settings) -> None:
        settings.TALK = {"TUNE_GC": False}
        await start_and_stop()
        assert (gc.get_threshold(), gc.get_freeze_count()) == ((700, 10, 10), 0)

    async def test_a_second_hub_changes_nothing(self) -> None:
        await start_and_stop()
        gc.set_threshold(1000, 10, 10)
        await start_and_stop()
        assert gc.get_threshold() == (1000, 10, 10)
