"""A site that nobody has cleaned up for a while, with some of everything in it."""

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


def make_mess(now: datetime, times: int = 1) -> None:
    """Leave some of everything behind, so many times."""
    for _ in range(times):
        Mess(now).make()


class Mess:
    """Makes what a clean-up has to find, and what it has to leave alone."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.dead = now - HOUR
        self.people = UserFactory.create_batch(4)

    def make(self) -> None:
        """Make all of it."""
        self.crowd_of_guests()
        self.call_that_everybody_has_left()
        self.call_that_goes_on()
        self.room_of_guests_alone()
        self.half_a_pair()
        self.rooms_without_anybody()
        self.guests_of_yesterday()

    def room(self, **fields: Any) -> Room:
        """Return a room with an owner who is not connected."""
        room = RoomFactory(**fields)
        owner = ParticipantType.OWNER
        ParticipantFactory(room=room, user=self.people[0], type=owner)
        return room

    def guest(self, room: Room, ping: datetime, **fields: Any) -> Participant:
        """Return a guest's place with a session."""
        guest = GuestFactory(**fields)
        type = ParticipantType.GUEST
        participant = ParticipantFactory(room=room, user=None, guest=guest, type=type)
        SessionFactory(participant=participant, last_ping=ping)
        return participant

    def user(self, room: Room, number: int, *pings: datetime) -> Participant:
        """Return a user's place with sessions."""
        participant = ParticipantFactory(room=room, user=self.people[number])
        for ping in pings:
            SessionFactory(participant=participant, last_ping=ping)
        return participant

    def write(self, room: Room, guest: Guest | None = None, **fields: Any) -> None:
        """Write a line into a room."""
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
            actor_user=None if guest else self.people[0],
            created_at=self.dead,
            **fields,
        )

    def promote(self, room: Room, guest: Guest) -> None:
        """Tell that a guest was promoted."""
        line = guest_moderator_changed(guest, is_promoted=True)
        self.write(room, system_message=line.system_message, parameters=line.parameters)

    def signal(self, session: Session, age: timedelta) -> None:
        """Leave a signaling message for a session."""
        SignalingMessage.objects.create(
            recipient=session,
            sender_session_id="a" * 512,
            text="{}",
            created_at=self.now - age,
        )

    def attend(self, participant: Participant, flags: int) -> None:
        """Let somebody be, or have been, in the call of their room."""
        Room.objects.filter(pk=participant.room_id).update(active_since=self.dead)
        CallAttendance.objects.create(
            room=participant.room,
            user=participant.user,
            guest=participant.guest,
            joined_at=self.dead,
        )
        participant.sessions.update(in_call=flags)

    def crowd_of_guests(self) -> None:
        """Guests who are dead: silent, talkative, promoted; and users of all kinds."""
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

    def call_that_everybody_has_left(self) -> None:
        """Two users and a silent guest, who are all dead."""
        room = self.room()
        self.attend(self.user(room, 1, self.dead), 7)
        self.attend(self.user(room, 2, self.dead), 7)
        self.attend(self.guest(room, self.dead), 7)

    def call_that_goes_on(self) -> None:
        """A live user in it, and a guest who has left it and will be counted."""
        room = self.room()
        user = self.user(room, 1, self.now)
        self.attend(user, 7)
        self.attend(self.guest(room, self.dead), 0)
        for age in (HOUR, timedelta(0)):
            self.signal(user.sessions.get(), age)

    def room_of_guests_alone(self) -> None:
        """Its people are dead, so that it will be empty; one is named in it alone."""
        room = RoomFactory()
        for name in ("", "Gwen"):
            participant = self.guest(room, self.dead, display_name=name)
            assert participant.guest is not None
            self.promote(room, participant.guest)
        talker = self.guest(room, self.dead)
        self.write(room, talker.guest, text="anybody here?")

    def half_a_pair(self) -> None:
        """Somebody waits in vain, and has not fetched what they were sent."""
        room = RoomFactory(type=RoomType.ONE_TO_ONE)
        self.signal(self.user(room, 1, self.now).sessions.get(), HOUR)

    def rooms_without_anybody(self) -> None:
        """One of nobody, and one of an object of the site."""
        RoomFactory()
        number = Room.objects.count()
        RoomFactory(object_type="blog.article", object_id=str(number))

    def guests_of_yesterday(self) -> None:
        """Who has no place any more: with and without a name, a word, a promotion."""
        room = self.room()
        GuestFactory()
        GuestFactory(display_name="Gwen")
        self.write(room, GuestFactory(), text="bye")
        self.promote(room, GuestFactory(display_name="Greta"))
        self.promote(room, GuestFactory())
