"""The tuning of garbage collections."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from talk.realtime.gc_tuning import THRESHOLDS, freeze_startup_objects
from talk.realtime.hub import Hub


@pytest.fixture(autouse=True)
def as_python_does() -> Iterator[None]:
    """Python's own settings, before and after a test."""
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
    async def test_a_hub_makes_full_collections_rare(self) -> None:
        await start_and_stop()
        assert gc.get_threshold() == THRESHOLDS

    async def test_objects_that_exist_at_the_start_are_not_collected(self) -> None:
        await start_and_stop()
        assert gc.get_freeze_count() > 0

    async def test_a_site_may_switch_it_off(self, settings) -> None:
        settings.TALK = {"TUNE_GC": False}
        await start_and_stop()
        assert (gc.get_threshold(), gc.get_freeze_count()) == ((700, 10, 10), 0)

    async def test_a_second_hub_changes_nothing(self) -> None:
        await start_and_stop()
        gc.set_threshold(1000, 10, 10)
        await start_and_stop()
        assert gc.get_threshold() == (1000, 10, 10)
