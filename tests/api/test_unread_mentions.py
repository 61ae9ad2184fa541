"""`unreadMention`: who is told that they were mentioned since their last visit."""

from __future__ import annotations

import pytest

from talk.constants import ParticipantType
from tests.api.callers import guest, self_joined
from tests.api.helpers import put_in, unread
from tests.api.test_unread_markers import add, is_mentioned, read_all, remove

pytestmark = pytest.mark.django_db


class TestMentions:
    """`unreadMention`: mentioned since the last visit."""

    @pytest.mark.parametrize("text", ["hi @bob", '@"bob"', "@ghost @bob!", "@bob @bob"])
    def test_a_mentioned_user(self, as_alice, as_bob, shared, text):
        assert is_mentioned(as_bob, shared) is False
        as_alice.say(shared, text)
        assert is_mentioned(as_bob, shared) is True
        assert is_mentioned(as_alice, shared) is False

    @pytest.mark.parametrize(
        "text", ["bob", "x@bob", "@bob.", "@Bob", "@all", "(@bob)"]
    )
    def test_a_user_who_is_not_mentioned(self, as_alice, as_bob, shared, text):
        as_alice.say(shared, text)
        assert is_mentioned(as_bob, shared) is False

    def test_only_who_is_named(self, as_alice, as_bob, shared):
        carol = self_joined(shared)
        as_alice.say(shared, "hi @carol")
        assert is_mentioned(carol, shared) is True
        assert is_mentioned(as_bob, shared) is False

    def test_several(self, as_alice, as_bob, shared):
        carol = self_joined(shared)
        as_alice.say(shared, "hi @carol and @bob")
        assert [is_mentioned(c, shared) for c in (carol, as_bob)] == [True, True]

    def test_in_a_pair(self, as_alice, as_bob, pair):
        as_alice.say(pair, "hi @bob")
        assert is_mentioned(as_bob, pair) is True

    def test_by_a_guest(self, as_bob, shared):
        guest(shared).say(shared, "hi @bob")
        assert is_mentioned(as_bob, shared) is True

    def test_it_stays_until_it_is_read(self, as_alice, as_bob, shared):
        as_alice.say(shared, "hi @bob")
        as_alice.say(shared, "anybody there?")
        assert is_mentioned(as_bob, shared) is True
        read_all(as_bob, shared)
        assert is_mentioned(as_bob, shared) is False
        as_alice.say(shared, "you there")
        assert is_mentioned(as_bob, shared) is False
        as_alice.say(shared, "@bob")
        assert is_mentioned(as_bob, shared) is True

    def test_answering_reads_it(self, as_alice, as_bob, shared):
        as_alice.say(shared, "hi @bob")
        as_bob.say(shared, "hi")
        assert is_mentioned(as_bob, shared) is False

    def test_a_user_is_not_told_of_their_own_mention(self, as_alice, shared):
        as_alice.say(shared, "it was me, @alice")
        assert is_mentioned(as_alice, shared) is False
        assert unread(as_alice, shared) == 0

    def test_a_user_without_notifications_sees_it(self, as_alice, as_bob, shared):
        assert as_bob.post(f"/room/{shared}/notify", level=3).status == 200
        as_alice.say(shared, "hi @bob")
        assert is_mentioned(as_bob, shared) is True
        assert unread(as_bob, shared) == 1

    @pytest.mark.parametrize("level", [1, 2, 3])
    def test_the_notification_level_makes_no_difference(
        self, as_alice, as_bob, shared, level
    ):
        as_bob.post(f"/room/{shared}/notify", level=level)
        as_alice.say(shared, "hi @bob")
        assert is_mentioned(as_bob, shared) is True

    def test_whether_one_is_connected_makes_no_difference(
        self, as_alice, as_bob, shared
    ):
        as_bob.join(shared)
        as_alice.say(shared, "hi @bob")
        assert is_mentioned(as_bob, shared) is True

    def test_a_mention_before_joining_does_not_count(self, as_alice, as_carol, public):
        as_alice.say(public, "hi @carol")
        as_carol.join(public)
        assert is_mentioned(as_carol, public) is False

    def test_only_in_the_room_it_was_said_in(self, as_alice, as_bob, shared, bob):
        other = as_alice.create_room()
        put_in(other, bob)
        as_alice.say(other, "hi @bob")
        assert is_mentioned(as_bob, shared) is False
        assert is_mentioned(as_bob, other) is True

    def test_guests_are_never_mentioned(self, as_alice, as_guest, public):
        as_guest.join(public)
        as_alice.say(public, "hi @Guest")
        assert as_guest.room(public)["unreadMention"] is False

    def test_a_stranger_is_told_of_nothing(self, as_alice, as_carol, public):
        as_alice.say(public, "hi @carol")
        room = as_carol.room(public)
        assert room["unreadMention"] is False
        assert room["unreadMessages"] == 0
        assert room["lastMessage"] == []

    def test_it_is_lost_with_the_place(self, as_alice, as_bob, shared):
        as_alice.say(shared, "hi @bob")
        remove(as_alice, shared, "bob")
        add(as_alice, shared, "bob")
        assert is_mentioned(as_bob, shared) is False
        assert unread(as_bob, shared) == 1

    def test_it_is_lost_by_leaving_as_self_joined(self, as_alice, as_carol, public):
        as_carol.join(public)
        as_alice.say(public, "hi @carol")
        as_carol.leave(public)
        as_carol.join(public)
        assert is_mentioned(as_carol, public) is False
        assert unread(as_carol, public) == 1

    def test_it_is_kept_by_a_member_who_disconnects(self, as_alice, as_bob, shared):
        as_bob.join(shared)
        as_alice.say(shared, "hi @bob")
        as_bob.leave(shared)
        assert is_mentioned(as_bob, shared) is True

    @pytest.mark.parametrize("type", [ParticipantType.OWNER, ParticipantType.MODERATOR])
    def test_moderators_are_mentioned_as_well(
        self, as_alice, as_bob, public, bob, type
    ):
        put_in(public, bob, type=type)
        as_alice.say(public, "hi @bob")
        assert is_mentioned(as_bob, public) is True
