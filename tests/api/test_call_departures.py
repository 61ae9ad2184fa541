"""All ways to leave a running call without hanging up, and to end it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone

from talk.constants import ParticipantType
from talk.domain.cleanup import clean_up
from talk.models import CallAttendance, Participant, Room, Session
from tests.api.calling import (
    all_rows,
    call_keys,
    call_lines,
    flags_of,
    hang_up,
    has_call,
    join_and_call,
    peer_ids,
    summaries,
)
from tests.api.helpers import (
    WithoutCookies,
    assert_done,
    keys,
    own_session_id,
    set_password,
)
from tests.client import TalkClient
from tests.external_signaling import TALK, SignalingServer

pytestmark = pytest.mark.django_db

Departure = Callable[..., Any]
"""A way to leave; takes the owner's client, the own client, the token and session id."""


def leaves_the_room(
    owner: TalkClient, client: TalkClient, token: str, session_id: str
) -> None:
    assert_done(client.leave(token))


def leaves_without_cookies(
    owner: TalkClient, client: TalkClient, token: str, session_id: str
) -> None:
    user = Session.objects.get(session_id=session_id).participant.user
    assert_done(WithoutCookies(user).leave(token))


def bob_is_removed(
    owner: TalkClient, client: TalkClient, token: str, session_id: str
) -> None:
    path = f"/room/{token}/participants"
    assert_done(owner.delete(path, participant="bob"))


def bob_removes_himself(
    owner: TalkClient, client: TalkClient, token: str, session_id: str
) -> None:
    assert_done(client.delete(f"/room/{token}/participants/self"))


def falls_silent(
    owner: TalkClient, client: TalkClient, token: str, session_id: str
) -> None:
    """Let the reaper find the session dead."""
    long_ago = timezone.now().replace(year=2000)
    Session.objects.filter(session_id=session_id).update(last_ping=long_ago)
    clean_up(now=timezone.now())


def bob_is_deleted(
    owner: TalkClient, client: TalkClient, token: str, session_id: str
) -> None:
    """Delete the account."""
    Session.objects.get(session_id=session_id).participant.user.delete()


def the_signaling_server_reports_bob(
    owner: TalkClient, client: TalkClient, token: str, session_id: str
) -> None:
    with override_settings(TALK=TALK):
        SignalingServer().leave(token, "bob", session_id)


def joins_again(
    owner: TalkClient, client: TalkClient, token: str, session_id: str
) -> None:
    """Let the device rejoin the room after a crash."""
    assert flags_of(client.join(token)) == 0


USER_DEPARTURES = [
    leaves_the_room,
    leaves_without_cookies,
    bob_is_removed,
    bob_removes_himself,
    falls_silent,
    bob_is_deleted,
    the_signaling_server_reports_bob,
    joins_again,
]


def guest_is_removed(
    owner: TalkClient, client: TalkClient, token: str, session_id: str
) -> None:
    path = f"/room/{token}/participants/guests"
    assert_done(owner.delete(path, participant=session_id))


def room_becomes_private(
    owner: TalkClient, client: TalkClient, token: str, session_id: str
) -> None:
    assert_done(owner.delete(f"/room/{token}/public"))


def the_signaling_server_reports_the_guest(
    owner: TalkClient, client: TalkClient, token: str, session_id: str
) -> None:
    with override_settings(TALK=TALK):
        SignalingServer().leave(token, "", session_id)


GUEST_DEPARTURES = [
    leaves_the_room,
    guest_is_removed,
    room_becomes_private,
    falls_silent,
    the_signaling_server_reports_the_guest,
    joins_again,
]

SELF_JOINED_DEPARTURES = [
    leaves_the_room,
    leaves_without_cookies,
    room_becomes_private,
    falls_silent,
]


@pytest.mark.parametrize("depart", USER_DEPARTURES)
class TestUser:
    """Users who leave without hanging up."""

    def test_the_last_one_ends_the_call(self, as_alice, as_bob, shared, depart):
        session_id = join_and_call(as_bob, shared)
        depart(as_alice, as_bob, shared, session_id)
        assert has_call(as_alice, shared) is False
        assert not CallAttendance.objects.exists()

    def test_a_call_of_one_user_ends_without_system_messages(
        self, as_alice, as_bob, shared, depart
    ):
        session_id = join_and_call(as_bob, shared)
        depart(as_alice, as_bob, shared, session_id)
        assert call_keys(as_alice, shared) == ["call_started"]

    def test_the_last_departure_creates_a_summary_and_no_call_left(
        self, as_alice, as_bob, shared, depart
    ):
        join_and_call(as_alice, shared)
        session_id = join_and_call(as_bob, shared)
        hang_up(as_alice, shared)
        depart(as_alice, as_bob, shared, session_id)
        assert call_keys(as_alice, shared)[2:] == ["call_left", "call_ended"]
        assert has_call(as_alice, shared) is False

    def test_the_call_continues_while_another_session_is_in_it(
        self, as_alice, as_bob, shared, depart
    ):
        alices = join_and_call(as_alice, shared)
        session_id = join_and_call(as_bob, shared)
        depart(as_alice, as_bob, shared, session_id)
        assert call_keys(as_alice, shared) == ["call_started", "call_joined"]
        assert has_call(as_alice, shared) is True
        assert peer_ids(as_alice, shared) == {alices}

    def test_the_session_is_gone(self, as_alice, as_bob, shared, depart):
        session_id = join_and_call(as_bob, shared)
        depart(as_alice, as_bob, shared, session_id)
        assert not Session.objects.filter(session_id=session_id).exists()

    def test_calls_of_other_rooms_go_on(self, as_alice, as_bob, shared, group, depart):
        join_and_call(as_alice, group)
        session_id = join_and_call(as_bob, shared)
        depart(as_alice, as_bob, shared, session_id)
        assert has_call(as_alice, group) is True


@pytest.mark.parametrize("depart", GUEST_DEPARTURES)
@pytest.mark.parametrize(
    "type", [ParticipantType.GUEST, ParticipantType.GUEST_MODERATOR]
)
class TestGuest:
    """Guests who leave without hanging up."""

    def test_the_last_one_ends_the_call(self, as_alice, as_guest, public, depart, type):
        session_id = join_and_call(as_guest, public)
        Participant.objects.filter(guest__isnull=False).update(type=type)
        depart(as_alice, as_guest, public, session_id)
        assert has_call(as_alice, public) is False
        assert call_keys(as_alice, public) == ["call_started"]
        assert not CallAttendance.objects.exists()

    def test_the_summary_counts_a_departed_guest(
        self, as_alice, as_guest, public, depart, type
    ):
        join_and_call(as_alice, public)
        session_id = join_and_call(as_guest, public)
        Participant.objects.filter(guest__isnull=False).update(type=type)
        hang_up(as_alice, public)
        depart(as_alice, as_guest, public, session_id)
        assert call_keys(as_alice, public)[2:] == ["call_left", "call_ended"]
        assert (summaries(public)[0]["users"], summaries(public)[0]["guests"]) == (
            ["alice"],
            1,
        )

    def test_the_call_continues_while_another_session_is_in_it(
        self, as_alice, as_guest, public, depart, type
    ):
        alices = join_and_call(as_alice, public)
        session_id = join_and_call(as_guest, public)
        Participant.objects.filter(guest__isnull=False).update(type=type)
        depart(as_alice, as_guest, public, session_id)
        assert call_keys(as_alice, public) == ["call_started", "call_joined"]
        assert peer_ids(as_alice, public) == {alices}
        assert has_call(as_alice, public) is True


@pytest.mark.parametrize("depart", SELF_JOINED_DEPARTURES)
def test_a_departing_self_joined_user_ends_the_call(as_alice, as_carol, public, depart):
    join_and_call(as_alice, public)
    session_id = join_and_call(as_carol, public)
    hang_up(as_alice, public)
    depart(as_alice, as_carol, public, session_id)
    assert call_keys(as_alice, public)[2:] == ["call_left", "call_ended"]
    assert has_call(as_alice, public) is False
    assert not Participant.objects.filter(user__username="carol").exists()


class TestWords:
    """Other system messages, and their order."""

    def test_the_removal_is_announced_after_the_end(self, as_alice, as_bob, shared):
        for client in (as_alice, as_bob):
            join_and_call(client, shared)
        hang_up(as_alice, shared)
        bob_is_removed(as_alice, as_bob, shared, "")
        assert keys(as_alice.history(shared))[:3] == [
            "user_removed",
            "call_ended",
            "call_left",
        ]

    def test_a_removal_from_a_continuing_call_is_announced(
        self, as_alice, as_bob, shared
    ):
        for client in (as_alice, as_bob):
            join_and_call(client, shared)
        bob_is_removed(as_alice, as_bob, shared, "")
        assert keys(as_alice.history(shared))[:2] == ["user_removed", "call_joined"]

    def test_the_summary_names_a_removed_user(self, as_alice, as_bob, shared):
        for client in (as_alice, as_bob):
            join_and_call(client, shared)
        bob_is_removed(as_alice, as_bob, shared, "")
        hang_up(as_alice, shared)
        assert summaries(shared)[0]["users"] == ["alice", "bob"]

    def test_making_a_room_private_announces_the_end_and_the_change(
        self, as_alice, as_guest, public
    ):
        for client in (as_alice, as_guest):
            join_and_call(client, public)
        hang_up(as_alice, public)
        room_becomes_private(as_alice, as_guest, public, "")
        newest = keys(as_alice.history(public))[:2]
        assert sorted(newest) == ["call_ended", "guests_disallowed"]

    def test_the_summary_of_a_room_that_has_become_private(
        self, as_alice, as_bob, shared
    ):
        guest = TalkClient()
        for client in (as_alice, as_bob, guest):
            join_and_call(client, shared)
        room_becomes_private(as_alice, guest, shared, "")
        for client in (as_alice, as_bob):
            hang_up(client, shared)
        assert (summaries(shared)[0]["users"], summaries(shared)[0]["guests"]) == (
            ["alice", "bob"],
            1,
        )


class TestReturn:
    """Joining the room again leaves its call."""

    @pytest.mark.parametrize("who", ["alice", "carol", "guest"])
    def test_a_new_session_has_no_flags(self, request, public, who):
        client = request.getfixturevalue(f"as_{who}")
        join_and_call(client, public)
        session_id = client.join(public)
        assert flags_of(session_id) == 0
        assert peer_ids(client, public) == set()

    def test_a_user_who_rejoins_the_room_joins_the_call_again(
        self, as_alice, as_bob, shared
    ):
        for client in (as_alice, as_bob):
            join_and_call(client, shared)
        join_and_call(as_bob, shared)
        assert call_lines(as_alice, shared)[1:] == [("call_joined", "bob")] * 2

    def test_a_guest_who_rejoins_is_another_guest(self, as_alice, as_guest, public):
        join_and_call(as_alice, public)
        for _ in range(2):
            join_and_call(as_guest, public)
        for client in (as_guest, as_alice):
            hang_up(client, public)
        assert summaries(public)[0]["guests"] == 2

    def test_the_other_device_stays_in_the_call(self, as_alice, as_bob, bob, shared):
        phone = TalkClient(bob)
        session_id = join_and_call(phone, shared)
        join_and_call(as_bob, shared)
        as_bob.join(shared)
        assert peer_ids(as_alice, shared) == {session_id}
        assert has_call(as_alice, shared) is True
        assert call_keys(as_alice, shared) == ["call_started"]


class TestSilence:
    """Between the last ping and the reaper."""

    def test_a_user_without_pings_for_30_seconds_is_still_in_the_call(
        self, clock, as_alice, as_bob, shared
    ):
        join_and_call(as_alice, shared)
        join_and_call(as_bob, shared)
        clock.shift(50)
        hang_up(as_bob, shared)
        assert peer_ids(as_bob, shared) == set()
        assert has_call(as_bob, shared) is True
        assert call_keys(as_bob, shared)[2:] == ["call_left"]

    def test_reading_the_room_does_not_end_it(self, clock, as_alice, as_bob, shared):
        join_and_call(as_alice, shared)
        clock.shift(1000)
        before = all_rows()
        as_bob.room(shared)
        as_bob.get("/room")
        peer_ids(as_bob, shared)
        assert all_rows() == before

    def test_a_user_who_joins_after_all_sessions_died_starts_a_new_call(
        self, clock, as_alice, as_bob, shared
    ):
        for client in (as_alice, as_bob):
            join_and_call(client, shared)
        clock.shift(1000)
        join_and_call(as_bob, shared)
        assert call_keys(as_bob, shared)[2:] == ["call_ended", "call_started"]
        assert Room.objects.get(token=shared).active_since == timezone.now()

    def test_the_last_live_session_that_leaves_ends_the_call(
        self, clock, as_alice, as_bob, shared
    ):
        join_and_call(as_alice, shared)
        clock.shift(60)
        join_and_call(as_bob, shared)
        clock.shift(60)
        hang_up(as_bob, shared)
        assert call_keys(as_bob, shared)[2:] == ["call_left", "call_ended"]

    def test_the_reaper_removes_guests_from_the_call(
        self, clock, as_alice, as_guest, public
    ):
        join_and_call(as_alice, public)
        join_and_call(as_guest, public)
        hang_up(as_alice, public)
        clock.shift(100)
        clean_up(now=timezone.now())
        assert not Participant.objects.filter(guest__isnull=False).exists()
        assert call_keys(as_alice, public)[2:] == ["call_left", "call_ended"]

    def test_the_reaper_keeps_users_in_the_room(self, clock, as_alice, public):
        join_and_call(as_alice, public)
        clock.shift(100)
        clean_up(now=timezone.now())
        assert own_session_id(as_alice, public) == "0"
        assert as_alice.room(public)["participantFlags"] == 0
        assert has_call(as_alice, public) is False


class TestOthers:
    """Changes that do not affect a running call."""

    @pytest.mark.parametrize(
        "change",
        [
            lambda client, token: client.put(f"/room/{token}", roomName="New"),
            lambda client, token: client.put(f"/room/{token}/password", password="x"),
            lambda client, token: client.post(
                f"/room/{token}/moderators", participant="bob"
            ),
            lambda client, token: client.post(f"/chat/{token}", message="hello"),
            lambda client, token: client.post(f"/room/{token}/favorite"),
        ],
        ids=["rename", "password", "promote", "chat", "favourite"],
    )
    def test_the_call_continues(self, as_alice, as_bob, shared, change):
        expected = {join_and_call(client, shared) for client in (as_alice, as_bob)}
        assert change(as_alice, shared).status in (200, 201)
        assert peer_ids(as_bob, shared) == expected
        assert call_keys(as_alice, shared) == ["call_started", "call_joined"]

    def test_a_failed_join_of_a_non_participant_changes_nothing(
        self, as_alice, as_guest, public
    ):
        join_and_call(as_alice, public)
        set_password(public)
        before = all_rows()
        assert as_guest.ask_to_join(public, password="wrong").status == 403
        assert all_rows() == before

    def test_deleting_the_room_deletes_the_call(self, as_alice, as_bob, shared):
        for client in (as_alice, as_bob):
            join_and_call(client, shared)
        assert_done(as_alice.delete(f"/room/{shared}"))
        assert not CallAttendance.objects.exists()
        assert not Session.objects.exists()
