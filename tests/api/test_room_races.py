"""Changes to a room and its participants at the same moment.

In any order, each request is answered as if they had come one after the other, and the
rows at the end are those of such an order.
"""

from __future__ import annotations

from functools import partial

import pytest

from talk.constants import BY_LINK_TYPES, RoomType
from talk.models import Participant, Room, Session
from tests.api import operations as do
from tests.api.helpers import keys, put_in, user_types_of
from tests.api.invariants import assert_consistent
from tests.api.races import (
    OWNER,
    ROUNDS,
    USER,
    assert_guests_joined,
    assert_nothing_left,
    put_moderator_in,
    statuses,
    together,
    told,
)
from tests.client import Answer, TalkClient
from tests.factories import GroupFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


class TestOpen:
    """The one-to-one room of two people."""

    def test_two_people_with_two_devices_each_open_one_room(self, alice, bob):
        answers = together(
            *[partial(do.open_pair, TalkClient(alice), "bob") for _ in range(2)],
            *[partial(do.open_pair, TalkClient(bob), "alice") for _ in range(2)],
        )
        assert sorted(statuses(answers)) == [200, 200, 200, 201]
        (token,) = {answer.data["token"] for answer in answers}
        assert Room.objects.get().token == token
        assert user_types_of(token) == {"alice": OWNER, "bob": OWNER}
        assert keys(TalkClient(alice).history(token)) == [
            "user_added",
            "conversation_created",
        ]
        assert_consistent()

    def test_opened_and_deleted_at_once(self, as_alice, as_bob):
        for _ in range(ROUNDS):
            token = as_alice.create_room(type=1, invite="bob")
            deleted, opened = together(
                partial(do.delete_room, as_bob, token),
                partial(do.open_pair, as_alice, "bob"),
            )
            assert deleted.status == 200
            assert opened.status in (200, 201)
            left = list(Room.objects.values_list("token", flat=True))
            assert left == ([opened.data["token"]] if opened.status == 201 else [])
            assert_consistent()
            Room.objects.all().delete()

    def test_opened_by_both_and_deleted_at_once(self, alice, bob):
        def open_often() -> list[Answer]:
            client = TalkClient(alice)
            return [do.open_pair(client, "bob") for _ in range(3 * ROUNDS)]

        def open_and_delete_often() -> list[Answer]:
            client, answers = TalkClient(bob), []
            for _ in range(3 * ROUNDS):
                answers.append(do.open_pair(client, "alice"))
                if answers[-1].status < 400:
                    do.delete_room(client, answers[-1].data["token"])
            return answers

        for answers in together(open_often, open_and_delete_often):
            assert set(statuses(answers)) <= {200, 201}
        assert Room.objects.count() <= 1
        assert_consistent()

    def test_opened_and_turned_into_a_group_at_once(self, as_alice, as_bob, carol):
        for _ in range(ROUNDS):
            token = as_alice.create_room(type=1, invite="bob")
            added, opened = together(
                partial(do.add, as_bob, token, "carol"),
                partial(do.open_pair, as_alice, "bob"),
            )
            assert (added.status, added.data) == (200, {"type": 2})
            assert opened.status in (200, 201)
            assert (opened.data["token"] == token) == (opened.status == 200)
            assert Room.objects.get(token=token).type == RoomType.GROUP
            assert_consistent()
            Room.objects.all().delete()


class TestAdd:
    """Somebody gets a place from several sides."""

    def test_the_same_user_is_added_by_two_moderators_on_two_devices(
        self, alice, bob, carol, as_alice
    ):
        for _ in range(ROUNDS):
            token = as_alice.create_room(type=2)
            put_moderator_in(token, bob)
            clients = [TalkClient(user) for user in (alice, bob, alice, bob)]
            answers = together(*[partial(do.add, c, token, "carol") for c in clients])
            assert statuses(answers) == [200] * 4
            assert [answer.data for answer in answers] == [[]] * 4
            assert user_types_of(token)["carol"] == USER
            assert told(as_alice, token, "user_added") == ["carol"]
            assert_consistent()

    def test_a_user_is_added_alone_and_with_two_groups(
        self, alice, bob, carol, as_alice
    ):
        GroupFactory(name="one").user_set.add(bob, carol)
        GroupFactory(name="two").user_set.add(carol, bob)
        for _ in range(ROUNDS):
            token = as_alice.create_room(type=2)
            answers = together(
                partial(do.add, TalkClient(alice), token, "carol"),
                partial(do.add_group, TalkClient(alice), token, "one"),
                partial(do.add_group, TalkClient(alice), token, "two"),
            )
            assert statuses(answers) == [200] * 3
            assert user_types_of(token) == {"alice": OWNER, "bob": USER, "carol": USER}
            assert sorted(told(as_alice, token, "user_added")) == ["bob", "carol"]
            assert_consistent()

    def test_both_people_of_a_one_to_one_room_add_the_same_third(
        self, as_alice, as_bob, carol
    ):
        for _ in range(ROUNDS):
            token = as_alice.create_room(type=1, invite="bob")
            answers = together(
                partial(do.add, as_alice, token, "carol"),
                partial(do.add, as_bob, token, "carol"),
            )
            assert statuses(answers) == [200, 200]
            data = [answer.data for answer in answers]
            assert sorted(data, key=bool) == [[], {"type": 2}]
            assert told(as_alice, token, "user_added") == ["bob", "carol"]
            assert_consistent()

    def test_a_user_is_added_while_joining_by_the_link(self, as_alice, as_carol):
        for _ in range(ROUNDS):
            token = as_alice.create_room(type=3)
            answers = together(
                partial(do.add, as_alice, token, "carol"),
                partial(as_carol.ask_to_join, token),
            )
            assert statuses(answers) == [200, 200]
            was_added = told(as_alice, token, "user_added") == ["carol"]
            assert user_types_of(token)["carol"] == (USER if was_added else 5)
            assert_consistent()

    def test_a_user_is_added_while_going(self, as_alice, as_bob, bob):
        for _ in range(ROUNDS):
            token = as_alice.create_room(type=2)
            put_in(token, bob)
            answers = together(
                partial(do.add, as_alice, token, "bob"),
                partial(do.leave_for_good, as_bob, token),
            )
            assert statuses(answers) == [200, 200]
            assert told(as_alice, token, "user_removed") == ["bob"]
            was_added = told(as_alice, token, "user_added") == ["bob"]
            assert ("bob" in user_types_of(token)) == was_added
            assert_consistent()

    def test_two_moderators_invite_into_a_private_room(self, as_alice, as_bob, bob):
        for _ in range(ROUNDS):
            token = as_alice.create_room(type=2)
            put_moderator_in(token, bob)
            answers = together(
                partial(do.invite, as_alice, token, "one@example.org"),
                partial(do.add_address, as_bob, token, "two@example.org"),
            )
            assert statuses(answers) == [200, 200]
            data = [answer.data for answer in answers]
            assert sorted(data, key=bool) == [[], {"type": 3}]
            assert told(as_alice, token, "guests_allowed") == [""]
            assert_consistent()


class TestPrivate:
    """A room is closed while strangers come."""

    def test_strangers_join_while_the_room_becomes_private(
        self, alice, as_alice, bob, as_carol
    ):
        for _ in range(ROUNDS):
            token = as_alice.create_room(type=3)
            strangers = [as_carol, TalkClient(), TalkClient()]
            closed, invited, *joins = together(
                partial(do.make_private, TalkClient(alice), token),
                partial(do.add, TalkClient(alice), token, "bob"),
                *[partial(client.ask_to_join, token) for client in strangers],
            )
            assert statuses([closed, invited]) == [200, 200]
            assert set(statuses(joins)) <= {200, 404}
            assert user_types_of(token) == {"alice": OWNER, "bob": USER}
            assert not Session.objects.exists()
            for client in strangers:
                assert client.history(token).status == 404
            assert_consistent()

    def test_a_guest_is_promoted_while_the_room_becomes_private(self, alice):
        for _ in range(ROUNDS):
            token = TalkClient(alice).create_room(type=3)
            session_id = TalkClient().join(token)
            closed, promoted = together(
                partial(do.make_private, TalkClient(alice), token),
                partial(do.promote_guest, TalkClient(alice), token, session_id),
            )
            assert closed.status == 200
            assert promoted.status in (200, 404)
            assert not Participant.objects.filter(type__in=BY_LINK_TYPES).exists()
            assert_consistent()

    @pytest.mark.parametrize(
        ("change", "type", "key"),
        [
            (do.make_private, 3, "guests_disallowed"),
            (do.make_public, 2, "guests_allowed"),
        ],
    )
    def test_a_change_that_two_make_is_told_once(
        self, as_alice, as_bob, bob, change, type, key
    ):
        for _ in range(ROUNDS):
            token = as_alice.create_room(type=type)
            put_moderator_in(token, bob)
            answers = together(
                partial(change, as_alice, token), partial(change, as_bob, token)
            )
            assert statuses(answers) == [200, 200]
            assert told(as_alice, token, key) == [""]
            assert_consistent()

    def test_a_room_is_what_was_told_last(self, as_alice, as_bob, bob):
        for _ in range(ROUNDS):
            token = as_alice.create_room(type=3)
            put_moderator_in(token, bob)
            answers = together(
                partial(do.make_private, as_alice, token),
                partial(do.make_public, as_bob, token),
            )
            assert statuses(answers) == [200, 200]
            last = keys(as_alice.history(token))[0]
            expected = {"guests_disallowed": 2, "guests_allowed": 3}[last]
            assert as_alice.room(token)["type"] == expected
            assert_consistent()


class TestDelete:
    """A room is deleted while everybody is busy in it."""

    @pytest.mark.parametrize("attempt", range(ROUNDS))
    def test_others_post_poll_and_join(self, as_alice, as_bob, bob, carol, attempt):
        token = as_alice.create_room(type=3)
        put_in(token, bob)
        guest, strangers = TalkClient(), [TalkClient(carol), TalkClient(), TalkClient()]
        first = guest.ask_to_join(token)
        deleted, *rest = together(
            partial(do.delete_room, as_alice, token),
            partial(as_bob.post, f"/chat/{token}", message="hello"),
            partial(guest.post, f"/chat/{token}", message="hello"),
            partial(TalkClient(bob).poll, token, after=0),
            partial(guest.history, token),
            *[partial(client.ask_to_join, token) for client in strangers],
        )
        posts, polls, joins = rest[:2], rest[2:4], rest[4:]
        assert deleted.status == 200
        assert set(statuses(posts)) <= {201, 404}
        assert set(statuses(polls)) <= {200, 304, 404}
        assert set(statuses(joins)) <= {200, 404}
        assert_nothing_left()
        assert_guests_joined([first, *joins])

    @pytest.mark.parametrize("attempt", range(ROUNDS))
    def test_others_manage_it(self, as_alice, bob, attempt):
        token = as_alice.create_room(type=3)
        put_moderator_in(token, bob)
        put_in(token, UserFactory(username="dora"))
        as_guest = TalkClient()
        session_id = as_guest.join(token)
        UserFactory(username="erin")
        deleted, *rest = together(
            partial(do.delete_room, as_alice, token),
            partial(do.rename, TalkClient(bob), token, "New name"),
            partial(do.add, TalkClient(bob), token, "erin"),
            partial(do.promote, TalkClient(bob), token, "dora"),
            partial(do.promote_guest, TalkClient(bob), token, session_id),
            partial(do.make_private, TalkClient(bob), token),
            partial(do.protect, TalkClient(bob), token, "secret"),
            partial(as_guest.leave, token),
        )
        assert deleted.status == 200
        rename, add, promote, promote_guest, private, protect, leave = statuses(rest)
        assert {rename, add, promote, promote_guest, private, leave} <= {200, 404}
        assert protect in (200, 403, 404)  # it may be private by then
        assert_nothing_left()

    def test_two_delete_it(self, as_alice, as_bob, bob):
        for _ in range(ROUNDS):
            token = as_alice.create_room(type=3)
            put_moderator_in(token, bob)
            answers = together(
                partial(do.delete_room, as_alice, token),
                partial(do.delete_room, as_bob, token),
            )
            assert sorted(statuses(answers)) == [200, 404]
            assert_nothing_left()

    def test_everybody_asks_for_their_rooms(self, as_alice, alice, bob):
        for _ in range(ROUNDS):
            token = as_alice.create_room(type=3)
            put_in(token, bob)
            deleted, *lists = together(
                partial(do.delete_room, as_alice, token),
                partial(TalkClient(alice).get, "/room"),
                partial(TalkClient(bob).get, "/room"),
                partial(TalkClient(bob).get, "/room"),
            )
            assert deleted.status == 200
            assert statuses(lists) == [200] * 3
            assert_nothing_left()
