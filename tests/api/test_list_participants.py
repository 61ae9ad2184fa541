"""GET /room/{token}/participants: access and entries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from talk.models import Guest, Participant, Session
from tests.api.helpers import (
    START,
    TIMESTAMP,
    fill,
    put_in,
    rows,
    set_password,
)
from tests.api.moderation import put_in_call
from tests.client import TalkClient


def list_participants(client: TalkClient, token: str) -> list[dict[str, Any]]:
    """Return the list as a participant sees it."""
    answer = client.get(f"/room/{token}/participants")
    assert answer.status == 200, answer
    return answer.data


def entry(client: TalkClient, token: str, user_id: str) -> dict[str, Any]:
    """Return one user's entry."""
    (found,) = [e for e in list_participants(client, token) if e["userId"] == user_id]
    return found


class TestAccess:
    """Access, beyond the authorisation matrix."""

    def test_a_guest_sees_the_list_of_a_room_that_got_a_password(
        self, as_guest, public
    ):
        as_guest.join(public)
        set_password(public)
        assert len(list_participants(as_guest, public)) == 2

    def test_both_users_of_a_one_to_one_room_are_owners(self, as_bob, pair):
        types = {
            found["userId"]: found["participantType"]
            for found in list_participants(as_bob, pair)
        }
        assert types == {"alice": 1, "bob": 1}


class TestEntries:
    """The content of entries."""

    def test_a_member_who_never_joined_is_not_connected(self, as_alice, public):
        assert list_participants(as_alice, public) == [
            {
                "userId": "alice",
                "displayName": "Alice Adams",
                "participantType": 1,
                "lastPing": 0,
                "sessionId": "0",
                "inCall": 0,
            }
        ]

    def test_a_connected_user_has_a_session(self, clock, as_alice, as_bob, shared):
        session_id = as_bob.join(shared)
        assert entry(as_alice, shared, "bob") == {
            "userId": "bob",
            "displayName": "Bob Brown",
            "participantType": 3,
            "lastPing": TIMESTAMP,
            "sessionId": session_id,
            "inCall": 0,
        }

    def test_a_guest_has_no_user_id_and_no_name_at_first(
        self, clock, as_alice, as_guest, public
    ):
        session_id = as_guest.join(public)
        assert entry(as_alice, public, "") == {
            "userId": "",
            "displayName": "",
            "participantType": 4,
            "lastPing": TIMESTAMP,
            "sessionId": session_id,
            "inCall": 0,
        }

    def test_the_name_of_a_guest_is_not_marked(self, as_alice, as_guest, public):
        as_guest.join(public)
        Guest.objects.update(display_name="Gwen")
        assert entry(as_alice, public, "")["displayName"] == "Gwen"

    @pytest.mark.parametrize("type", [1, 2, 3, 5])
    def test_users_have_their_type(self, as_alice, bob, public, type):
        put_in(public, bob, type=type)
        assert entry(as_alice, public, "bob")["participantType"] == type

    @pytest.mark.parametrize("type", [4, 6])
    def test_guests_have_their_type(self, as_alice, as_guest, public, type):
        as_guest.join(public)
        Participant.objects.filter(guest__isnull=False).update(type=type)
        assert entry(as_alice, public, "")["participantType"] == type

    def test_guests_follow_users_each_in_order_of_arrival(
        self, as_alice, bob, carol, public
    ):
        put_in(public, carol)
        guests = [TalkClient().join(public)]
        put_in(public, bob)
        guests.append(TalkClient().join(public))
        found = list_participants(as_alice, public)
        assert [each["userId"] for each in found] == ["alice", "carol", "bob", "", ""]
        assert [each["sessionId"] for each in found[3:]] == guests

    def test_a_guest_is_listed_too(self, as_guest, public):
        session_id = as_guest.join(public)
        assert entry(as_guest, public, "")["sessionId"] == session_id

    def test_participants_in_the_call_have_in_call_flags(
        self, as_alice, as_bob, as_guest, shared
    ):
        put_in_call(shared, as_bob.join(shared), as_guest.join(shared))
        assert entry(as_alice, shared, "alice")["inCall"] == 0
        assert entry(as_alice, shared, "bob")["inCall"] == 7
        assert entry(as_alice, shared, "")["inCall"] == 7

    def test_a_user_who_left_is_not_connected_but_the_ping_is_remembered(
        self, clock, as_alice, as_bob, shared
    ):
        as_bob.join(shared)
        clock.shift(10)
        as_bob.leave(shared)
        found = entry(as_alice, shared, "bob")
        assert (found["sessionId"], found["lastPing"]) == ("0", TIMESTAMP)

    def test_a_self_joined_user_who_left_is_not_listed(
        self, as_alice, as_carol, public
    ):
        as_carol.join(public)
        as_carol.leave(public)
        found = list_participants(as_alice, public)
        assert [each["userId"] for each in found] == ["alice"]

    def test_a_guest_who_left_is_not_listed(self, as_alice, as_guest, public):
        as_guest.join(public)
        as_guest.leave(public)
        found = list_participants(as_alice, public)
        assert [each["userId"] for each in found] == ["alice"]

    def test_a_deleted_account_is_not_listed(self, as_alice, bob, shared):
        bob.delete()
        found = list_participants(as_alice, shared)
        assert [each["userId"] for each in found] == ["alice"]

    def test_a_user_on_two_devices_is_listed_once_with_the_freshest_session(
        self, clock, as_alice, bob, shared
    ):
        TalkClient(bob).join(shared)
        clock.shift(10)
        fresh = TalkClient(bob).join(shared)
        found = entry(as_alice, shared, "bob")
        assert (found["sessionId"], found["lastPing"]) == (fresh, TIMESTAMP + 10)

    def test_participants_of_other_rooms_are_not_listed(
        self, as_alice, as_carol, public
    ):
        other = as_alice.create_room(type=3)
        as_carol.join(other)
        TalkClient().join(other)
        found = list_participants(as_alice, public)
        assert [each["userId"] for each in found] == ["alice"]


class TestStale:
    """A session without pings for 100 seconds is not connected."""

    @pytest.mark.parametrize("seconds", [99, 100])
    def test_a_user_is_connected_for_100_seconds(
        self, clock, as_alice, as_bob, shared, seconds
    ):
        session_id = as_bob.join(shared)
        clock.move_to(START + timedelta(seconds=seconds))
        shown = entry(as_alice, shared, "bob")["sessionId"]
        assert shown == (session_id if seconds < 100 else "0")

    def test_the_last_ping_of_a_stale_user_stays(self, clock, as_alice, as_bob, shared):
        as_bob.join(shared)
        clock.shift(1000)
        assert entry(as_alice, shared, "bob")["lastPing"] == TIMESTAMP

    def test_a_stale_user_is_not_in_the_call(self, clock, as_alice, as_bob, shared):
        put_in_call(shared, as_bob.join(shared))
        clock.shift(100)
        assert entry(as_alice, shared, "bob")["inCall"] == 0

    @pytest.mark.parametrize("seconds", [99, 100])
    @pytest.mark.parametrize("type", [4, 6])
    def test_a_guest_is_listed_for_100_seconds(
        self, clock, as_alice, as_guest, public, type, seconds
    ):
        as_guest.join(public)
        Participant.objects.filter(guest__isnull=False).update(type=type)
        clock.move_to(START + timedelta(seconds=seconds))
        found = list_participants(as_alice, public)
        assert len(found) == (2 if seconds < 100 else 1)

    def test_a_live_session_counts_beside_a_stale_one(
        self, clock, as_alice, bob, shared
    ):
        TalkClient(bob).join(shared)
        clock.shift(60)
        fresh = TalkClient(bob).join(shared)
        clock.shift(60)
        found = entry(as_alice, shared, "bob")
        assert (found["sessionId"], found["lastPing"]) == (fresh, TIMESTAMP + 60)


class TestEffects:
    """Reading changes nothing, and its cost does not depend on the entries."""

    def test_reading_removes_and_pings_no_session(
        self, clock, as_alice, as_bob, as_guest, shared
    ):
        for client in (as_alice, as_bob, as_guest):
            client.join(shared)
        clock.shift(1000)
        before = rows()
        list_participants(as_alice, shared)
        assert rows() == before

    def test_the_cost_does_not_depend_on_the_number_of_participants(
        self, as_alice, public
    ):
        costs = []
        for people in (1, 10):
            fill(public, people)
            Session.objects.update(in_call=7)
            with CaptureQueriesContext(connection) as queries:
                list_participants(as_alice, public)
            costs.append(len(queries))
        assert costs[0] == costs[1]
