"""The notifications of a comment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from talk.constants import NotificationLevel, ParticipantType
from talk.domain.notifications import notifications_for
from talk.models import Message, Participant, Room
from talk.notifications import Notification
from tests.api.callers import guest, guest_moderator, self_joined
from tests.api.helpers import put_in, rows
from tests.api.moderation import join_as_guest
from tests.client import TalkClient
from tests.factories import ParticipantFactory, SessionFactory, UserFactory

ROOMS = ["one-to-one", "group", "public"]

NOTHING, MENTION, CHAT = None, "mention", "chat"

TABLE = {
    # Level: plain and mentioned in a group or public room, the same one-to-one.
    NotificationLevel.DEFAULT: (NOTHING, MENTION, CHAT, MENTION),
    NotificationLevel.ALWAYS: (CHAT, MENTION, CHAT, MENTION),
    NotificationLevel.MENTION: (NOTHING, MENTION, NOTHING, MENTION),
    NotificationLevel.NEVER: (NOTHING, NOTHING, NOTHING, NOTHING),
}

CASES = [
    (level, room, is_mentioned, is_connected)
    for level in TABLE
    for room in ROOMS
    for is_mentioned in (False, True)
    for is_connected in (False, True)
]


def expected(level: int, room: str, is_mentioned: bool, is_connected: bool) -> Any:
    """Return the expected kind of notification."""
    kind = TABLE[level][2 * (room == "one-to-one") + is_mentioned]
    return NOTHING if kind == CHAT and is_connected else kind


def due(message_id: int) -> list[Notification]:
    """Return the notifications of a message."""
    message = Message.objects.with_actors().with_rooms().get(pk=message_id)
    return notifications_for(message=message, now=timezone.now())


def told(message_id: int) -> list[tuple[str, str]]:
    """Return the recipients of a message with the kinds of their notifications."""
    found = due(message_id)
    return [(each.recipient.get_username(), each.kind.value) for each in found]


def set_level(name: str, level: int) -> None:
    """Set a user's notification level in all rooms."""
    participants = Participant.objects.filter(user__username=name)
    participants.update(notification_level=level)


@pytest.fixture
def pair(as_alice: TalkClient, bob: Any) -> str:
    """The one-to-one room of Alice and Bob."""
    return as_alice.create_room(type=1, invite="bob")


@pytest.fixture
def public(as_alice: TalkClient) -> str:
    """A public room of Alice's."""
    return as_alice.create_room(type=3)


@pytest.fixture
def shared(public: str, bob: Any) -> str:
    """A public room of Alice's with Bob in it, whose level is "always"."""
    put_in(public, bob, notification_level=NotificationLevel.ALWAYS)
    return public


@pytest.mark.django_db
class TestTable:
    """Level, room, mentioned or not, connected or not."""

    @pytest.fixture
    def token(self, as_alice: TalkClient, bob: Any, room: str) -> str:
        if room == "one-to-one":
            return as_alice.create_room(type=1, invite="bob")
        token = as_alice.create_room(type=2 if room == "group" else 3)
        put_in(token, bob)
        return token

    @pytest.mark.parametrize(("level", "room", "is_mentioned", "is_connected"), CASES)
    def test_row(
        self, as_alice, as_bob, token, level, room, is_mentioned, is_connected
    ):
        set_level("bob", level)
        if is_connected:
            as_bob.join(token)
        number = as_alice.say(token, "hi @bob" if is_mentioned else "hi")
        kind = expected(level, room, is_mentioned, is_connected)
        assert told(number) == ([("bob", kind)] if kind else [])

    @pytest.mark.parametrize("room", ["group", "public"])
    @pytest.mark.parametrize(
        "type",
        [
            ParticipantType.OWNER,
            ParticipantType.MODERATOR,
            ParticipantType.USER,
            ParticipantType.SELF_JOINED,
        ],
    )
    def test_users_of_any_type_are_notified(self, as_alice, token, type):
        Participant.objects.filter(user__username="bob").update(type=type)
        set_level("bob", NotificationLevel.ALWAYS)
        assert told(as_alice.say(token, "hi")) == [("bob", CHAT)]
        assert told(as_alice.say(token, "hi @bob")) == [("bob", MENTION)]


@pytest.mark.django_db
class TestConnected:
    """A live session in the room."""

    @pytest.mark.parametrize(
        ("seconds", "kinds"), [(0, []), (99, []), (101, [CHAT]), (1000, [CHAT])]
    )
    def test_a_session_is_live_for_100_seconds(self, as_alice, shared, seconds, kinds):
        now = timezone.now()
        participant = Participant.objects.get(user__username="bob")
        ping = now - timedelta(seconds=seconds)
        SessionFactory(participant=participant, last_ping=ping)
        number = as_alice.say(shared, "hi")
        message = Message.objects.with_actors().with_rooms().get(pk=number)
        found = notifications_for(message=message, now=now)
        assert [each.kind for each in found] == kinds

    def test_one_live_session_of_several_is_enough(self, as_alice, as_bob, shared, bob):
        participant = Participant.objects.get(user=bob)
        past = timezone.now() - timedelta(seconds=1000)
        SessionFactory(participant=participant, last_ping=past)
        assert told(as_alice.say(shared, "hi")) == [("bob", CHAT)]
        as_bob.join(shared)
        assert told(as_alice.say(shared, "hi")) == []

    def test_a_user_who_has_left_is_not_connected(self, as_alice, as_bob, shared):
        as_bob.join(shared)
        as_bob.leave(shared)
        assert told(as_alice.say(shared, "hi")) == [("bob", CHAT)]

    def test_a_session_in_another_room_does_not_count(
        self, as_alice, as_bob, shared, bob
    ):
        other = as_alice.create_room()
        put_in(other, bob)
        as_bob.join(other)
        assert told(as_alice.say(shared, "hi")) == [("bob", CHAT)]

    def test_polling_without_having_joined_is_no_connection(
        self, as_alice, as_bob, shared
    ):
        as_bob.poll(shared, after=0)
        assert told(as_alice.say(shared, "hi")) == [("bob", CHAT)]

    @pytest.mark.parametrize("is_connected", [False, True])
    def test_a_mention_says_whether_the_recipient_is_connected(
        self, as_alice, as_bob, shared, is_connected
    ):
        if is_connected:
            as_bob.join(shared)
        (notification,) = due(as_alice.say(shared, "hi @bob"))
        assert notification.is_connected is is_connected


@pytest.mark.django_db
class TestAuthor:
    """The author of the message."""

    @pytest.mark.parametrize("level", NotificationLevel)
    @pytest.mark.parametrize("text", ["hi", "hi @alice", '@"alice"'])
    def test_the_author_is_never_notified(self, as_alice, public, level, text):
        set_level("alice", level)
        assert told(as_alice.say(public, text)) == []

    def test_the_author_is_not_notified_in_a_one_to_one_room(self, as_alice, pair):
        assert told(as_alice.say(pair, "it is me, @alice")) == [("bob", CHAT)]

    @pytest.mark.parametrize("caller", [guest, guest_moderator])
    def test_a_guest_may_be_the_author(self, shared, caller):
        client = caller(shared)
        assert told(client.say(shared, "hi")) == [("bob", CHAT)]
        assert told(client.say(shared, "hi @alice")) == [
            ("alice", MENTION),
            ("bob", CHAT),
        ]

    def test_a_guest_with_the_name_of_a_user_is_not_that_user(self, shared, as_guest):
        as_guest.join(shared)
        answer = as_guest.post(
            f"/chat/{shared}", message="hi @bob", actorDisplayName="bob"
        )
        assert told(answer.data["id"]) == [("bob", MENTION)]

    def test_messages_of_a_deleted_account_notify_the_others(
        self, as_carol, carol, shared
    ):
        as_carol.join(shared)
        number = as_carol.say(shared, "hi @alice")
        carol.delete()
        assert told(number) == [("alice", MENTION), ("bob", CHAT)]

    def test_a_self_joined_user_is_an_author_like_any_other(self, shared):
        number = self_joined(shared).say(shared, "hi @alice")
        assert told(number) == [("alice", MENTION), ("bob", CHAT)]


@pytest.mark.django_db
class TestMentioned:
    """Mentioned users; each participant is notified once."""

    @pytest.mark.parametrize(
        "text", ["@ghost", "hi @all", '@"zoe z"', "x@bob", "(@bob)", "@Bob"]
    )
    def test_unknown_ids_and_no_mentions_mention_nobody(self, as_alice, shared, text):
        set_level("bob", NotificationLevel.DEFAULT)
        assert told(as_alice.say(shared, text)) == []

    def test_a_non_participant_is_not_notified(self, as_alice, carol, shared):
        set_level("bob", NotificationLevel.DEFAULT)
        assert told(as_alice.say(shared, "what does @carol think?")) == []

    def test_a_non_participant_of_an_objects_room_is_not_notified(
        self, as_alice, carol, shared
    ):
        set_level("bob", NotificationLevel.DEFAULT)
        Room.objects.update(object_type="file", object_id="17")
        assert told(as_alice.say(shared, "what does @carol think?")) == []

    def test_a_removed_user_is_not_notified(self, as_alice, shared):
        as_alice.delete(f"/room/{shared}/participants", participant="bob")
        assert told(as_alice.say(shared, "hi @bob")) == []

    def test_only_participants_other_than_the_author_are_notified(
        self, as_alice, as_carol, shared
    ):
        UserFactory(username="outsider")
        as_carol.join(shared)
        text = "@ghost @carol @alice @outsider @bob"
        assert told(as_alice.say(shared, text)) == [
            ("bob", MENTION),
            ("carol", MENTION),
        ]

    @pytest.mark.parametrize("text", ["@bob @bob", '@bob and @"bob"'])
    def test_nobody_is_notified_twice(self, as_alice, shared, text):
        assert told(as_alice.say(shared, text)) == [("bob", MENTION)]

    @pytest.mark.parametrize("position", [0, 150, 990])
    def test_the_position_in_the_text_does_not_matter(self, as_alice, shared, position):
        text = f"{'x' * position} @bob {'y' * 1000}"[:1000]
        assert told(as_alice.say(shared, text)) == [("bob", MENTION)]

    def test_a_mention_of_one_is_a_message_for_the_others(self, as_alice, shared):
        dora = UserFactory(username="dora")
        put_in(shared, dora, notification_level=NotificationLevel.ALWAYS)
        assert told(as_alice.say(shared, "hi @dora")) == [
            ("bob", CHAT),
            ("dora", MENTION),
        ]

    def test_a_mentioned_user_with_level_never_is_not_notified_of_the_message(
        self, as_alice, pair
    ):
        set_level("bob", NotificationLevel.NEVER)
        assert told(as_alice.say(pair, "hi @bob")) == []

    def test_guests_are_never_notified(self, as_alice, public):
        for type in (ParticipantType.GUEST, ParticipantType.GUEST_MODERATOR):
            join_as_guest(public, type=type)
        participants = Participant.objects.filter(guest__isnull=False)
        participants.update(notification_level=NotificationLevel.ALWAYS)
        participants.get(type=ParticipantType.GUEST).sessions.all().delete()
        assert told(as_alice.say(public, "hi @Guest")) == []

    def test_the_level_of_another_room_does_not_count(self, as_alice, shared, bob):
        other = as_alice.create_room()
        put_in(other, bob)
        assert told(as_alice.say(other, "hi")) == []


@pytest.mark.django_db
class TestContent:
    """The fields of a notification."""

    def test_it_has_room_message_recipient_and_participant(self, as_alice, shared, bob):
        number = as_alice.say(shared, "hi @bob and @alice and @ghost")
        (notification,) = due(number)
        assert notification.room == Room.objects.get(token=shared)
        assert notification.message.pk == number
        assert notification.recipient == bob
        assert notification.participant == Participant.objects.get(user=bob)
        assert notification.names.users == {"bob": "Bob Brown", "alice": "Alice Adams"}

    def test_finding_notifications_changes_nothing(self, as_alice, shared):
        number = as_alice.say(shared, "hi @bob")
        before = rows()
        due(number)
        assert rows() == before


@pytest.mark.django_db
@pytest.mark.parametrize("size", [3, 100])
@pytest.mark.parametrize(("text", "count"), [("hi", 1), ("hi @bob @u1", 2)])
def test_the_number_of_queries_is_constant(
    as_alice, shared, size, text, count, django_assert_num_queries
):
    room = Room.objects.get(token=shared)
    for number in range(size):
        ParticipantFactory(
            room=room,
            user=UserFactory(username=f"u{number}", email="u@example.org"),
            notification_level=NotificationLevel.ALWAYS,
        )
    number = as_alice.say(shared, text)
    message = Message.objects.with_actors().with_rooms().get(pk=number)
    with django_assert_num_queries(count):
        found = notifications_for(message=message, now=timezone.now())
        assert [each.names.users for each in found]
        assert [str(each.recipient) for each in found]
    assert len(found) == size + 1
