"""A site that needs a clean-up, with rows of every kind to remove and to keep."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from talk.constants import ParticipantType, RoomType
from talk.domain.system_messages import guest_moderator_changed
from talk.models import (
    CallAttendance,
    Guest,
    Message,
    Participant,
    Room,
    Session,
    SignalingMessage,
)
from tests.factories import (
    GuestFactory,
    ParticipantFactory,
    RoomFactory,
    SessionFactory,
    UserFactory,
)

HOUR = timedelta(hours=1)

TABLES = (
    Room,
    Participant,
    Session,
    Guest,
    Message,
    CallAttendance,
    SignalingMessage,
)


def make_leftovers(now: datetime, times: int = 1) -> None:
    """Create every kind of leftover, as many times as `times` says."""
    for _ in range(times):
        Leftovers(now).make()


class Leftovers:
    """Create rows that a clean-up must remove, and rows that it must keep."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.dead = now - HOUR
        self.users = UserFactory.create_batch(4)

    def make(self) -> None:
        """Create all the rows."""
        self.make_dead_guests()
        self.make_abandoned_call()
        self.make_running_call()
        self.make_room_with_guests_only()
        self.make_one_to_one_room_with_one_user()
        self.make_empty_rooms()
        self.make_guests_without_participants()

    def room(self, **fields: Any) -> Room:
        """Return a room with an owner who is not connected."""
        room = RoomFactory(**fields)
        owner = ParticipantType.OWNER
        ParticipantFactory(room=room, user=self.users[0], type=owner)
        return room

    def guest(self, room: Room, ping: datetime, **fields: Any) -> Participant:
        """Return a guest participant with a session."""
        guest = GuestFactory(**fields)
        type = ParticipantType.GUEST
        participant = ParticipantFactory(room=room, user=None, guest=guest, type=type)
        SessionFactory(participant=participant, last_ping=ping)
        return participant

    def user(self, room: Room, number: int, *pings: datetime) -> Participant:
        """Return a user participant with sessions."""
        participant = ParticipantFactory(room=room, user=self.users[number])
        for ping in pings:
            SessionFactory(participant=participant, last_ping=ping)
        return participant

    def write(self, room: Room, guest: Guest | None = None, **fields: Any) -> None:
        """Write a message into a room."""
        room.refresh_from_db()
        room.last_position += 1
        room.comment_count += 1
        room.save()
        Message.objects.create(
            room=room,
            position=room.last_position,
            comment_count=room.comment_count,
            actor_type="guests" if guest else "users",
            actor_guest=guest,
            actor_user=None if guest else self.users[0],
            created_at=self.dead,
            **fields,
        )

    def promote(self, room: Room, guest: Guest) -> None:
        """Write the system message of the promotion of a guest."""
        message = guest_moderator_changed(guest, is_promoted=True)
        self.write(
            room,
            system_message=message.system_message,
            parameters=message.parameters,
        )

    def signal(self, session: Session, age: timedelta) -> None:
        """Create a signaling message for a session."""
        SignalingMessage.objects.create(
            recipient=session,
            sender_session_id="a" * 512,
            text="{}",
            created_at=self.now - age,
        )

    def attend(self, participant: Participant, flags: int) -> None:
        """Record that a participant joined the call; flags of 0 mean they have left it."""
        Room.objects.filter(pk=participant.room_id).update(active_since=self.dead)
        CallAttendance.objects.create(
            room=participant.room,
            user=participant.user,
            guest=participant.guest,
            joined_at=self.dead,
        )
        participant.sessions.update(in_call=flags)

    def make_dead_guests(self) -> None:
        """Make dead guests with and without messages and promotions, and users.

        The users have dead and live sessions; one of them is self-joined.
        """
        room = self.room()
        for number in range(12):
            participant = self.guest(
                room, self.dead, display_name="Gwen" * (number % 2)
            )
            assert participant.guest is not None
            if number % 3 == 0:
                self.write(room, participant.guest, text="hello")
            if number % 4 == 1:
                self.promote(room, participant.guest)
        self.guest(room, self.now)
        self.user(room, 1, self.dead, self.dead)
        self.user(room, 2, self.dead, self.now)
        joined = self.user(room, 3, self.dead)
        Participant.objects.filter(pk=joined.pk).update(
            type=ParticipantType.SELF_JOINED
        )
        for session in room.sessions.all():
            self.signal(session, HOUR)

    def make_abandoned_call(self) -> None:
        """Make a call of two users and a guest without messages, who are all dead."""
        room = self.room()
        self.attend(self.user(room, 1, self.dead), 7)
        self.attend(self.user(room, 2, self.dead), 7)
        self.attend(self.guest(room, self.dead), 7)

    def make_running_call(self) -> None:
        """Make a call with a live user, and a guest who left it and will be counted."""
        room = self.room()
        user = self.user(room, 1, self.now)
        self.attend(user, 7)
        self.attend(self.guest(room, self.dead), 0)
        for age in (HOUR, timedelta(0)):
            self.signal(user.sessions.get(), age)

    def make_room_with_guests_only(self) -> None:
        """Make a room that will be empty, because all its guests are dead.

        The named guest is named only by a message of this room.
        """
        room = RoomFactory()
        for name in ("", "Gwen"):
            participant = self.guest(room, self.dead, display_name=name)
            assert participant.guest is not None
            self.promote(room, participant.guest)
        talker = self.guest(room, self.dead)
        self.write(room, talker.guest, text="anybody here?")

    def make_one_to_one_room_with_one_user(self) -> None:
        """Make a one-to-one room of one user, with an old signaling message for them."""
        room = RoomFactory(type=RoomType.ONE_TO_ONE)
        self.signal(self.user(room, 1, self.now).sessions.get(), HOUR)

    def make_empty_rooms(self) -> None:
        """Make a room without participants, and one that belongs to a site's object."""
        RoomFactory()
        number = Room.objects.count()
        RoomFactory(object_type="blog.article", object_id=str(number))

    def make_guests_without_participants(self) -> None:
        """Make guests in no room: with and without a name, a message, a promotion."""
        room = self.room()
        GuestFactory()
        GuestFactory(display_name="Gwen")
        self.write(room, GuestFactory(), text="bye")
        self.promote(room, GuestFactory(display_name="Greta"))
        self.promote(room, GuestFactory())
