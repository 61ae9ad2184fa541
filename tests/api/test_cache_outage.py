"""Requests and throttles while the site's cache is down."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.test import Client

from talk.api import site_cache, throttling
from talk.api.site_cache import PAUSE_SECONDS, Outage, ask_cache
from talk.api.throttling import local_counters
from talk.utils.rate_limited_log import INTERVAL_SECONDS
from tests.api.helpers import SECRET, assert_refused
from tests.api.wire import ACCEPT_JSON, PROFILE, basic
from tests.caches import AWAY, LOCMEM, MUTE
from tests.client import TalkClient

LIMITS = {
    "PASSWORD_ATTEMPTS_MAX": 2,
    "GUEST_JOINS_MAX": 2,
    "GUEST_MESSAGES_MAX": 2,
}


def guess(token: str, times: int = 1) -> list[int]:
    """Try wrong passwords of a room; return the statuses."""
    client = TalkClient()
    return [client.ask_to_join(token, password="wrong").status for _ in range(times)]


def log_in(password: str, times: int = 1) -> list[int]:
    headers = {**ACCEPT_JSON, "Authorization": basic("alice", password)}
    return [Client().get(PROFILE, headers=headers).status_code for _ in range(times)]


def fail(cache: Any) -> None:
    raise ConnectionError("connection refused")


@pytest.mark.django_db
@pytest.mark.parametrize("caches", [AWAY, MUTE], ids=["raises", "hides errors"])
class TestOutage:
    """Throttles work in each process; nothing is a 500."""

    @pytest.fixture(autouse=True)
    def outage(self, settings: Any, locked: str, public: str, caches: Any) -> None:
        """Take the cache down after the rooms were created."""
        settings.TALK = LIMITS
        settings.CACHES = caches

    def test_wrong_room_passwords_are_counted(self, locked):
        assert guess(locked, 4) == [403, 403, 429, 429]

    def test_right_room_passwords_are_not_counted(self, locked, carol):
        for _ in range(3):
            answer = TalkClient(carol).ask_to_join(locked, password=SECRET)
            assert answer.status == 200

    def test_wrong_passwords_of_accounts_are_counted(self):
        assert log_in("wrong", 4) == [401, 401, 429, 429]

    def test_joins_of_guests_are_counted(self, public):
        answers = [TalkClient().ask_to_join(public) for _ in range(3)]
        assert [answer.status for answer in answers] == [200, 200, 429]
        assert_refused(answers[-1], 429)

    def test_a_refused_join_is_not_counted(self, locked, public):
        guess(locked, 2)
        statuses = [TalkClient().ask_to_join(public).status for _ in range(3)]
        assert statuses == [200, 200, 429]

    def test_messages_of_guests_are_counted(self, public):
        guest = TalkClient()
        guest.join(public)
        path = f"/chat/{public}"
        statuses = [guest.post(path, message=text).status for text in "abc"]
        assert statuses == [201, 201, 429]

    def test_avatars_are_drawn_each_time(self, client):
        pytest.importorskip("PIL")
        for _ in range(2):
            response = client.get("/avatar/bob/64")
            assert response.status_code == 200
            assert response.headers["Content-Type"] == "image/png"


@pytest.mark.django_db
class TestBegin:
    """The cache goes down, or comes back, between requests or within one."""

    @pytest.fixture(autouse=True)
    def limits(self, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        settings.TALK = LIMITS
        monkeypatch.setattr(site_cache, "PAUSE_SECONDS", 0)

    def test_the_counts_of_the_cache_continue_after_the_outage(self, settings, locked):
        guess(locked)
        settings.CACHES = AWAY
        assert guess(locked, 3) == [403, 403, 429]
        settings.CACHES = LOCMEM
        assert guess(locked, 2) == [403, 429]

    def test_a_count_of_the_cache_is_not_taken_back_locally(
        self, settings, locked, public, monkeypatch
    ):
        settings.CACHES = AWAY
        guess(locked)
        settings.CACHES = LOCMEM
        # The cache goes down while a right password is checked.
        take_back = throttling.AttemptCounter.take_back

        def take_back_during_an_outage(counter: Any) -> None:
            settings.CACHES = AWAY
            take_back(counter)

        with monkeypatch.context() as patch:
            patch.setattr(
                throttling.AttemptCounter, "take_back", take_back_during_an_outage
            )
            assert TalkClient().ask_to_join(locked, password=SECRET).status == 200
        assert guess(locked, 2) == [403, 429]

    def test_the_counters_of_a_process_are_bounded(self, settings, public, monkeypatch):
        monkeypatch.setattr(local_counters, "_max_entries", 10)
        settings.CACHES = AWAY
        for number in range(30):
            client = TalkClient()
            client.http.defaults["REMOTE_ADDR"] = f"192.0.2.{number}"
            assert client.ask_to_join(public).status == 200
        assert 0 < len(local_counters._cache) <= 10

    def test_the_bound_is_reachable(self):
        assert local_counters._max_entries == throttling.COUNTERS_MAX


class TestWarning:
    """The warning about an outage, and the pause between uses of the cache."""

    @pytest.mark.django_db
    def test_many_requests_log_one_warning(self, settings, public, caplog):
        settings.CACHES = AWAY
        for _ in range(3):
            TalkClient().join(public)
        records = [record for record in caplog.records if record.name == "talk.cache"]
        assert [record.levelno for record in records] == [logging.WARNING]
        assert "connection refused" in records[0].getMessage()

    @pytest.fixture
    def now(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        """The time of the clock, as a list of one item."""
        now = [1000.0]
        outage = Outage(clock=lambda: now[0])
        monkeypatch.setattr(site_cache, "outage", outage)
        return now

    def test_a_long_outage_is_logged_once_a_minute(self, now, caplog):
        for _ in range(int(INTERVAL_SECONDS * 2 / PAUSE_SECONDS)):
            ask_cache(fail, otherwise=lambda: None)
            now[0] += PAUSE_SECONDS
        assert len(caplog.records) == 2

    def test_a_failed_cache_is_not_used_for_some_seconds(self, now):
        ask_cache(fail, otherwise=lambda: None)
        asked = lambda: ask_cache(lambda cache: True, otherwise=lambda: False)  # noqa: E731
        assert not asked()
        now[0] += PAUSE_SECONDS
        assert asked()
