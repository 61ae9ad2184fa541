"""Posting and reading messages, without HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from talk.constants import ParticipantType
from talk.domain.access import Caller, Identity, find_caller
from talk.domain.display_names import names_in
from talk.domain.messages import (
    post_message,
    read_history,
    read_newer,
)
from talk.domain.room_creation import create_group_room
from talk.exceptions import Invalid, NotFound, TooLarge
from talk.models import Guest, Message, Names, Participant, Room
from tests.factories import (
    GroupFactory,
    GuestFactory,
    ParticipantFactory,
    RoomFactory,
    SessionFactory,
    UserFactory,
)
from tests.timelines import SAY, ids_of, write

pytestmark = pytest.mark.django_db


@pytest.fixture
def room() -> Room:
    """A room without messages."""
    return RoomFactory()


def caller_for(room: Room, user: Any) -> Caller:
    """Return the user as a participant of the room, who becomes one if needed."""
    if not Participant.objects.filter(room=room, user=user).exists():
        ParticipantFactory(room=room, user=user)
    return find_caller(identity=Identity(user=user, device=None), token=room.token)


@pytest.fixture
def by_alice(room: Room, alice: Any) -> Caller:
    """Alice in the room."""
    return caller_for(room, alice)


@pytest.fixture
def by_guest(room: Room) -> Caller:
    """A guest in the room with the name Gwen."""
    participant = ParticipantFactory(
        room=room,
        user=None,
        guest=GuestFactory(display_name="Gwen"),
        type=ParticipantType.GUEST,
    )
    SessionFactory(participant=participant, device="phone")
    return find_caller(identity=Identity(user=None, device="phone"), token=room.token)


def say(caller: Caller, text: str, display_name: str = "") -> Message:
    page = post_message(
        caller=caller, text=text, display_name=display_name, now=timezone.now()
    )
    return page.messages[0]


def everything() -> list[Any]:
    """Return everything that a message may change."""
    return [
        list(model.objects.order_by("pk").values())
        for model in (Room, Message, Participant, Guest)
    ]


class TestPostMessage:
    """`post_message`."""

    def test_it_stores_author_text_and_time_once(self, by_alice: Caller) -> None:
        now = timezone.now() - timedelta(hours=1)
        post_message(caller=by_alice, text=" hello ", now=now)
        message = Message.objects.get()
        assert message.text == "hello"
        assert message.system_message == ""
        assert message.actor_user == by_alice.user
        assert message.created_at == now

    def test_it_returns_what_it_stored(self, by_alice: Caller) -> None:
        message = say(by_alice, "hello")
        stored = Message.objects.values().get()
        assert Message.objects.filter(pk=message.pk).exists()
        assert {key: getattr(message, key) for key in stored} == stored

    @pytest.mark.parametrize("text", ["", " \t\r\n\0\x0b", "a\0b", "\ud800"])
    def test_an_empty_or_unstorable_text_is_invalid(
        self, by_alice: Caller, text: str
    ) -> None:
        before = everything()
        with pytest.raises(Invalid):
            say(by_alice, text)
        assert everything() == before

    def test_a_long_text_is_too_large(self, by_alice: Caller) -> None:
        before = everything()
        with pytest.raises(TooLarge):
            say(by_alice, "x" * 1001)
        assert everything() == before

    def test_a_room_that_was_deleted_meanwhile_is_not_found(
        self, by_alice: Caller, room: Room
    ) -> None:
        Room.objects.filter(pk=room.pk).delete()
        with pytest.raises(NotFound):
            say(by_alice, "hello")
        assert not Message.objects.exists()

    def test_a_user_who_was_removed_meanwhile_cannot_post(
        self, by_alice: Caller
    ) -> None:
        by_alice.participant.delete()
        by_alice.participant.pk = 10_000
        before = everything()
        with pytest.raises(NotFound):
            say(by_alice, "hello")
        assert everything() == before

    def test_a_guest_who_was_removed_meanwhile_cannot_post_or_be_renamed(
        self, by_guest: Caller
    ) -> None:
        Participant.objects.filter(pk=by_guest.participant.pk).delete()
        before = everything()
        with pytest.raises(NotFound):
            say(by_guest, "hello", "Gina")
        assert everything() == before

    @pytest.mark.parametrize("name", ["x" * 65, "a\0b", "\ud800"])
    def test_a_name_that_cannot_be_stored_undoes_the_message(
        self, by_guest: Caller, name: str
    ) -> None:
        before = everything()
        with pytest.raises(Invalid):
            say(by_guest, "hello", name)
        assert everything() == before

    def test_a_guest_is_renamed_with_the_message(self, by_guest: Caller) -> None:
        message = say(by_guest, "hello", "Gina")
        assert Guest.objects.get().display_name == "Gina"
        assert message.actor_guest is not None
        assert message.actor_guest.display_name == "Gina"

    def test_an_empty_name_changes_nothing(self, by_guest: Caller) -> None:
        say(by_guest, "hello", "")
        assert Guest.objects.get().display_name == "Gwen"

    def test_users_keep_their_names(self, by_alice: Caller) -> None:
        say(by_alice, "hello", "Mallory" * 100)
        assert by_alice.user is not None
        by_alice.user.refresh_from_db()
        assert by_alice.user.get_full_name() == "Alice Adams"

    def test_the_author_has_read_everything_up_to_the_message(
        self, by_alice: Caller, room: Room, bob: Any
    ) -> None:
        by_bob = caller_for(room, bob)
        say(by_bob, "one")
        say(by_bob, "two")
        say(by_alice, "three")
        by_alice.participant.refresh_from_db()
        assert by_alice.participant.read_comments == 3

    def test_other_participants_have_not_read_it(
        self, by_alice: Caller, room: Room, bob: Any
    ) -> None:
        by_bob = caller_for(room, bob)
        say(by_alice, "one")
        by_bob.participant.refresh_from_db()
        assert by_bob.participant.read_comments == 0

    def test_an_outdated_room_object_does_no_harm(
        self, by_alice: Caller, room: Room, bob: Any
    ) -> None:
        say(caller_for(room, bob), "one")
        message = say(by_alice, "two")  # `by_alice.room` knows nothing of "one"
        assert (message.position, message.comment_count) == (2, 2)

    @pytest.mark.django_db(transaction=True)
    def test_it_needs_no_transaction_around_it(self, by_alice: Caller) -> None:
        before = everything()
        with pytest.raises(TooLarge):
            say(by_alice, "x" * 1001)
        assert everything() == before
        assert say(by_alice, "hello").position == 1

    def test_it_joins_a_transaction_around_it(self, by_alice: Caller) -> None:
        before = everything()
        with transaction.atomic():
            say(by_alice, "hello")
            transaction.set_rollback(True)
        assert everything() == before

    @pytest.mark.parametrize("size", [10, 1000])
    def test_it_costs_the_same_in_a_long_timeline(
        self, by_alice: Caller, room: Room, size: int, django_assert_num_queries: Any
    ) -> None:
        write(room.token, ["hello"] * size, user=by_alice.user)
        # In a savepoint.
        with django_assert_num_queries(2 + SAY):
            say(by_alice, "hello")


class TestRead:
    """`read_history` and `read_newer`."""

    def test_history_is_before_an_id_and_newest_first(
        self, room: Room, alice: Any
    ) -> None:
        numbers = write(room.token, list("abcd"), user=alice)
        page = read_history(room_id=room.pk, before=numbers[3], limit=2)
        assert [m.pk for m in page.messages] == [numbers[2], numbers[1]]

    @pytest.mark.parametrize("before", [0, -1])
    def test_history_starts_at_the_end(
        self, room: Room, alice: Any, before: int
    ) -> None:
        numbers = write(room.token, list("abcd"), user=alice)
        page = read_history(room_id=room.pk, before=before, limit=2)
        assert [m.pk for m in page.messages] == [numbers[3], numbers[2]]

    @pytest.mark.postgres
    def test_the_end_is_found_by_the_index_of_the_room(self, room: Room) -> None:
        with connection.cursor() as cursor:
            # Have the planner treat the table as too large to be sorted.
            for way in ("seqscan", "bitmapscan", "sort"):
                cursor.execute(f"SET LOCAL enable_{way} = off")
        plan = Message.objects.filter(room=room).older(0)[:100].explain()
        assert "Index Scan Backward using talk_message_position_unique" in plan

    def test_newer_messages_are_after_an_id_and_oldest_first(
        self, room: Room, alice: Any
    ) -> None:
        numbers = write(room.token, list("abcd"), user=alice)
        page = read_newer(room_id=room.pk, after=numbers[0], limit=2)
        assert [m.pk for m in page.messages] == [numbers[1], numbers[2]]

    @pytest.mark.parametrize("after", [0, -1])
    def test_newer_messages_start_at_the_oldest(
        self, room: Room, alice: Any, after: int
    ) -> None:
        numbers = write(room.token, list("abcd"), user=alice)
        page = read_newer(room_id=room.pk, after=after, limit=2)
        assert [m.pk for m in page.messages] == numbers[:2]

    def test_messages_of_other_rooms_are_left_out(self, room: Room, alice: Any) -> None:
        write(RoomFactory().token, ["elsewhere"], user=alice)
        assert read_history(room_id=room.pk, before=0, limit=9).messages == []
        assert read_newer(room_id=room.pk, after=0, limit=9).messages == []

    def test_a_page_may_be_empty(self, room: Room) -> None:
        page = read_newer(room_id=room.pk, after=0, limit=9)
        assert (page.messages, page.names) == ([], Names())

    @pytest.mark.parametrize("size", [10, 1000])
    def test_a_page_of_comments_is_one_query(
        self, room: Room, alice: Any, size: int, django_assert_num_queries: Any
    ) -> None:
        write(room.token, ["hello"] * size, user=alice)
        with django_assert_num_queries(1):
            page = read_history(room_id=room.pk, before=0, limit=200)
            assert {m.actor_user for m in page.messages} == {alice}

    @pytest.mark.parametrize("size", [2, 20])
    def test_the_names_in_a_page_are_one_query_more(
        self, alice: Any, size: int, django_assert_num_queries: Any
    ) -> None:
        staff = GroupFactory(name="staff")
        members = UserFactory.create_batch(size)
        staff.user_set.add(*members)
        room = create_group_room(user=alice, invite="staff", now=timezone.now())
        with django_assert_num_queries(2):
            page = read_newer(room_id=room.pk, after=0, limit=200)
        assert page.names.users.items() >= {
            (user.username, user.get_full_name()) for user in members
        }

    def test_accounts_that_are_gone_have_no_name(self, alice: Any) -> None:
        staff = GroupFactory(name="staff")
        bob = UserFactory(username="bob")
        staff.user_set.add(bob)
        room = create_group_room(user=alice, invite="staff", now=timezone.now())
        bob.delete()
        page = read_newer(room_id=room.pk, after=0, limit=200)
        assert "bob" not in page.names.users

    def test_messages_without_names_cost_no_query(
        self, room: Room, alice: Any, django_assert_num_queries: Any
    ) -> None:
        write(room.token, ["hello"], user=alice)
        messages = list(Message.objects.all())
        with django_assert_num_queries(0):
            assert names_in(messages) == Names()


class TestDeletedAccounts:
    """Messages of a deleted account."""

    def test_its_messages_keep_their_positions(
        self, room: Room, alice: Any, bob: Any
    ) -> None:
        write(room.token, ["a"], user=alice)
        write(room.token, ["b"], user=bob)
        before = ids_of(room.token)
        bob.delete()
        assert ids_of(room.token) == before
        room.refresh_from_db()
        assert (room.last_position, room.comment_count) == (2, 2)

    def test_its_messages_no_longer_have_an_author(self, room: Room, bob: Any) -> None:
        write(room.token, ["b"], user=bob)
        bob.delete()
        message = Message.objects.get()
        assert (message.actor_type, message.actor_user) == ("users", None)

    def test_its_messages_count_as_unread_as_before(
        self, room: Room, alice: Any, bob: Any
    ) -> None:
        caller_for(room, alice)
        write(room.token, ["b"], user=bob)
        bob.delete()
        caller = caller_for(room, alice)
        assert caller.room.comment_count - caller.participant.read_comments == 1
