"""Read markers of users who leave and come back."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from talk.domain.cleanup import clean_up
from tests.api.callers import guest, self_joined, user_called
from tests.api.helpers import make_pinged_before, unread, user_types_of
from tests.client import TalkClient
from tests.factories import GroupFactory, UserFactory

pytestmark = pytest.mark.django_db

PARTICIPANTS = "/room/{}/participants"


def in_list(client: TalkClient, token: str) -> dict[str, Any]:
    """Return the room object in the list of rooms."""
    (room,) = [room for room in client.get("/room").data if room["token"] == token]
    return room


def is_mentioned(client: TalkClient, token: str) -> bool:
    """Return `unreadMention`, the same in the room and in the list of rooms."""
    value = client.room(token)["unreadMention"]
    assert in_list(client, token)["unreadMention"] is value
    return value


def read_all(client: TalkClient, token: str) -> None:
    """Read what there is."""
    assert client.poll(token, after=0).status == 200


def remove(client: TalkClient, token: str, name: str) -> None:
    path = PARTICIPANTS.format(token)
    assert client.delete(path, participant=name).status == 200


def add(client: TalkClient, token: str, name: str, **parameters: Any) -> None:
    path = PARTICIPANTS.format(token)
    answer = client.post(path, newParticipant=name, **parameters)
    assert answer.status == 200, answer


def add_as_group(client: TalkClient, token: str, name: str) -> None:
    """Bring somebody in as a member of a group."""
    group = GroupFactory(name="returning")
    group.user_set.add(get_user_model().objects.get(username=name))
    add(client, token, "returning", source="groups")


def go_for_good(client: TalkClient, token: str) -> None:
    assert client.delete(f"{PARTICIPANTS.format(token)}/self").status == 200


def make_private(client: TalkClient, token: str) -> None:
    assert client.delete(f"/room/{token}/public").status == 200


def make_public(client: TalkClient, token: str) -> None:
    assert client.post(f"/room/{token}/public").status == 200


class TestLookingAway:
    """A client may wait for messages that nobody looks at yet."""

    def test_nothing_is_read_without_the_marker(self, as_alice, as_bob, shared):
        as_alice.say(shared, "one")
        as_bob.poll(shared, after=0, setReadMarker=0)
        assert unread(as_bob, shared) == 1

    def test_mentions_stay_without_the_marker(self, as_alice, as_bob, shared):
        as_alice.say(shared, "@bob")
        as_bob.poll(shared, after=0, setReadMarker=0)
        assert is_mentioned(as_bob, shared)

    def test_the_marker_reads_everything(self, as_alice, as_bob, shared):
        as_alice.say(shared, "one")
        as_bob.poll(shared, after=0, setReadMarker=1)
        assert unread(as_bob, shared) == 0


class TestComingBack:
    """A user who comes back has the old read marker."""

    def test_a_member_who_disconnects_keeps_the_place(self, as_alice, as_bob, shared):
        as_bob.join(shared)
        read_all(as_bob, shared)
        as_alice.say(shared, "one")
        as_bob.leave(shared)
        as_alice.say(shared, "two")
        as_bob.join(shared)
        assert unread(as_bob, shared) == 2
        assert in_list(as_bob, shared)["unreadMessages"] == 2

    def test_self_joined_and_left(self, as_alice, as_carol, public):
        as_carol.join(public)
        as_alice.say(public, "read")
        read_all(as_carol, public)
        as_alice.say(public, "unread")
        as_carol.leave(public)
        as_alice.say(public, "meanwhile")
        as_carol.join(public)
        assert unread(as_carol, public) == 2

    def test_self_joined_and_left_with_everything_read(
        self, as_alice, as_carol, public
    ):
        as_alice.say(public, "before")
        as_carol.join(public)
        as_carol.leave(public)
        as_carol.join(public)
        assert unread(as_carol, public) == 0

    def test_self_joined_and_left_twice(self, as_alice, as_carol, public):
        for count in (0, 1, 2):
            as_carol.join(public)
            assert unread(as_carol, public) == count
            as_carol.leave(public)
            as_alice.say(public, "meanwhile")

    def test_reading_after_coming_back(self, as_alice, as_carol, public):
        as_carol.join(public)
        as_carol.leave(public)
        as_alice.say(public, "meanwhile")
        as_carol.join(public)
        read_all(as_carol, public)
        assert unread(as_carol, public) == 0
        as_carol.leave(public)
        as_carol.join(public)
        assert unread(as_carol, public) == 0

    def test_self_joined_and_gone_without_a_word(
        self, as_alice, as_carol, public, clock
    ):
        as_carol.join(public)
        as_alice.say(public, "unread")
        clock.shift(1000)
        make_pinged_before(public, seconds=1000)
        clean_up(now=timezone.now())
        assert user_types_of(public) == {"alice": 1}
        as_alice.say(public, "meanwhile")
        as_carol.join(public)
        assert unread(as_carol, public) == 2

    @pytest.mark.parametrize("bring_in", [add, add_as_group])
    def test_removed_and_added_again(self, as_alice, as_bob, shared, bring_in):
        as_alice.say(shared, "read")
        read_all(as_bob, shared)
        as_alice.say(shared, "unread")
        remove(as_alice, shared, "bob")
        as_alice.say(shared, "meanwhile")
        bring_in(as_alice, shared, "bob")
        assert unread(as_bob, shared) == 2
        assert in_list(as_bob, shared)["unreadMessages"] == 2

    def test_removed_and_joined_by_the_link(self, as_alice, as_bob, shared):
        remove(as_alice, shared, "bob")
        as_alice.say(shared, "meanwhile")
        as_bob.join(shared)
        assert unread(as_bob, shared) == 1

    def test_gone_for_good_and_added_again(self, as_alice, as_bob, shared):
        as_alice.say(shared, "unread")
        go_for_good(as_bob, shared)
        as_alice.say(shared, "meanwhile")
        add(as_alice, shared, "bob")
        assert unread(as_bob, shared) == 2

    def test_gone_for_good_and_joined_by_the_link(self, as_alice, as_bob, shared):
        go_for_good(as_bob, shared)
        as_alice.say(shared, "meanwhile")
        as_bob.join(shared)
        assert unread(as_bob, shared) == 1

    def test_self_joined_and_then_added(self, as_alice, as_carol, public):
        as_carol.join(public)
        as_carol.leave(public)
        as_alice.say(public, "meanwhile")
        add(as_alice, public, "carol")
        assert unread(as_carol, public) == 1

    def test_put_out_when_the_room_became_private(self, as_alice, as_carol, public):
        as_carol.join(public)
        make_private(as_alice, public)
        as_alice.say(public, "meanwhile")
        make_public(as_alice, public)
        as_carol.join(public)
        assert unread(as_carol, public) == 1

    def test_a_self_joined_user_who_is_made_a_moderator_has_read_the_same(
        self, as_alice, as_carol, public
    ):
        as_carol.join(public)
        as_alice.say(public, "unread")
        as_alice.post(f"/room/{public}/moderators", participant="carol")
        assert unread(as_carol, public) == 1

    def test_read_markers_of_others_stay(self, as_alice, as_bob, as_carol, shared):
        as_carol.join(shared)
        as_alice.say(shared, "hello")
        read_all(as_bob, shared)
        as_carol.leave(shared)
        as_carol.join(shared)
        assert unread(as_bob, shared) == 0
        assert unread(as_alice, shared) == 0

    def test_read_markers_of_other_rooms_do_not_count(self, as_alice, as_carol, public):
        other = as_alice.create_room()
        for token in (public, other):
            as_carol.join(token)
            as_carol.leave(token)
        as_alice.say(public, "meanwhile")
        as_carol.join(other)
        as_carol.join(public)
        assert [unread(as_carol, public), unread(as_carol, other)] == [1, 0]

    def test_a_guest_who_comes_back_has_nothing_unread(
        self, as_alice, as_guest, public
    ):
        as_guest.join(public)
        as_guest.leave(public)
        as_alice.say(public, "meanwhile")
        as_guest.join(public)
        assert unread(as_guest, public) == 0

    def test_nobody_can_read_on_without_a_place(self, as_alice, as_bob, shared):
        remove(as_alice, shared, "bob")
        as_alice.say(shared, "meanwhile")
        assert as_bob.poll(shared, after=0).status == 404
        add(as_alice, shared, "bob")
        assert unread(as_bob, shared) == 1


class TestNewMembers:
    """A user who comes for the first time starts with everything read."""

    @pytest.mark.parametrize("bring_in", [add, add_as_group])
    def test_added(self, as_alice, as_carol, public, bring_in):
        as_alice.say(public, "before")
        bring_in(as_alice, public, "carol")
        assert unread(as_carol, public) == 0
        as_alice.say(public, "after")
        assert unread(as_carol, public) == 1

    def test_added_to_a_pair(self, as_alice, as_bob, as_carol, pair):
        as_bob.say(pair, "before")
        add(as_alice, pair, "carol")
        assert unread(as_carol, pair) == 0
        assert unread(as_alice, pair) == 1

    def test_a_new_pair_has_read_everything(self, as_alice, as_bob, pair):
        assert [unread(as_alice, pair), unread(as_bob, pair)] == [0, 0]

    def test_an_account_of_the_same_name_is_somebody_else(
        self, as_alice, as_bob, shared, bob
    ):
        as_alice.say(shared, "before")
        remove(as_alice, shared, "bob")
        bob.delete()
        UserFactory(username="bob")
        add(as_alice, shared, "bob")
        assert unread(user_called("bob"), shared) == 0

    def test_a_mention_from_before_is_not_theirs(self, as_alice, as_carol, public):
        as_alice.say(public, "@carol should see this")
        add(as_alice, public, "carol")
        assert is_mentioned(as_carol, public) is False


class TestSystemMessages:
    """They are never unread."""

    @pytest.fixture
    def eventful(self, as_alice: TalkClient, shared: str) -> str:
        """A room in which nothing was said, but much has happened."""
        as_alice.put(f"/room/{shared}", roomName="New name")
        as_alice.put(f"/room/{shared}/password", password="secret")
        as_alice.put(f"/room/{shared}/password", password="")
        make_private(as_alice, shared)
        make_public(as_alice, shared)
        UserFactory(username="dora")
        add(as_alice, shared, "dora")
        as_alice.post(f"/room/{shared}/moderators", participant="dora")
        as_alice.delete(f"/room/{shared}/moderators", participant="dora")
        remove(as_alice, shared, "dora")
        return shared

    def test_nothing_is_unread_after_them(self, as_alice, as_bob, eventful):
        assert [unread(as_alice, eventful), unread(as_bob, eventful)] == [0, 0]

    def test_they_do_not_count_among_messages(self, as_alice, as_bob, shared, eventful):
        as_alice.say(shared, "one")
        as_alice.put(f"/room/{shared}", roomName="Newer name")
        as_alice.say(shared, "two")
        as_alice.put(f"/room/{shared}", roomName="Newest name")
        assert unread(as_bob, shared) == 2

    def test_they_read_nothing_for_whoever_causes_them(self, as_alice, as_bob, shared):
        as_bob.say(shared, "hello")
        as_alice.put(f"/room/{shared}", roomName="New name")
        assert unread(as_alice, shared) == 1

    def test_a_system_message_about_a_user_does_not_mention_them(
        self, as_alice, as_bob, shared
    ):
        as_alice.post(f"/room/{shared}/moderators", participant="bob")
        assert is_mentioned(as_bob, shared) is False

    def test_a_name_in_one_mentions_nobody(self, as_alice, as_bob, shared):
        as_alice.put(f"/room/{shared}", roomName="@bob")
        assert is_mentioned(as_bob, shared) is False

    def test_they_are_the_last_message(self, as_alice, as_bob, shared):
        as_alice.say(shared, "hello")
        as_alice.put(f"/room/{shared}", roomName="New name")
        for room in (as_bob.room(shared), in_list(as_bob, shared)):
            assert room["lastMessage"]["systemMessage"] == "conversation_renamed"
            assert room["unreadMessages"] == 1


class TestMoving:
    """Requests that move the read marker, and requests that do not."""

    def test_posting_moves_the_authors(self, as_alice, as_bob, shared):
        as_bob.say(shared, "hello")
        assert unread(as_alice, shared) == 1
        as_alice.say(shared, "hi")
        assert unread(as_alice, shared) == 0

    def test_posting_moves_nobody_elses(self, as_alice, as_bob, shared):
        as_alice.say(shared, "one")
        carol = self_joined(shared)
        carol.say(shared, "two")
        assert [unread(c, shared) for c in (as_alice, as_bob)] == [1, 2]

    def test_a_guests_post_moves_nobodys(self, as_alice, as_bob, shared):
        guest(shared).say(shared, "hello")
        assert [unread(c, shared) for c in (as_alice, as_bob)] == [1, 1]

    @pytest.mark.parametrize("message", ["", "x" * 1001])
    def test_a_refused_post_moves_nothing(self, as_alice, as_bob, shared, message):
        as_bob.say(shared, "hello")
        answer = as_alice.post(f"/chat/{shared}", message=message)
        assert answer.status in (400, 413)
        assert unread(as_alice, shared) == 1

    def test_history_reads_no_mention(self, as_alice, as_bob, shared):
        as_alice.say(shared, "hello @bob")
        assert as_bob.history(shared).status == 200
        assert unread(as_bob, shared) == 1
        assert is_mentioned(as_bob, shared) is True

    @pytest.mark.parametrize("after", [0, 10**12])
    def test_a_poll_reads_everything_whatever_it_returns(
        self, as_alice, as_bob, shared, after
    ):
        for _ in range(5):
            as_alice.say(shared, "hello @bob")
        as_bob.poll(shared, after=after, limit=1)
        assert unread(as_bob, shared) == 0
        assert is_mentioned(as_bob, shared) is False

    def test_a_refused_poll_reads_nothing(self, as_alice, as_bob, shared):
        as_alice.say(shared, "hello")
        assert as_bob.poll("k7pz3mqd", after=0).status == 404
        assert unread(as_bob, shared) == 1

    def test_other_requests_move_nothing(self, as_alice, as_bob, shared):
        as_alice.say(shared, "hello @bob")
        as_bob.get(f"/chat/{shared}/mentions")
        as_bob.get(f"/room/{shared}/participants")
        as_bob.post(f"/room/{shared}/favorite")
        as_bob.post(f"/room/{shared}/notify", level=1)
        as_bob.join(shared)
        as_bob.leave(shared)
        assert unread(as_bob, shared) == 1
        assert is_mentioned(as_bob, shared) is True

    def test_all_devices_of_a_user_share_one(self, as_alice, bob, shared):
        phone, laptop = TalkClient(bob), TalkClient(bob)
        phone.join(shared)
        laptop.join(shared)
        as_alice.say(shared, "hello")
        read_all(phone, shared)
        assert unread(laptop, shared) == 0


class TestLastMessage:
    """The newest of all, as its reader sees it."""

    def test_a_message_with_mentions_is_shown_as_in_the_chat(
        self, as_alice, as_bob, shared
    ):
        as_alice.say(shared, "hi @bob")
        (message,) = as_bob.history(shared, limit=1).data
        assert message["message"] == "hi {mention-user1}"
        assert as_bob.room(shared)["lastMessage"] == message
        assert in_list(as_bob, shared)["lastMessage"] == message

    def test_reading_does_not_change_it(self, as_alice, as_bob, shared):
        as_alice.say(shared, "hello")
        before = as_bob.room(shared)["lastMessage"]
        read_all(as_bob, shared)
        assert as_bob.room(shared)["lastMessage"] == before

    def test_a_user_who_comes_back_sees_it(self, as_alice, as_bob, shared):
        remove(as_alice, shared, "bob")
        number = as_alice.say(shared, "meanwhile")
        as_bob.join(shared)
        assert as_bob.room(shared)["lastMessage"]["id"] == number
