"""How people run rooms together, as clients see it: in the lists of everybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from talk.models import Participant, Room
from tests.api import operations as do
from tests.api.callers import user_called
from tests.api.helpers import (
    SECRET,
    assert_done,
    assert_refused,
    system_messages_of,
)
from tests.client import TalkClient
from tests.factories import UserFactory

OWNER, MODERATOR, USER = 1, 2, 3
ONE_TO_ONE, GROUP, PUBLIC = 1, 2, 3

Listed = dict[str, tuple[int, int, set[str]]]


def listed(client: TalkClient) -> Listed:
    """Return type, own participant type and people of each room in somebody's list."""
    answer = client.get("/room")
    assert answer.status == 200
    return {
        room["token"]: (
            room["type"],
            room["participantType"],
            set(room["participants"]),
        )
        for room in answer.data
    }


def names(client: TalkClient, token: str) -> set[str]:
    """Return the names of the people in a room, as its object tells them."""
    people = client.room(token)["participants"].values()
    return {person["name"] for person in people}


@pytest.fixture
def of_two(as_alice: TalkClient, bob: Any) -> str:
    """A public room of Alice's, to which she added Bob."""
    token = as_alice.create_room(type=PUBLIC)
    assert_done(do.add(as_alice, token, "bob"))
    return token


@pytest.fixture
def of_three(as_alice: TalkClient, of_two: str, carol: Any) -> str:
    """A public room of Alice's, to which she added Bob and Carol."""
    assert_done(do.add(as_alice, of_two, "carol"))
    return of_two


@pytest.fixture
def with_moderator(as_alice: TalkClient, of_two: str) -> str:
    """A public room of Alice's, in which she made Bob a moderator."""
    assert_done(do.promote(as_alice, of_two, "bob"))
    return of_two


@pytest.fixture
def everybody(
    as_alice: TalkClient, as_bob: TalkClient, as_carol: TalkClient
) -> Callable[[], list[Listed]]:
    """The lists of Alice, Bob and Carol."""
    return lambda: [listed(client) for client in (as_alice, as_bob, as_carol)]


class TestAdd:
    """Owners and moderators add people."""

    def test_a_user_added_by_the_owner_has_the_room_in_the_list(
        self, as_alice, public, everybody
    ):
        assert_done(do.add(as_alice, public, "bob"))
        people = {"alice", "bob"}
        assert everybody() == [
            {public: (PUBLIC, OWNER, people)},
            {public: (PUBLIC, USER, people)},
            {},
        ]

    def test_both_see_the_names_of_both(self, as_alice, as_bob, of_two):
        expected = {"Alice Adams", "Bob Brown"}
        assert names(as_alice, of_two) == names(as_bob, of_two) == expected

    def test_a_user_who_adds_somebody_is_refused(self, as_bob, of_two, everybody):
        before = everybody()
        assert_refused(do.add(as_bob, of_two, "carol"), 403)
        assert everybody() == before

    def test_a_user_who_became_a_moderator_adds_somebody(
        self, as_bob, with_moderator, everybody
    ):
        assert_done(do.add(as_bob, with_moderator, "carol"))
        people = {"alice", "bob", "carol"}
        assert everybody() == [
            {with_moderator: (PUBLIC, OWNER, people)},
            {with_moderator: (PUBLIC, MODERATOR, people)},
            {with_moderator: (PUBLIC, USER, people)},
        ]

    def test_a_stranger_of_a_public_room_who_adds_somebody_finds_nothing(
        self, as_carol, public, everybody
    ):
        before = everybody()
        assert_refused(do.add(as_carol, public, "bob"), 404)
        assert everybody() == before


class TestDelete:
    """Owners and moderators delete rooms."""

    def test_a_room_that_its_owner_deletes_is_gone(self, as_alice, public):
        assert_done(do.delete_room(as_alice, public))
        assert listed(as_alice) == {}

    def test_a_room_that_a_moderator_deletes_is_gone_for_all(
        self, as_bob, with_moderator, everybody
    ):
        assert_done(do.delete_room(as_bob, with_moderator))
        assert everybody() == [{}, {}, {}]

    def test_a_room_that_a_user_wants_to_delete_stays_for_all(
        self, as_bob, of_two, everybody
    ):
        before = everybody()
        assert_refused(do.delete_room(as_bob, of_two), 403)
        assert everybody() == before

    def test_a_room_that_a_stranger_wants_to_delete_stays(
        self, as_carol, public, everybody
    ):
        before = everybody()
        assert_refused(do.delete_room(as_carol, public), 404)
        assert everybody() == before

    def test_a_room_stays_when_its_only_owner_wants_to_remove_themself_as_somebody(
        self, as_alice, public
    ):
        before = listed(as_alice)
        assert_refused(do.remove(as_alice, public, "alice"), 403)
        assert listed(as_alice) == before


class TestOneToOne:
    """The room of two people."""

    def test_people_without_rooms_have_empty_lists(self, everybody):
        assert everybody() == [{}, {}, {}]

    def test_nobody_has_a_room_with_themself(self, as_alice):
        assert_refused(do.open_pair(as_alice, "alice"), 403)
        assert listed(as_alice) == {}

    def test_both_own_it(self, as_alice, everybody):
        answer = do.open_pair(as_alice, "bob")
        assert answer.status == 201
        room = {answer.data["token"]: (ONE_TO_ONE, OWNER, {"alice", "bob"})}
        assert everybody() == [room, room, {}]

    @pytest.mark.parametrize(
        "end",
        [
            pytest.param(do.leave_for_good, id="leaves"),
            pytest.param(do.delete_room, id="deletes it"),
            pytest.param(lambda *who: do.remove(*who, "bob"), id="removes the other"),
        ],
    )
    def test_it_is_gone_for_both_when_one(self, as_alice, pair, everybody, end):
        assert_done(end(as_alice, pair))
        assert everybody() == [{}, {}, {}]

    def test_it_has_no_name_to_change(self, as_alice, pair):
        assert_refused(do.rename(as_alice, pair, "New name"), 405)
        assert Room.objects.get().name == ""

    def test_it_becomes_public_and_both_stay_owners(self, as_alice, pair, everybody):
        assert_done(do.make_public(as_alice, pair))
        room = {pair: (PUBLIC, OWNER, {"alice", "bob"})}
        assert everybody() == [room, room, {}]

    def test_it_becomes_a_group_with_a_third_person(self, as_alice, pair, everybody):
        answer = do.add(as_alice, pair, "carol")
        assert answer.status == 200
        assert answer.data == {"type": GROUP}
        people = {"alice", "bob", "carol"}
        assert everybody() == [
            {pair: (GROUP, OWNER, people)},
            {pair: (GROUP, OWNER, people)},
            {pair: (GROUP, USER, people)},
        ]

    @pytest.mark.parametrize("change", [do.promote, do.demote])
    @pytest.mark.parametrize(("who", "status"), [("bob", 412), ("carol", 404)])
    def test_nobody_is_promoted_or_demoted(
        self, as_alice, pair, everybody, change, who, status
    ):
        before = everybody()
        assert_refused(change(as_alice, pair, who), status)
        assert everybody() == before


class TestPromote:
    """Owners and moderators make moderators."""

    @pytest.mark.parametrize("by", ["alice", "bob"], ids=["owner", "moderator"])
    def test_a_user_is_promoted_and_demoted_by(self, of_three, as_alice, as_carol, by):
        do.promote(as_alice, of_three, "bob")
        client = user_called(by)
        assert_done(do.promote(client, of_three, "carol"))
        assert listed(as_carol)[of_three][1] == MODERATOR
        assert_done(do.demote(client, of_three, "carol"))
        assert listed(as_carol)[of_three][1] == USER

    def test_a_user_promotes_nobody(self, as_bob, of_three, everybody):
        before = everybody()
        assert_refused(do.promote(as_bob, of_three, "carol"), 403)
        assert everybody() == before

    def test_a_user_demotes_nobody(self, as_alice, as_bob, of_three, everybody):
        do.promote(as_alice, of_three, "carol")
        before = everybody()
        assert_refused(do.demote(as_bob, of_three, "carol"), 403)
        assert everybody() == before

    def test_a_stranger_promotes_nobody(self, as_carol, of_two, everybody):
        before = everybody()
        assert_refused(do.promote(as_carol, of_two, "bob"), 404)
        assert everybody() == before

    def test_a_stranger_demotes_nobody(self, as_carol, with_moderator, everybody):
        before = everybody()
        assert_refused(do.demote(as_carol, with_moderator, "bob"), 404)
        assert everybody() == before


class TestPublic:
    """Owners and moderators open and close rooms."""

    @pytest.mark.parametrize("by", ["alice", "bob"], ids=["owner", "moderator"])
    def test_a_room_is_closed_and_opened_by(self, with_moderator, everybody, by):
        client = user_called(by)
        people = {"alice", "bob"}
        for change, type in ((do.make_private, GROUP), (do.make_public, PUBLIC)):
            assert_done(change(client, with_moderator))
            assert everybody() == [
                {with_moderator: (type, OWNER, people)},
                {with_moderator: (type, MODERATOR, people)},
                {},
            ]

    @pytest.mark.parametrize("is_private", [False, True], ids=["public", "private"])
    @pytest.mark.parametrize("change", [do.make_private, do.make_public])
    @pytest.mark.parametrize(
        ("who", "status"),
        [("bob", 403), ("carol", 404)],
        ids=["user", "non_participant"],
    )
    def test_others_change_nothing(
        self, as_alice, of_two, everybody, is_private, change, who, status
    ):
        if is_private:
            do.make_private(as_alice, of_two)
        before = everybody()
        assert_refused(change(user_called(who), of_two), status)
        assert everybody() == before


class TestRemove:
    """Removal by each participant type, in a one-to-one room that was made public."""

    @pytest.fixture
    def crowd(self, as_alice: TalkClient, pair: str) -> str:
        """The room, with a moderator and a user who act and two who are removed."""
        do.make_public(as_alice, pair)
        for name in ("moderator", "user", "a moderator", "a user"):
            UserFactory(username=name)
            assert_done(do.add(as_alice, pair, name))
        for name in ("moderator", "a moderator"):
            assert_done(do.promote(as_alice, pair, name))
        for name in ("non_participant", "nobody"):
            UserFactory(username=name)
        return pair

    @pytest.mark.parametrize(
        ("whom", "by", "status"),
        [
            ("bob", "alice", 403),  # he is an owner, too
            ("bob", "moderator", 403),
            ("bob", "user", 403),
            ("bob", "non_participant", 404),
            ("a moderator", "user", 403),
            ("a moderator", "non_participant", 404),
            ("a user", "user", 403),
            ("a user", "non_participant", 404),
            ("nobody", "alice", 404),
            ("nobody", "moderator", 404),
            ("nobody", "user", 403),
            ("nobody", "non_participant", 404),
        ],
    )
    def test_refused(self, as_alice, crowd, everybody, whom, by, status):
        before = everybody()
        assert_refused(do.remove(user_called(by), crowd, whom), status)
        assert everybody() == before
        assert system_messages_of(as_alice, crowd)[-1] == (
            "moderator_promoted",
            "a moderator",
        )

    @pytest.mark.parametrize("whom", ["a moderator", "a user"])
    @pytest.mark.parametrize("by", ["alice", "moderator"])
    def test_removed(self, as_alice, crowd, whom, by):
        before = set(as_alice.room(crowd)["participants"])
        assert_done(do.remove(user_called(by), crowd, whom))
        assert set(as_alice.room(crowd)["participants"]) == before - {whom}
        assert listed(user_called(whom)) == {}


class TestRemoveSelf:
    """Everybody may go."""

    def test_the_only_owner_takes_the_room_along(self, as_alice, public):
        assert_done(do.leave_for_good(as_alice, public))
        assert listed(as_alice) == {}
        assert not Room.objects.exists()

    @pytest.mark.parametrize("room", ["with_moderator", "of_two"])
    def test_a_moderator_or_user_leaves_the_room_to_its_owner(
        self, as_bob, everybody, request, room
    ):
        token = request.getfixturevalue(room)
        assert_done(do.leave_for_good(as_bob, token))
        assert everybody() == [{token: (PUBLIC, OWNER, {"alice"})}, {}, {}]

    def test_a_stranger_of_a_public_room_cannot_go(self, as_carol, public, everybody):
        before = everybody()
        assert_refused(do.leave_for_good(as_carol, public), 404)
        assert everybody() == before


class TestRename:
    """Owners and moderators name rooms."""

    @pytest.mark.parametrize("by", ["alice", "bob"], ids=["owner", "moderator"])
    def test_all_see_the_name_given_by(self, as_carol, with_moderator, by):
        assert_done(do.rename(user_called(by), with_moderator, "New name"))
        clients = [user_called("alice"), user_called("bob"), as_carol]
        names = [client.room(with_moderator)["name"] for client in clients]
        assert names == ["New name"] * 3

    @pytest.mark.parametrize(
        ("who", "status"),
        [("bob", 403), ("carol", 404)],
        ids=["user", "non_participant"],
    )
    def test_others_change_no_name(self, as_alice, as_carol, of_two, who, status):
        assert_refused(do.rename(user_called(who), of_two, "New name"), status)
        assert as_alice.room(of_two)["name"] == "Room"


class TestPassword:
    """Owners and moderators keep strangers out."""

    def assert_visits(self, client: TalkClient, token: str, password: str = "") -> None:
        """The client joins, and leaves again."""
        assert client.ask_to_join(token, password=password).status == 200
        assert_done(client.leave(token))

    def assert_stays_out(self, client: TalkClient, token: str) -> None:
        """The client gets no place without the password."""
        participants = Participant.objects.count()
        assert_refused(client.ask_to_join(token), 403)
        assert Participant.objects.count() == participants

    @pytest.mark.parametrize("by", ["alice", "bob"], ids=["owner", "moderator"])
    def test_a_password_keeps_strangers_out_until_it_is_cleared_by(
        self, non_participant, with_moderator, by
    ):
        client = user_called(by)
        assert_done(do.protect(client, with_moderator, SECRET))
        self.assert_stays_out(non_participant, with_moderator)
        self.assert_visits(non_participant, with_moderator, SECRET)
        assert_done(do.protect(client, with_moderator, ""))
        self.assert_visits(non_participant, with_moderator)

    @pytest.mark.parametrize(
        ("who", "status"),
        [("bob", 403), ("dora", 404)],
        ids=["user", "non_participant"],
    )
    def test_others_neither_set_nor_clear_one(
        self, as_alice, non_participant, of_two, who, status
    ):
        UserFactory(username="dora")
        client = user_called(who)
        assert_refused(do.protect(client, of_two, SECRET), status)
        self.assert_visits(non_participant, of_two)
        assert_done(do.protect(as_alice, of_two, SECRET))
        self.assert_stays_out(non_participant, of_two)
        self.assert_visits(non_participant, of_two, SECRET)
        assert_refused(do.protect(client, of_two, ""), status)
        self.assert_stays_out(non_participant, of_two)
