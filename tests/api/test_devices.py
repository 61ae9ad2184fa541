"""Several rooms, several devices, and programs without cookies."""

from __future__ import annotations

from talk.api.devices import DEVICE_KEY
from talk.models import Participant, Session
from tests.api.helpers import (
    WithoutCookies,
    assert_done,
    assert_refused,
    own_session_id,
    session_ids,
)
from tests.client import TalkClient
from tests.factories import PASSWORD


class TestJoin:
    """Each device has its own session."""

    def test_a_user_may_be_in_several_rooms_at_once(self, as_alice, public, group):
        first, second = as_alice.join(public), as_alice.join(group)
        assert own_session_id(as_alice, public) == first
        assert own_session_id(as_alice, group) == second

    def test_a_guest_may_be_in_several_rooms_at_once(self, as_alice, as_guest, public):
        other = as_alice.create_room(type=3)
        first, second = as_guest.join(public), as_guest.join(other)
        assert own_session_id(as_guest, public) == first
        assert own_session_id(as_guest, other) == second

    def test_each_device_has_its_own_session(self, alice, public):
        phone, laptop = TalkClient(alice), TalkClient(alice)
        first, second = phone.join(public), laptop.join(public)
        assert session_ids(public) == {first, second}

    def test_each_device_sees_its_own_session_id(self, alice, public):
        phone, laptop = TalkClient(alice), TalkClient(alice)
        first, second = phone.join(public), laptop.join(public)
        assert own_session_id(phone, public) == first
        assert own_session_id(laptop, public) == second

    def test_the_list_shows_the_session_of_the_device_too(self, alice, public):
        phone, laptop = TalkClient(alice), TalkClient(alice)
        first, _ = phone.join(public), laptop.join(public)
        (room,) = phone.get("/room").data
        assert room["sessionId"] == first

    def test_a_device_that_has_not_joined_sees_the_freshest_session(
        self, clock, alice, public
    ):
        TalkClient(alice).join(public)
        clock.shift(10)
        fresh = TalkClient(alice).join(public)
        assert own_session_id(TalkClient(alice), public) == fresh

    def test_a_device_whose_session_is_stale_sees_the_freshest_live_one(
        self, clock, alice, public
    ):
        phone, laptop = TalkClient(alice), TalkClient(alice)
        phone.join(public)
        clock.shift(60)
        fresh = laptop.join(public)
        clock.shift(60)
        assert own_session_id(phone, public) == fresh

    def test_others_see_the_freshest_live_session(self, clock, alice, as_bob, public):
        TalkClient(alice).join(public)
        clock.shift(10)
        fresh = TalkClient(alice).join(public)
        as_bob.join(public)
        people = as_bob.room(public)["participants"]
        assert people["alice"]["sessionId"] == fresh

    def test_two_devices_are_one_participant(self, carol, public):
        TalkClient(carol).join(public)
        TalkClient(carol).join(public)
        assert Participant.objects.filter(user=carol).count() == 1

    def test_joining_on_one_device_does_not_affect_others(self, alice, public):
        phone, laptop = TalkClient(alice), TalkClient(alice)
        first = phone.join(public)
        laptop.join(public)
        laptop.join(public)
        assert own_session_id(phone, public) == first

    def test_every_join_without_cookies_is_a_session_of_its_own(self, alice, public):
        program = WithoutCookies(alice)
        first, second = program.join(public), program.join(public)
        assert session_ids(public) == {first, second}

    def test_a_password_with_cookies_is_a_device(self, alice, public):
        app = TalkClient(alice, basic=PASSWORD)
        app.join(public)
        second = app.join(public)
        assert session_ids(public) == {second}

    def test_without_cookies_the_freshest_session_is_shown(self, clock, alice, public):
        TalkClient(alice).join(public)
        clock.shift(10)
        fresh = TalkClient(alice).join(public)
        assert own_session_id(WithoutCookies(alice), public) == fresh


def test_rooms_joined_at_once_have_the_same_device(as_alice, public, group):
    as_alice.join(public)
    # A concurrent join has overwritten the data of this join in the HTTP session.
    http_session = as_alice.http.session
    del http_session[DEVICE_KEY]
    http_session.save()
    as_alice.join(group)

    devices = set(Session.objects.values_list("device", flat=True))
    assert Session.objects.count() == 2
    assert len(devices) == 1


class TestLeave:
    """Leaving on one device."""

    def test_leaving_one_room_does_not_affect_others(self, as_alice, public, group):
        as_alice.join(public)
        session_id = as_alice.join(group)
        as_alice.leave(public)
        assert own_session_id(as_alice, group) == session_id

    def test_leaving_on_one_device_does_not_affect_others(self, alice, public):
        phone, laptop = TalkClient(alice), TalkClient(alice)
        phone.join(public)
        session_id = laptop.join(public)
        assert_done(phone.leave(public))
        assert session_ids(public) == {session_id}

    def test_after_leaving_on_one_device_the_freshest_session_is_shown(
        self, alice, public
    ):
        phone, laptop = TalkClient(alice), TalkClient(alice)
        phone.join(public)
        session_id = laptop.join(public)
        phone.leave(public)
        assert own_session_id(phone, public) == session_id

    def test_leaving_on_a_device_that_joined_another_room_does_not_affect_others(
        self, alice, public, group
    ):
        phone, laptop = TalkClient(alice), TalkClient(alice)
        session_id = phone.join(public)
        laptop.join(group)
        assert_done(laptop.leave(public))
        assert session_ids(public) == {session_id}

    def test_leaving_in_a_browser_that_never_joined_does_not_affect_others(
        self, alice, public
    ):
        session_id = TalkClient(alice).join(public)
        assert_done(TalkClient(alice).leave(public))
        assert session_ids(public) == {session_id}

    def test_leaving_without_cookies_ends_all_sessions_of_the_user(self, alice, public):
        TalkClient(alice).join(public)
        program = WithoutCookies(alice)
        program.join(public)
        assert_done(program.leave(public))
        assert session_ids(public) == set()

    def test_leaving_without_cookies_ends_no_session_of_another_room(
        self, alice, public, group
    ):
        program = WithoutCookies(alice)
        program.join(public)
        session_id = program.join(group)
        program.leave(public)
        assert session_ids(group) == {session_id}

    def test_leaving_without_cookies_ends_no_session_of_anybody_else(
        self, alice, as_carol, public
    ):
        session_id = as_carol.join(public)
        program = WithoutCookies(alice)
        program.join(public)
        program.leave(public)
        assert session_ids(public) == {session_id}

    def test_leaving_without_cookies_removes_a_self_joined_user(self, carol, public):
        TalkClient(carol).join(public)
        program = WithoutCookies(carol)
        program.join(public)
        assert_done(program.leave(public))
        assert not Participant.objects.filter(user=carol).exists()

    def test_leaving_without_cookies_twice_is_404_for_a_self_joined_user(
        self, carol, public
    ):
        program = WithoutCookies(carol)
        program.join(public)
        program.leave(public)
        assert_refused(program.leave(public), 404)

    def test_a_self_joined_user_stays_with_another_device(self, carol, public):
        phone, laptop = TalkClient(carol), TalkClient(carol)
        phone.join(public)
        session_id = laptop.join(public)
        assert_done(phone.leave(public))
        assert own_session_id(laptop, public) == session_id

    def test_a_self_joined_user_is_removed_with_the_last_device(self, carol, public):
        phone, laptop = TalkClient(carol), TalkClient(carol)
        phone.join(public)
        laptop.join(public)
        phone.leave(public)
        assert_done(laptop.leave(public))
        assert not Participant.objects.filter(user=carol).exists()

    def test_a_self_joined_user_is_removed_with_the_last_live_session(
        self, clock, carol, public
    ):
        TalkClient(carol).join(public)
        clock.shift(100)
        laptop = TalkClient(carol)
        laptop.join(public)
        assert_done(laptop.leave(public))
        assert not Participant.objects.filter(user=carol).exists()
