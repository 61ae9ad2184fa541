"""POST /room/{token}/notify: when somebody wants to be notified."""

from __future__ import annotations

import pytest

from talk.models import Participant
from tests.api.callers import (
    guest,
    uninvited,
)
from tests.api.helpers import (
    assert_done,
    assert_refused,
    put_in,
    rows,
    unread,
)
from tests.api.operations import make_public
from tests.api.wire import PLACES, send
from tests.client import BASE, Answer, TalkClient

INVALID = [
    pytest.param("0", id="0"),
    pytest.param("4", id="4"),
    pytest.param("-1", id="-1"),
    pytest.param("7", id="7"),
    pytest.param("9" * 40, id="huge"),
    pytest.param("", id="empty"),
    pytest.param("abc", id="text"),
    pytest.param("x2", id="text before a number"),
]
INVALID_JSON = [
    pytest.param("{}", id="missing"),
    pytest.param('{"level": null}', id="null"),
    pytest.param('{"level": 0}', id="0"),
    pytest.param('{"level": 4}', id="4"),
    pytest.param('{"level": -1}', id="-1"),
    pytest.param('{"level": 1e99}', id="huge"),
    pytest.param('{"level": "abc"}', id="text"),
    pytest.param('{"level": false}', id="false"),
    pytest.param('{"level": []}', id="list"),
    pytest.param('{"level": {"a": 2}}', id="map"),
]


def set_level(client: TalkClient, token: str, level: int | str) -> Answer:
    """Ask to be notified in this way."""
    return client.post(f"/room/{token}/notify", level=level)


def level_of(client: TalkClient, token: str) -> int:
    """Return what the room object says."""
    return client.room(token)["notificationLevel"]


class TestAccess:
    """Access, beyond the authorisation matrix."""

    @pytest.mark.parametrize("caller", [uninvited, guest])
    def test_404_comes_before_400(self, shared, caller):
        client = caller(shared)
        for body in INVALID_JSON:
            answer = client.request(
                "POST", f"/room/{shared}/notify", body=body.values[0]
            )
            assert_refused(answer, 404)

    def test_a_cookie_alone_is_412(self, browser, public):
        before = rows(Participant)
        response = browser.post(f"{BASE}/room/{public}/notify", {"level": 3})
        assert response.status_code == 412
        assert rows(Participant) == before


class TestLevel:
    """Which levels there are."""

    @pytest.mark.parametrize("level", [1, 2, 3])
    @pytest.mark.parametrize("room", ["public", "group", "pair"])
    def test_room_and_list_show_it(self, as_alice, request, room, level):
        token = request.getfixturevalue(room)
        assert_done(set_level(as_alice, token, level))
        (listed,) = as_alice.get("/room").data
        assert listed["notificationLevel"] == level
        assert level_of(as_alice, token) == level

    @pytest.mark.parametrize(
        ("room", "level"), [("public", 2), ("locked", 2), ("group", 2), ("pair", 1)]
    )
    def test_at_first_it_is_that_of_the_kind_of_room(
        self, as_alice, request, room, level
    ):
        assert level_of(as_alice, request.getfixturevalue(room)) == level

    @pytest.mark.parametrize("level", [1, 2, 3])
    @pytest.mark.parametrize("place", PLACES)
    def test_it_may_stand_anywhere(self, as_alice, public, place, level):
        path = f"/room/{public}/notify"
        assert_done(send(as_alice, "POST", path, place, level=level))
        assert level_of(as_alice, public) == level

    @pytest.mark.parametrize("level", ["3", " 3", "03", "+3", "3x", "3.9"])
    def test_leading_digits_count(self, as_alice, public, level):
        assert_done(set_level(as_alice, public, level))
        assert level_of(as_alice, public) == 3

    @pytest.mark.parametrize("level", INVALID)
    def test_an_invalid_level_is_400(self, as_alice, public, level):
        set_level(as_alice, public, 3)
        before = rows()
        assert_refused(set_level(as_alice, public, level), 400)
        assert rows() == before

    @pytest.mark.parametrize("body", INVALID_JSON)
    def test_an_invalid_level_in_json_is_400(self, as_alice, public, body):
        set_level(as_alice, public, 3)
        before = rows()
        answer = as_alice.request("POST", f"/room/{public}/notify", body=body)
        assert_refused(answer, 400)
        assert rows() == before

    def test_without_a_level_it_is_400(self, as_alice, public):
        before = rows()
        assert_refused(as_alice.post(f"/room/{public}/notify"), 400)
        assert rows() == before

    def test_nobody_gets_back_to_the_default(self, as_alice, public):
        set_level(as_alice, public, 3)
        assert_refused(set_level(as_alice, public, 0), 400)
        assert level_of(as_alice, public) == 3

    def test_it_may_be_changed_and_changed_back(self, as_alice, public):
        for level in (3, 1, 2, 3):
            assert_done(set_level(as_alice, public, level))
            assert level_of(as_alice, public) == level


class TestEffects:
    """Other values stay, and the level lasts as long as the participant."""

    def test_the_same_level_again_changes_nothing(self, as_alice, public):
        set_level(as_alice, public, 3)
        before = rows()
        assert_done(set_level(as_alice, public, 3))
        assert rows() == before

    def test_others_keep_theirs(self, as_alice, as_bob, shared):
        set_level(as_alice, shared, 3)
        assert level_of(as_bob, shared) == 2
        set_level(as_bob, shared, 1)
        assert [level_of(c, shared) for c in (as_alice, as_bob)] == [3, 1]

    def test_the_partner_in_a_one_to_one_room_keeps_theirs(
        self, as_alice, as_bob, pair
    ):
        set_level(as_alice, pair, 3)
        assert level_of(as_bob, pair) == 1

    def test_other_rooms_keep_theirs(self, as_alice, public):
        other = as_alice.create_room()
        set_level(as_alice, public, 3)
        assert level_of(as_alice, other) == 2

    def test_nothing_is_written_and_nothing_read(
        self, clock, as_alice, as_bob, bob, public
    ):
        put_in(public, bob, favorite=True)
        as_bob.join(public)
        as_alice.say(public, "hello")
        clock.shift(60)
        before, participant = rows(), Participant.objects.values().get(user=bob)
        set_level(as_bob, public, 3)
        after = rows()
        assert [after[0], *after[2:]] == [before[0], *before[2:]]
        changed = Participant.objects.values().get(user=bob)
        assert changed == {**participant, "notification_level": 3}
        assert unread(as_bob, public) == 1

    def test_a_member_keeps_it_when_leaving(self, as_bob, shared):
        as_bob.join(shared)
        set_level(as_bob, shared, 3)
        as_bob.leave(shared)
        assert level_of(as_bob, shared) == 3

    def test_a_self_joined_user_loses_it_with_the_place(self, as_carol, public):
        as_carol.join(public)
        set_level(as_carol, public, 3)
        as_carol.leave(public)
        as_carol.join(public)
        assert level_of(as_carol, public) == 2

    def test_every_device_has_the_same(self, as_alice, alice, public):
        set_level(as_alice, public, 3)
        assert level_of(TalkClient(alice), public) == 3

    def test_guests_keep_the_one_of_rooms(self, as_guest, public):
        as_guest.join(public)
        set_level(as_guest, public, 3)
        assert level_of(as_guest, public) == 2

    @pytest.mark.parametrize("level", [1, 2, 3])
    def test_a_level_that_was_chosen_stays_when_the_room_changes(
        self, as_alice, pair, level
    ):
        set_level(as_alice, pair, level)
        make_public(as_alice, pair)
        assert level_of(as_alice, pair) == level
