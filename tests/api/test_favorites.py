"""/room/{token}/favorite: rooms at the top of a user's list."""

from __future__ import annotations

import pytest

from talk.constants import NotificationLevel
from talk.models import Participant
from tests.api.callers import (
    guest,
    guest_moderator,
    guest_moderator_of_a_room_made_private,
)
from tests.api.helpers import (
    assert_done,
    assert_refused,
    put_in,
    rows,
    unread,
)
from tests.client import BASE, Answer, TalkClient
from tests.factories import RoomFactory

ASK = {"mark": "POST", "unmark": "DELETE"}
GUESTS = [guest, guest_moderator, guest_moderator_of_a_room_made_private]


def mark(client: TalkClient, token: str) -> Answer:
    """Request to add a room to the favourites."""
    return client.post(f"/room/{token}/favorite")


def unmark(client: TalkClient, token: str) -> Answer:
    """Request to remove a room from the favourites."""
    return client.delete(f"/room/{token}/favorite")


def is_favorite(client: TalkClient, token: str) -> bool:
    """Return `isFavorite` of the room object."""
    return client.room(token)["isFavorite"]


def listed(client: TalkClient) -> list[str]:
    """Return the tokens of a client's rooms in the order of the list."""
    return [room["token"] for room in client.get("/room").data]


@pytest.mark.parametrize("ask", ASK)
class TestAccess:
    """Access, beyond the authorisation matrix."""

    def test_a_cookie_alone_is_412(self, browser, alice, public, ask):
        Participant.objects.update(favorite=ask == "unmark")
        before = rows(Participant)
        response = browser.generic(ASK[ask], f"{BASE}/room/{public}/favorite")
        assert response.status_code == 412
        assert rows(Participant) == before


class TestMark:
    """POST and DELETE, and their effects."""

    def test_at_first_no_room_is_a_favourite(self, as_alice, public):
        assert is_favorite(as_alice, public) is False

    def test_room_and_list_show_it(self, as_alice, public):
        mark(as_alice, public)
        (room,) = as_alice.get("/room").data
        assert room["isFavorite"] is True
        assert is_favorite(as_alice, public) is True

    def test_room_and_list_no_longer_show_it(self, as_alice, public):
        mark(as_alice, public)
        assert_done(unmark(as_alice, public))
        (room,) = as_alice.get("/room").data
        assert room["isFavorite"] is False
        assert is_favorite(as_alice, public) is False

    def test_a_second_time_changes_nothing(self, as_alice, public):
        mark(as_alice, public)
        before = rows()
        assert_done(mark(as_alice, public))
        assert rows() == before

    def test_a_room_that_is_no_favourite_may_be_unmarked(self, as_alice, public):
        before = rows()
        assert_done(unmark(as_alice, public))
        assert rows() == before

    @pytest.mark.parametrize("ask", [mark, unmark])
    def test_others_keep_theirs(self, as_alice, as_bob, bob, public, ask):
        put_in(public, bob, favorite=ask is unmark)
        ask(as_alice, public)
        assert is_favorite(as_bob, public) is (ask is unmark)

    def test_other_rooms_keep_theirs(self, as_alice, public):
        other = as_alice.create_room()
        mark(as_alice, public)
        assert is_favorite(as_alice, other) is False
        mark(as_alice, other)
        unmark(as_alice, public)
        assert is_favorite(as_alice, other) is True

    @pytest.mark.parametrize("ask", [mark, unmark])
    def test_nothing_is_written_and_nothing_read(
        self, clock, as_alice, as_bob, bob, public, ask
    ):
        put_in(
            public,
            bob,
            favorite=ask is unmark,
            notification_level=NotificationLevel.NEVER,
        )
        as_bob.join(public)
        as_alice.say(public, "hello")
        clock.shift(60)
        room_before, *others_before = rows()[0], *rows()[2:]
        place_before = Participant.objects.values().get(user=bob)
        ask(as_bob, public)
        assert [room_before, *others_before] == [rows()[0], *rows()[2:]]
        participant = Participant.objects.values().get(user=bob)
        assert participant == {**place_before, "favorite": ask is mark}
        assert unread(as_bob, public) == 1

    def test_a_member_keeps_it_when_leaving(self, as_bob, shared):
        as_bob.join(shared)
        mark(as_bob, shared)
        as_bob.leave(shared)
        assert is_favorite(as_bob, shared) is True

    def test_a_self_joined_user_who_leaves_loses_it(self, as_carol, public):
        as_carol.join(public)
        mark(as_carol, public)
        as_carol.leave(public)
        as_carol.join(public)
        assert is_favorite(as_carol, public) is False

    def test_a_self_joined_user_keeps_it_when_joining_again(self, as_carol, public):
        as_carol.join(public)
        mark(as_carol, public)
        as_carol.join(public)
        assert is_favorite(as_carol, public) is True

    def test_every_device_has_the_same(self, as_alice, alice, public):
        mark(as_alice, public)
        assert is_favorite(TalkClient(alice), public) is True

    def test_guests_never_have_any(self, as_guest, public):
        as_guest.join(public)
        mark(as_guest, public)
        assert is_favorite(as_guest, public) is False

    @pytest.mark.parametrize("caller", GUESTS)
    def test_a_refusal_says_nothing_about_the_room(self, shared, caller):
        client = caller(shared)
        refused, missing = (mark(client, token) for token in (shared, "k7pz3mqd"))
        assert (refused.meta, refused.data) == (missing.meta, missing.data)


class TestOrder:
    """Favourites come first in the list."""

    @pytest.fixture
    def tokens(self, clock, as_alice):
        """Three rooms, the one with the latest activity first."""
        found = []
        for name in ("oldest", "older", "new"):
            found.append(as_alice.create_room(name=name))
            clock.shift(10)
        return found[::-1]

    def test_without_favourites_activity_decides(self, as_alice, tokens):
        assert listed(as_alice) == tokens

    @pytest.mark.parametrize("number", [0, 1, 2])
    def test_a_favourite_comes_first(self, as_alice, tokens, number):
        favorite = tokens[number]
        mark(as_alice, favorite)
        others = [token for token in tokens if token != favorite]
        assert listed(as_alice) == [favorite, *others]

    def test_among_favourites_activity_decides(self, as_alice, tokens):
        new, older, oldest = tokens
        for token in (older, oldest):
            mark(as_alice, token)
        assert listed(as_alice) == [older, oldest, new]
        as_alice.say(oldest, "hello")
        assert listed(as_alice) == [oldest, older, new]

    def test_activity_moves_no_room_before_a_favourite(self, as_alice, tokens):
        new, older, oldest = tokens
        mark(as_alice, oldest)
        as_alice.say(older, "hello")
        assert listed(as_alice) == [oldest, older, new]

    def test_an_unmarked_room_returns_to_its_position(self, as_alice, tokens):
        mark(as_alice, tokens[2])
        unmark(as_alice, tokens[2])
        assert listed(as_alice) == tokens

    def test_favourites_of_others_move_nothing(self, as_alice, as_bob, bob, tokens):
        for token in tokens:
            put_in(token, bob)
        mark(as_bob, tokens[2])
        assert listed(as_alice) == tokens
        assert listed(as_bob) == [tokens[2], *tokens[:2]]

    def test_a_refused_request_does_not_list_the_room(self, as_alice, tokens):
        assert_refused(mark(as_alice, RoomFactory().token), 404)
        assert listed(as_alice) == tokens
