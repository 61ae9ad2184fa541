"""The effect of changes to a room on its chat: its authors and its system messages."""

from __future__ import annotations

from typing import Any

import pytest

from talk.models import Message, Session
from tests.api import operations as do
from tests.api.helpers import (
    SECRET,
    assert_done,
    assert_refused,
    hash_of,
    system_messages_of,
)
from tests.client import Answer, TalkClient
from tests.factories import GroupFactory


@pytest.fixture
def of_two(as_alice: TalkClient, public: str, bob: Any) -> str:
    """A public room of Alice's, to which she added Bob."""
    assert_done(do.add(as_alice, public, "bob"))
    return public


def say(client: TalkClient, token: str) -> Answer:
    return client.post(f"/chat/{token}", message="hello")


class TestChat:
    """Participants read and write; removed participants do not."""

    def assert_talks(self, client: TalkClient, token: str) -> None:
        assert say(client, token).status == 201
        assert client.history(token).data[0]["message"] == "hello"

    def assert_finds_nothing(self, client: TalkClient, token: str) -> None:
        before = Message.objects.count()
        assert_refused(say(client, token), 404)
        assert_refused(client.history(token), 404)
        assert_refused(client.poll(token, after=0), 404)
        assert Message.objects.count() == before

    def test_an_added_user_writes_without_joining(self, as_bob, of_two):
        self.assert_talks(as_bob, of_two)

    def test_a_user_added_to_a_one_to_one_room_writes_without_joining(
        self, as_alice, as_carol, pair
    ):
        do.add(as_alice, pair, "carol")
        self.assert_talks(as_carol, pair)

    def test_members_of_a_group_that_is_added_talk_without_joining(
        self, as_alice, as_bob, bob, group
    ):
        GroupFactory(name="crew").user_set.add(bob)
        assert_done(do.add_group(as_alice, group, "crew"))
        self.assert_talks(as_bob, group)

    def test_a_removed_user_finds_nothing(self, as_alice, as_bob, of_two):
        as_bob.join(of_two)
        do.remove(as_alice, of_two, "bob")
        self.assert_finds_nothing(as_bob, of_two)

    def test_a_user_who_has_left_for_good_finds_nothing(self, as_bob, of_two):
        as_bob.join(of_two)
        do.leave_for_good(as_bob, of_two)
        self.assert_finds_nothing(as_bob, of_two)

    def test_a_removed_user_writes_again_after_joining_by_the_link(
        self, as_alice, as_bob, of_two
    ):
        do.remove(as_alice, of_two, "bob")
        as_bob.join(of_two)
        self.assert_talks(as_bob, of_two)

    def test_strangers_who_joined_find_nothing_when_the_room_is_closed(
        self, as_alice, non_participant, of_two
    ):
        non_participant.join(of_two)
        self.assert_talks(non_participant, of_two)
        do.make_private(as_alice, of_two)
        self.assert_finds_nothing(non_participant, of_two)
        assert not Session.objects.exists()

    def test_a_guest_moderator_is_still_the_same_guest(
        self, as_alice, as_guest, public
    ):
        session_id = as_guest.join(public)
        do.promote_guest(as_alice, public, session_id)
        self.assert_talks(as_guest, public)
        (message, *_) = as_alice.history(public).data
        assert message["actorType"] == "guests"
        assert message["actorId"] == hash_of(session_id)
        assert message["actorDisplayName"] == ""


class TestTimeline:
    """System messages, oldest first."""

    def told(self, client: TalkClient, token: str) -> list[tuple[str, str]]:
        """Return what was written since the room was created, always by Alice."""
        actors = {message["actorId"] for message in client.history(token).data}
        assert actors == {"alice"}
        first, *rest = system_messages_of(client, token)
        assert first == ("conversation_created", "")
        return rest

    def test_a_new_name(self, as_alice, group):
        do.rename(as_alice, group, "New name")
        assert self.told(as_alice, group) == [("conversation_renamed", "")]

    def test_opening_and_closing(self, as_alice, group):
        do.make_public(as_alice, group)
        do.make_private(as_alice, group)
        assert self.told(as_alice, group) == [
            ("guests_allowed", ""),
            ("guests_disallowed", ""),
        ]

    def test_a_password(self, as_alice, public):
        do.protect(as_alice, public, SECRET)
        do.protect(as_alice, public, "")
        assert self.told(as_alice, public) == [
            ("password_set", ""),
            ("password_removed", ""),
        ]

    def test_everything_that_happens_to_a_user(self, as_alice, bob, group):
        for change in (do.add, do.promote, do.demote, do.remove):
            assert_done(change(as_alice, group, "bob"))
        assert self.told(as_alice, group) == [
            ("user_added", "bob"),
            ("moderator_promoted", "bob"),
            ("moderator_demoted", "bob"),
            ("user_removed", "bob"),
        ]
