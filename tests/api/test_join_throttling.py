"""The throttles of room passwords and of joins of guests."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from talk.models import Room
from tests.api.callers import self_joined
from tests.api.helpers import (
    SECRET,
    assert_refused,
    own_session_id,
    put_in,
    rows,
    session_ids,
    set_password,
)
from tests.api.operations import make_private
from tests.client import TalkClient

HERE, THERE = "192.0.2.1", "198.51.100.7"
"""Two addresses of clients."""


def at(address: str, user: Any = None) -> TalkClient:
    """Return a browser at an address."""
    client = TalkClient(user)
    client.http.defaults["REMOTE_ADDR"] = address
    return client


def guess(client: TalkClient, token: str, times: int) -> list[int]:
    """Let a client try wrong passwords; return the statuses."""
    guesses = [f"wrong {number}" for number in range(times)]
    return [client.ask_to_join(token, password=text).status for text in guesses]


class TestPasswordAttempts:
    """Wrong passwords, by room and address."""

    @pytest.fixture(autouse=True)
    def three_attempts(self, settings: Any) -> None:
        """Allow three wrong passwords in five minutes."""
        settings.TALK = {
            "PASSWORD_ATTEMPTS_MAX": 3,
            "PASSWORD_ATTEMPTS_SECONDS": 300,
        }

    def test_wrong_passwords_beyond_the_limit_are_429(self, locked):
        assert guess(at(HERE), locked, 5) == [403, 403, 403, 429, 429]

    def test_the_refusal_has_an_envelope_and_changes_nothing(self, locked):
        client = at(HERE)
        guess(client, locked, 3)
        before = rows()
        assert_refused(client.ask_to_join(locked, password="wrong"), 429)
        assert rows() == before

    def test_beyond_the_limit_the_right_password_is_429_too(self, locked):
        client = at(HERE)
        guess(client, locked, 3)
        before = rows()
        assert_refused(client.ask_to_join(locked, password=SECRET), 429)
        assert rows() == before

    def test_within_the_limit_the_right_password_works(self, locked):
        client = at(HERE)
        guess(client, locked, 2)
        assert client.ask_to_join(locked, password=SECRET).status == 200

    def test_another_browser_at_the_same_address_is_throttled_too(self, locked):
        guess(at(HERE), locked, 3)
        assert_refused(at(HERE).ask_to_join(locked, password=SECRET), 429)

    def test_users_and_guests_at_one_address_are_counted_together(self, carol, locked):
        assert guess(at(HERE), locked, 2) == [403, 403]
        assert guess(at(HERE, carol), locked, 2) == [403, 429]

    def test_another_address_is_not_affected(self, locked):
        guess(at(HERE), locked, 5)
        client = at(THERE)
        assert guess(client, locked, 1) == [403]
        assert client.ask_to_join(locked, password=SECRET).status == 200

    def test_another_room_is_not_affected(self, as_alice, locked):
        other = as_alice.create_room()
        set_password(other)
        client = at(HERE)
        guess(client, locked, 5)
        assert guess(client, other, 1) == [403]
        assert client.ask_to_join(other, password=SECRET).status == 200

    def test_a_room_without_a_password_is_not_affected(self, as_alice, locked):
        client = at(HERE)
        guess(client, locked, 5)
        other = as_alice.create_room()
        assert client.ask_to_join(other, password="anything").status == 200

    def test_an_address_cannot_be_forged(self, locked):
        client = at(HERE)
        statuses = []
        for number in range(5):
            client.headers["X-Forwarded-For"] = f"203.0.113.{number}"
            statuses += guess(client, locked, 1)
        assert statuses == [403, 403, 403, 429, 429]

    def test_right_passwords_are_never_counted(self, locked):
        for _ in range(5):
            assert at(HERE).ask_to_join(locked, password=SECRET).status == 200
        assert guess(at(HERE), locked, 3) == [403, 403, 403]

    def test_joining_without_a_password_is_no_attempt(self, locked):
        client = at(HERE)
        for parameters in ({}, {"password": ""}) * 3:
            assert_refused(client.ask_to_join(locked, **parameters), 403)
        assert client.ask_to_join(locked, password=SECRET).status == 200

    def test_joining_without_a_password_is_403_even_when_throttled(self, locked):
        client = at(HERE)
        guess(client, locked, 5)
        assert_refused(client.ask_to_join(locked), 403)

    def test_passwords_for_a_room_that_has_none_are_not_counted(self, public):
        client = at(HERE)
        assert guess(client, public, 5) == [200] * 5
        set_password(public)
        assert guess(at(HERE), public, 3) == [403, 403, 403]

    @pytest.mark.parametrize(("seconds", "status"), [(299, 429), (301, 200)])
    def test_the_throttle_ends_after_its_time(self, clock, locked, seconds, status):
        client = at(HERE)
        guess(client, locked, 3)
        clock.shift(seconds)
        answer = client.ask_to_join(locked, password=SECRET)
        assert answer.status == status

    @pytest.mark.parametrize("seconds", [0, 100, 200, 290, 299])
    def test_the_time_starts_with_the_first_attempt(self, clock, locked, seconds):
        clock.shift(seconds)
        client = at(HERE)
        guess(client, locked, 3)
        clock.shift(20)
        assert_refused(client.ask_to_join(locked, password=SECRET), 429)

    def test_counting_restarts_after_the_time(self, clock, locked):
        client = at(HERE)
        guess(client, locked, 3)
        clock.shift(301)
        assert guess(client, locked, 4) == [403, 403, 403, 429]

    def test_attempts_far_apart_do_not_add_up(self, clock, locked):
        client = at(HERE)
        statuses = []
        for _ in range(6):
            statuses += guess(client, locked, 1)
            clock.shift(301)
        assert statuses == [403] * 6

    @pytest.mark.parametrize("type", [1, 2, 3, 5])
    def test_participants_are_never_throttled(self, bob, locked, type):
        put_in(locked, bob, type=type)
        guess(at(HERE), locked, 5)
        client = at(HERE, bob)
        assert client.ask_to_join(locked).status == 200
        assert client.ask_to_join(locked, password="wrong").status == 200
        assert client.ask_to_join(locked, password=SECRET).status == 200

    def test_passwords_of_participants_are_not_counted(self, alice, locked):
        assert guess(at(HERE, alice), locked, 5) == [200] * 5
        assert guess(at(HERE), locked, 3) == [403, 403, 403]

    def test_a_guest_who_is_throttled_stays_in_the_room(self, locked):
        client = at(HERE)
        session_id = client.join(locked, SECRET)
        guess(client, locked, 3)
        assert_refused(client.ask_to_join(locked, password=SECRET), 429)
        assert own_session_id(client, locked) == session_id

    def test_a_self_joined_user_who_left_is_throttled(self, locked):
        client = self_joined(locked)
        client.http.defaults["REMOTE_ADDR"] = HERE
        client.leave(locked)
        guess(client, locked, 3)
        assert_refused(client.ask_to_join(locked, password=SECRET), 429)

    def test_a_private_room_is_always_404(self, as_alice, locked):
        make_private(as_alice, locked)
        assert guess(at(HERE), locked, 5) == [404] * 5

    def test_a_room_made_private_is_404_even_when_throttled(self, as_alice, locked):
        client = at(HERE)
        guess(client, locked, 5)
        make_private(as_alice, locked)
        assert_refused(client.ask_to_join(locked, password=SECRET), 404)

    def test_an_unknown_room_is_always_404(self, db):
        assert guess(at(HERE), "k7pz3mqd", 5) == [404] * 5

    def test_nothing_but_joining_is_throttled(self, alice, locked):
        guess(at(HERE), locked, 5)
        assert at(HERE).get(f"/room/{locked}").status == 200
        client = at(HERE, alice)
        assert client.put(f"/room/{locked}/password", password="other").status == 200

    def test_changing_the_password_is_no_attempt(self, alice, locked):
        client = at(HERE, alice)
        for number in range(5):
            client.put(f"/room/{locked}/password", password=f"other {number}")
        assert at(HERE).ask_to_join(locked, password="other 4").status == 200


class TestDefaults:
    """The default settings."""

    def test_the_default_is_ten_wrong_passwords(self, locked):
        assert guess(at(HERE), locked, 12) == [403] * 10 + [429] * 2

    @pytest.mark.parametrize(("seconds", "status"), [(299, 429), (301, 200)])
    def test_the_default_time_is_five_minutes(self, clock, locked, seconds, status):
        client = at(HERE)
        guess(client, locked, 10)
        clock.shift(seconds)
        answer = client.ask_to_join(locked, password=SECRET)
        assert answer.status == status

    def test_the_default_is_sixty_guests_a_minute(self, clock, public):
        for _ in range(60):
            at(HERE).join(public)
        assert_refused(at(HERE).ask_to_join(public), 429)
        assert len(session_ids(public)) == 60


class TestGuestJoins:
    """Anonymous callers, by address."""

    @pytest.fixture(autouse=True)
    def two_joins(self, settings: Any) -> None:
        """Allow two joins of guests a minute."""
        settings.TALK = {"GUEST_JOINS_MAX": 2, "GUEST_JOINS_SECONDS": 60}

    @pytest.fixture
    def crowded(self, public: str) -> str:
        """A room that as many guests have joined as the limit allows."""
        for _ in range(2):
            at(HERE).join(public)
        return public

    def test_a_guest_beyond_the_limit_is_429(self, crowded):
        before = rows()
        assert_refused(at(HERE).ask_to_join(crowded), 429)
        assert rows() == before

    def test_all_rooms_are_counted_together(self, as_alice, crowded):
        other = as_alice.create_room()
        assert_refused(at(HERE).ask_to_join(other), 429)

    def test_another_address_is_not_affected(self, crowded):
        assert at(THERE).ask_to_join(crowded).status == 200

    def test_an_address_cannot_be_forged(self, crowded):
        client = at(HERE)
        client.headers["X-Forwarded-For"] = THERE
        assert_refused(client.ask_to_join(crowded), 429)

    def test_users_are_not_limited(self, alice, carol, crowded):
        for user in (alice, carol):
            client = at(HERE, user)
            assert [client.ask_to_join(crowded).status for _ in range(4)] == [200] * 4

    def test_users_are_not_counted(self, carol, public):
        client = at(HERE, carol)
        for _ in range(4):
            client.join(public)
        assert at(HERE).ask_to_join(public).status == 200

    def test_guests_in_the_room_are_not_affected(self, public):
        clients = [at(HERE), at(HERE)]
        found = [client.join(public) for client in clients]
        assert_refused(clients[0].ask_to_join(public), 429)
        assert [own_session_id(client, public) for client in clients] == found
        assert clients[0].say(public, "still here")

    @pytest.mark.parametrize(("seconds", "status"), [(59, 429), (61, 200)])
    def test_the_throttle_ends_after_its_time(self, clock, public, seconds, status):
        for _ in range(2):
            at(HERE).join(public)
        clock.shift(seconds)
        assert at(HERE).ask_to_join(public).status == status

    @pytest.mark.parametrize("seconds", [0, 30, 55, 59])
    def test_the_time_starts_with_the_first_join(self, clock, public, seconds):
        clock.shift(seconds)
        for _ in range(2):
            at(HERE).join(public)
        clock.shift(10)
        assert_refused(at(HERE).ask_to_join(public), 429)

    def test_a_refused_join_does_not_count(self, locked):
        client = at(HERE)
        for _ in range(3):
            assert_refused(client.ask_to_join(locked), 403)
        assert client.ask_to_join(locked, password=SECRET).status == 200

    def test_a_throttled_right_password_is_not_counted_as_wrong(
        self, clock, settings, locked
    ):
        settings.TALK = {**settings.TALK, "PASSWORD_ATTEMPTS_MAX": 1}
        clients = [at(HERE) for _ in range(5)]
        asked = [c.ask_to_join(locked, password=SECRET).status for c in clients]
        assert asked == [200, 200, 429, 429, 429]
        clock.shift(61)
        assert at(HERE).ask_to_join(locked, password=SECRET).status == 200

    def test_a_private_room_is_404_even_when_throttled(self, as_alice, crowded):
        Room.objects.all().delete()
        assert_refused(at(HERE).ask_to_join(crowded), 404)

    def test_nothing_but_joining_is_limited(self, crowded):
        client = at(HERE)
        assert client.get(f"/room/{crowded}").status == 200

    def test_leaving_does_not_reduce_the_count(self, public):
        client = at(HERE)
        ask = partial(client.ask_to_join, public)
        statuses = []
        for _ in range(3):
            statuses.append(ask().status)
            client.leave(public)
        assert statuses == [200, 200, 429]
