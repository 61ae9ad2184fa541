"""Requests about participants at the same moment.

In any order, each request is answered as if they had come one after the other, and the
rows at the end are those of such an order.
"""

from __future__ import annotations

import re
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection

from talk.models import Message, Participant, Room, Session
from tests.api import operations as do
from tests.api.helpers import SECRET, keys, put_in, user_types_of
from tests.api.invariants import assert_consistent
from tests.api.races import (
    MODERATOR,
    OWNER,
    ROUNDS,
    USER,
    assert_nothing_left,
    put_moderator_in,
    statuses,
    together,
    told,
)
from tests.client import TalkClient
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


class TestModerators:
    """People with the same rights turn against each other."""

    @pytest.fixture
    def rivals(self, as_alice: TalkClient, bob: Any, carol: Any) -> list[str]:
        """Rooms in which Bob and Carol are moderators."""
        tokens = [as_alice.create_room(type=2) for _ in range(ROUNDS)]
        for token in tokens:
            put_moderator_in(token, bob)
            put_moderator_in(token, carol)
        return tokens

    def test_a_demoted_moderator_demotes_nobody(
        self, as_alice, as_bob, as_carol, rivals
    ):
        for token in rivals:
            answers = together(
                partial(do.demote, as_bob, token, "carol"),
                partial(do.demote, as_carol, token, "bob"),
            )
            assert sorted(statuses(answers)) == [200, 403]
            participants = user_types_of(token)
            assert sorted([participants["bob"], participants["carol"]]) == [
                MODERATOR,
                USER,
            ]
            assert len(told(as_alice, token, "moderator_demoted")) == 1
            assert_consistent()

    def test_a_removed_moderator_removes_nobody(
        self, as_alice, as_bob, as_carol, rivals
    ):
        for token in rivals:
            answers = together(
                partial(do.remove, as_bob, token, "carol"),
                partial(do.remove, as_carol, token, "bob"),
            )
            assert sorted(statuses(answers)) == [200, 404]
            assert len(user_types_of(token)) == 2
            assert len(told(as_alice, token, "user_removed")) == 1
            assert_consistent()

    def test_two_promote_the_same_user(self, as_alice, as_bob, as_carol, rivals):
        dora = UserFactory(username="dora")
        for token in rivals:
            put_in(token, dora)
            answers = together(
                partial(do.promote, as_bob, token, "dora"),
                partial(do.promote, as_carol, token, "dora"),
            )
            assert sorted(statuses(answers)) == [200, 412]
            assert told(as_alice, token, "moderator_promoted") == ["dora"]
            assert_consistent()

    def test_a_user_is_promoted_and_removed_at_once(
        self, as_alice, as_bob, as_carol, rivals
    ):
        dora = UserFactory(username="dora")
        for token in rivals:
            put_in(token, dora)
            promoted, removed = together(
                partial(do.promote, as_bob, token, "dora"),
                partial(do.remove, as_carol, token, "dora"),
            )
            assert removed.status == 200
            assert promoted.status in (200, 404)
            assert "dora" not in user_types_of(token)
            expected = ["dora"] if promoted.status == 200 else []
            assert told(as_alice, token, "moderator_promoted") == expected
            assert_consistent()

    def test_each_rename_knows_the_name_before(
        self, as_alice, as_bob, as_carol, rivals
    ):
        for token in rivals:
            answers = together(
                partial(do.rename, as_alice, token, "A"),
                partial(do.rename, as_bob, token, "B"),
                partial(do.rename, as_carol, token, "C"),
            )
            assert statuses(answers) == [200] * 3
            texts = [m["message"] for m in reversed(as_alice.history(token).data)]
            names = [re.findall('"(.*)" to "(.*)"', text) for text in texts]
            renames = [pair for found in names for pair in found]
            assert len(renames) == 3
            assert all(one[1] == other[0] for one, other in pairwise(renames))
            assert renames[-1][1] == as_alice.room(token)["name"]


class TestGo:
    """The last people go."""

    @pytest.mark.parametrize("people", [2, 4])
    def test_all_members_go_and_the_room_is_gone(self, as_alice, alice, people):
        members = [UserFactory() for _ in range(people - 1)]
        for _ in range(ROUNDS):
            token = as_alice.create_room(type=2)
            for user in members:
                put_in(token, user)
            clients = [TalkClient(user) for user in (alice, *members)]
            answers = together(
                *[partial(do.leave_for_good, client, token) for client in clients]
            )
            assert statuses(answers) == [200] * people
            assert_nothing_left()

    def test_both_people_of_a_one_to_one_room_go(self, as_alice, as_bob):
        for _ in range(ROUNDS):
            token = as_alice.create_room(type=1, invite="bob")
            answers = together(
                partial(do.leave_for_good, as_alice, token),
                partial(do.leave_for_good, as_bob, token),
            )
            assert sorted(statuses(answers)) == [200, 404]
            assert_nothing_left()

    def test_the_last_member_goes_while_adding_somebody(self, alice, bob):
        for _ in range(ROUNDS):
            token = TalkClient(alice).create_room(type=2)
            gone, added = together(
                partial(do.leave_for_good, TalkClient(alice), token),
                partial(do.add, TalkClient(alice), token, "bob"),
            )
            assert gone.status == 200
            assert added.status in (200, 404)
            participants = {"bob": USER} if added.status == 200 else {}
            assert user_types_of(token) == participants
            assert Room.objects.exists() == bool(participants)
            assert_consistent()
            Room.objects.all().delete()

    def test_the_last_member_goes_while_strangers_come(self, as_alice, as_carol):
        for _ in range(ROUNDS):
            token = as_alice.create_room(type=3)
            gone, *joins = together(
                partial(do.leave_for_good, as_alice, token),
                partial(as_carol.ask_to_join, token),
                partial(TalkClient().ask_to_join, token),
            )
            assert gone.status == 200
            assert set(statuses(joins)) <= {200, 404}
            assert_nothing_left()
            assert as_carol.get("/room").data == []


class TestSessions:
    """People come and go on several devices."""

    def test_a_self_joined_user_leaves_on_two_devices(self, as_alice, carol):
        for _ in range(ROUNDS):
            token = as_alice.create_room(type=3)
            devices = [TalkClient(carol), TalkClient(carol)]
            for device in devices:
                device.join(token)
            answers = together(*[partial(device.leave, token) for device in devices])
            assert set(statuses(answers)) <= {200, 404}
            assert 200 in statuses(answers)
            assert user_types_of(token) == {"alice": OWNER}
            assert not Session.objects.exists()

    def test_a_self_joined_user_joins_on_one_device_and_leaves_on_another(
        self, as_alice, carol
    ):
        for _ in range(ROUNDS):
            token = as_alice.create_room(type=3)
            phone, laptop = TalkClient(carol), TalkClient(carol)
            phone.join(token)
            answers = together(
                partial(phone.leave, token), partial(laptop.ask_to_join, token)
            )
            assert statuses(answers) == [200, 200]
            session = Session.objects.get(room__token=token)
            assert session.session_id == answers[1].data["sessionId"]
            assert user_types_of(token)["carol"] == 5
            assert_consistent()

    def test_a_guest_is_removed_while_writing(self, as_alice, as_guest):
        for _ in range(ROUNDS):
            token = as_alice.create_room(type=3)
            session_id = as_guest.join(token)
            removed, *rest = together(
                partial(do.remove_guest, as_alice, token, session_id),
                partial(as_guest.post, f"/chat/{token}", message="hello"),
            )
            assert removed.status == 200
            assert set(statuses(rest)) <= {201, 404}
            messages = Message.objects.filter(room__token=token, system_message="")
            assert messages.count() == statuses(rest).count(201)
            assert not Participant.objects.exclude(guest=None).exists()
            assert_consistent()

    def test_a_guest_is_promoted_while_leaving(self, as_alice, as_guest):
        for _ in range(ROUNDS):
            token = as_alice.create_room(type=3)
            session_id = as_guest.join(token)
            promoted, left = together(
                partial(do.promote_guest, as_alice, token, session_id),
                partial(as_guest.leave, token),
            )
            assert promoted.status in (200, 404)
            assert left.status == 200
            assert not Participant.objects.exclude(guest=None).exists()
            assert_consistent()

    def test_a_user_is_removed_while_writing(self, as_alice, as_bob, bob):
        for _ in range(ROUNDS):
            token = as_alice.create_room(type=2)
            put_in(token, bob)
            removed, posted = together(
                partial(do.remove, as_alice, token, "bob"),
                partial(as_bob.post, f"/chat/{token}", message="hello"),
            )
            assert removed.status == 200
            assert posted.status in (201, 404)
            lines = keys(as_alice.history(token))
            assert lines[0] == "user_removed"  # nobody writes after that
            assert len(lines) == (3 if posted.status == 201 else 2)
            assert_consistent()

    def test_strangers_join_while_a_password_is_set(self, as_alice, as_carol):
        for _ in range(ROUNDS):
            token = as_alice.create_room(type=3)
            protected, *joins = together(
                partial(do.protect, as_alice, token, SECRET),
                partial(as_carol.ask_to_join, token),
                partial(TalkClient().ask_to_join, token),
            )
            assert protected.status == 200
            assert set(statuses(joins)) <= {200, 403}
            participants = Participant.objects.filter(room__token=token)
            assert participants.count() == 1 + statuses(joins).count(200)
            assert_consistent()


@pytest.mark.skipif(
    connection.vendor == "mysql",
    reason="a lock on accounts would collide with what references take there",
)
class TestAccounts:
    """An account is deleted while others deal with its owner."""

    def test_it_is_added_meanwhile(self, as_alice):
        for number in range(ROUNDS):
            user = UserFactory(username=f"short-lived{number}")
            token = as_alice.create_room(type=2)
            added, _ = together(
                partial(do.add, as_alice, token, user.username), user.delete
            )
            assert added.status in (200, 404)
            assert user_types_of(token) == {"alice": OWNER}
            assert_consistent()

    def test_its_one_to_one_room_is_opened_meanwhile(self, as_alice):
        for number in range(ROUNDS):
            user = UserFactory(username=f"short-lived{number}")
            opened, _ = together(
                partial(do.open_pair, as_alice, user.username), user.delete
            )
            assert opened.status in (201, 404)
            assert_nothing_left()

    def test_others_write_and_leave_meanwhile(self, as_alice, as_bob, bob):
        for _ in range(ROUNDS):
            user = UserFactory()
            token = as_alice.create_room(type=2)
            put_in(token, bob)
            put_in(token, user)
            posted, left, _ = together(
                partial(as_alice.post, f"/chat/{token}", message="hello"),
                partial(do.leave_for_good, as_bob, token),
                user.delete,
            )
            assert (posted.status, left.status) == (201, 200)
            assert user_types_of(token) == {"alice": OWNER}
            lines = keys(as_alice.history(token))
            assert sorted(lines[:3]) == ["", "user_removed", "user_removed"]
            assert_consistent()
