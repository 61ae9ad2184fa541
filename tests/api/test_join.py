"""Joining a room over HTTP."""

from __future__ import annotations

import re
from functools import partial

import pytest

from talk.constants import ParticipantType, RoomType
from talk.models import Guest, Message, Participant, Room, Session
from tests.api.helpers import (
    SECRET,
    TIMESTAMP,
    assert_refused,
    hash_of,
    own_session_id,
    put_in,
    rows,
    session_ids,
    set_password,
    timeline_of,
)
from tests.client import TalkClient
from tests.factories import RoomFactory
from tests.threads import at_once


class TestAccess:
    """Access, beyond the authorisation matrix."""

    def test_participants_join_with_a_wrong_password_too(self, as_alice, locked):
        assert as_alice.ask_to_join(locked, password="wrong").status == 200

    @pytest.mark.parametrize("password", ["", "anything", "\u05e9 🎉"])
    def test_a_room_without_a_password_accepts_any(
        self, non_participant, public, password
    ):
        assert non_participant.ask_to_join(public, password=password).status == 200

    def test_a_private_room_with_an_earlier_password_is_404(
        self, non_participant, locked
    ):
        Room.objects.update(type=RoomType.GROUP)
        assert_refused(non_participant.ask_to_join(locked, password=SECRET), 404)

    def test_a_guest_of_a_room_that_became_private_gets_404(self, as_guest, public):
        as_guest.join(public)
        Participant.objects.filter(guest__isnull=False).delete()
        Room.objects.update(type=RoomType.GROUP)
        assert_refused(as_guest.ask_to_join(public), 404)


class TestPassword:
    """Non-participants need the password when they join, and never later."""

    def test_the_right_password_lets_a_non_participant_in(
        self, non_participant, locked
    ):
        assert non_participant.ask_to_join(locked, password=SECRET).status == 200

    @pytest.mark.parametrize(
        "parameters",
        [{}, {"password": ""}, {"password": "wrong"}, {"password": SECRET + " "}],
        ids=str,
    )
    def test_without_the_right_password_a_non_participant_gets_403(
        self, non_participant, locked, parameters
    ):
        before = rows()
        assert_refused(non_participant.ask_to_join(locked, **parameters), 403)
        assert rows() == before

    def test_the_hash_is_not_the_password(self, non_participant, locked):
        stored = Room.objects.get(token=locked).password
        assert_refused(non_participant.ask_to_join(locked, password=stored), 403)

    def test_a_password_of_nul_is_refused(self, non_participant, locked):
        before = rows()
        assert non_participant.ask_to_join(locked, password="a\0b").status in (400, 403)
        assert rows() == before

    def test_a_self_joined_user_is_not_asked_again_on_another_device(
        self, carol, as_carol, locked
    ):
        as_carol.join(locked, password=SECRET)
        assert TalkClient(carol).ask_to_join(locked).status == 200

    def test_a_self_joined_user_who_left_is_asked_again(self, as_carol, locked):
        as_carol.join(locked, password=SECRET)
        as_carol.leave(locked)
        assert_refused(as_carol.ask_to_join(locked), 403)

    def test_a_guest_who_joins_again_is_asked_again_and_stays_meanwhile(
        self, as_guest, locked
    ):
        session_id = as_guest.join(locked, password=SECRET)
        assert_refused(as_guest.ask_to_join(locked), 403)
        assert own_session_id(as_guest, locked) == session_id

    def test_participants_stay_when_a_password_is_set(self, as_guest, public):
        session_id = as_guest.join(public)
        set_password(public)
        assert own_session_id(as_guest, public) == session_id


class TestAnswer:
    """The response holds a session id."""

    def test_the_response_has_only_the_session_id(self, anyone, public):
        answer = anyone.ask_to_join(public)
        assert answer.meta["status"] == "ok"
        assert answer.meta["statuscode"] == 200
        assert list(answer.data) == ["sessionId"]

    def test_a_session_id_is_512_letters_and_digits(self, anyone, public):
        assert re.fullmatch("[A-Za-z0-9]{512}", anyone.join(public))

    def test_the_room_object_has_the_same_session_id(self, anyone, public):
        assert anyone.join(public) == own_session_id(anyone, public)


class TestEffects:
    """Effects of joining by caller."""

    @pytest.mark.parametrize("type", [1, 2, 3, 5])
    def test_participants_are_unchanged(self, as_bob, bob, public, type):
        participant = put_in(
            public, bob, type=type, favorite=True, notification_level=3
        )
        before = Participant.objects.filter(pk=participant.pk).values().get()
        as_bob.join(public)
        assert Participant.objects.filter(user=bob).values().get() == before

    def test_a_logged_in_non_participant_becomes_self_joined(
        self, as_carol, carol, public
    ):
        as_carol.join(public)
        participant = Participant.objects.get(user=carol)
        assert participant.type == ParticipantType.SELF_JOINED

    def test_an_anonymous_caller_becomes_a_guest(self, as_guest, public):
        as_guest.join(public)
        participant = Participant.objects.get(guest__isnull=False)
        assert participant.type == ParticipantType.GUEST
        assert participant.user is None

    def test_a_guest_is_known_by_the_hash_of_the_session_id(self, as_guest, public):
        session_id = as_guest.join(public)
        assert Guest.objects.get().actor_id == hash_of(session_id)

    def test_a_guest_has_no_name_at_first(self, as_guest, public):
        as_guest.join(public)
        assert Guest.objects.get().display_name == ""

    def test_joining_creates_no_message(self, clock, anyone, public):
        clock.shift(60)
        before = timeline_of(public)
        anyone.join(public)
        assert timeline_of(public) == before
        assert Message.objects.count() == 1

    def test_joining_is_the_first_ping(self, clock, anyone, public):
        anyone.join(public)
        assert anyone.room(public)["lastPing"] == TIMESTAMP


class TestAgain:
    """Joining again, and concurrently."""

    def test_joining_again_on_the_same_device_replaces_the_session(
        self, as_alice, public
    ):
        first = as_alice.join(public)
        second = as_alice.join(public)
        assert first != second
        assert session_ids(public) == {second}

    def test_a_new_session_is_not_in_the_call(self, as_alice, public):
        as_alice.join(public)
        Session.objects.update(in_call=7)
        as_alice.join(public)
        assert as_alice.room(public)["participantFlags"] == 0

    def test_a_self_joined_user_who_joins_again_is_the_same_participant(
        self, as_carol, carol, public
    ):
        as_carol.join(public)
        participant = Participant.objects.get(user=carol)
        as_carol.join(public)
        assert Participant.objects.get(user=carol) == participant

    def test_a_guest_who_joins_again_replaces_the_previous_guest(
        self, as_guest, public
    ):
        as_guest.join(public)
        second = as_guest.join(public)
        participant = Participant.objects.get(guest__isnull=False)
        assert participant.guest.actor_id == hash_of(second)
        assert session_ids(public) == {second}

    def test_messages_keep_the_guest_who_wrote_them(self, as_alice, as_guest, public):
        first = as_guest.join(public)
        as_guest.post(f"/guest/{public}/name", displayName="Zoe")
        as_guest.say(public, "hi")
        as_guest.join(public)
        (message, *_) = as_alice.history(public).data
        assert message["actorId"] == hash_of(first)
        assert message["actorDisplayName"] == "Zoe"

    def test_a_guest_who_joins_again_needs_a_new_name(self, as_alice, as_guest, public):
        as_guest.join(public)
        as_guest.post(f"/guest/{public}/name", displayName="Zoe")
        as_guest.join(public)
        as_guest.say(public, "hi")
        assert as_alice.history(public).data[0]["actorDisplayName"] == ""

    def test_two_browsers_are_two_guests(self, as_alice, public):
        TalkClient().join(public)
        TalkClient().join(public)
        assert as_alice.room(public)["numGuests"] == 2

    @pytest.mark.django_db(transaction=True)
    def test_eight_browsers_of_one_user_join_at_once(self, carol):
        token = RoomFactory().token
        browsers = [TalkClient(carol) for _ in range(8)]
        found = at_once(*(partial(browser.join, token) for browser in browsers))
        assert session_ids(token) == set(found)
        assert Participant.objects.get().user == carol

    @pytest.mark.django_db(transaction=True)
    def test_one_browser_joins_twice_at_once(self, as_carol, as_alice):
        as_carol.join(as_alice.create_room(type=3))
        token = RoomFactory().token
        found = at_once(*[partial(as_carol.join, token)] * 2)
        assert Session.objects.get(room__token=token).session_id in found


class TestLogin:
    """A guest who logs in, a user who logs out."""

    def test_a_guest_who_logs_in_stays_a_guest_in_the_room(
        self, as_guest, carol, public
    ):
        as_guest.join(public)
        as_guest.http.force_login(carol)
        assert as_guest.room(public)["sessionId"] == "0"
        assert as_guest.post(f"/chat/{public}", message="hi").status == 404

    def test_a_guest_who_logged_in_joins_as_a_user(self, as_guest, carol, public):
        first = as_guest.join(public)
        as_guest.http.force_login(carol)
        second = as_guest.join(public)
        assert first != second
        assert own_session_id(as_guest, public) == second
        participant = Participant.objects.get(sessions__session_id=second)
        assert participant.user == carol
        assert participant.type == ParticipantType.SELF_JOINED

    def test_messages_of_a_guest_who_logged_in_stay_the_guests_messages(
        self, as_alice, as_guest, carol, public
    ):
        first = as_guest.join(public)
        as_guest.say(public, "hi")
        as_guest.http.force_login(carol)
        as_guest.join(public)
        (message, *_) = as_alice.history(public).data
        assert message["actorType"] == "guests"
        assert message["actorId"] == hash_of(first)

    def test_a_guest_who_logged_in_as_a_member_joins_as_the_member(
        self, as_guest, bob, public
    ):
        participant = put_in(public, bob)
        as_guest.join(public)
        as_guest.http.force_login(bob)
        session_id = as_guest.join(public)
        assert Session.objects.get(session_id=session_id).participant == participant

    def test_a_user_who_logged_out_is_a_non_participant(self, as_alice, public):
        as_alice.join(public)
        as_alice.http.logout()
        assert own_session_id(as_alice, public) == "0"
        assert as_alice.post(f"/chat/{public}", message="hi").status == 404

    def test_a_user_who_logged_out_joins_as_a_guest(self, as_alice, public):
        as_alice.join(public)
        as_alice.http.logout()
        session_id = as_alice.join(public)
        participant = Participant.objects.get(sessions__session_id=session_id)
        assert participant.type == ParticipantType.GUEST
