"""Polls that wait while a participant is removed, or the room is deleted."""

from __future__ import annotations

import pytest

from talk.models import Room
from tests.api.callers import (
    Caller,
    guest,
    guest_moderator,
    invited_and_joined,
    self_joined,
)
from tests.api.helpers import assert_done, assert_refused, keys
from tests.api.moderation import join_as_guest
from tests.api.waits import while_waiting
from tests.client import Answer, TalkClient
from tests.timelines import ids_of


def wait_for_news(client: TalkClient, token: str) -> Answer:
    """Poll with an id beyond all messages."""
    return client.poll(token, after=ids_of(token)[-1], timeout=5)


class TestRemovedGuest:
    """A removed guest's own poll ends; the polls of other participants do not."""

    @pytest.mark.parametrize("words", [[], ["among us"]])
    @pytest.mark.parametrize("type", [4, 6])
    def test_the_poll_of_a_removed_guest_ends_with_404(
        self, as_alice, public, type, words
    ):
        client, session_id = join_as_guest(public, type=type)
        path = f"/room/{public}/participants/guests"

        def remove() -> None:
            assert_done(as_alice.delete(path, participant=session_id))
            for text in words:
                as_alice.say(public, text)

        with while_waiting(remove):
            answer = wait_for_news(client, public)
        assert_refused(answer, 404)

    @pytest.mark.parametrize("caller", [invited_and_joined, guest])
    def test_polls_of_other_participants_go_on_waiting(
        self, as_alice, shared, caller: Caller
    ):
        client = caller(shared)
        _, session_id = join_as_guest(shared)
        path = f"/room/{shared}/participants/guests"

        def remove() -> None:
            assert_done(as_alice.delete(path, participant=session_id))

        with while_waiting(remove):
            answer = wait_for_news(client, shared)
        assert answer.status == 304


class TestRemovedUser:
    """The removal of a user, which all other participants are told."""

    @pytest.mark.parametrize("caller", [guest, guest_moderator])
    def test_other_participants_get_the_system_message(
        self, as_alice, shared, caller: Caller
    ):
        client = caller(shared)
        path = f"/room/{shared}/participants"

        def remove() -> None:
            assert_done(as_alice.delete(path, participant="bob"))

        with while_waiting(remove):
            answer = wait_for_news(client, shared)
        assert keys(answer) == ["user_removed"]


class TestDeletedRoom:
    """A room that is deleted, whose polls end with a 404."""

    @pytest.mark.parametrize("caller", [guest, self_joined])
    def test_the_last_participant_who_leaves_ends_polls(
        self, as_alice, public, caller: Caller
    ):
        client = caller(public)
        path = f"/room/{public}/participants/self"
        with while_waiting(lambda: as_alice.delete(path)):
            answer = wait_for_news(client, public)
        assert not Room.objects.exists()
        assert_refused(answer, 404)

    @pytest.mark.parametrize(
        ("path", "parameters"),
        [("participants", {"participant": "bob"}), ("participants/self", {})],
    )
    def test_leaving_a_one_to_one_room_ends_polls(
        self, as_alice, as_bob, pair, path, parameters
    ):
        path = f"/room/{pair}/{path}"
        with while_waiting(lambda: as_alice.delete(path, **parameters)):
            answer = wait_for_news(as_bob, pair)
        assert not Room.objects.exists()
        assert_refused(answer, 404)

    def test_a_deleted_account_ends_polls_of_its_rooms(self, as_bob, alice, pair):
        with while_waiting(alice.delete):
            answer = wait_for_news(as_bob, pair)
        assert not Room.objects.exists()
        assert_refused(answer, 404)
