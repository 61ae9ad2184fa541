"""Factories of the smallest valid rows."""

from __future__ import annotations

import secrets

import factory
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.utils import timezone

from talk.constants import ParticipantType, RoomType
from talk.domain.guests import actor_id_of
from talk.domain.room_creation import new_token
from talk.domain.sessions import new_session_id
from talk.models import AppPassword, Guest, Participant, Room, Session

PASSWORD = "correct horse"


class UserFactory(factory.django.DjangoModelFactory):
    """An account whose display name differs from its id; the password is `PASSWORD`."""

    class Meta:
        model = get_user_model()
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n}")
    first_name = factory.LazyAttribute(lambda user: user.username.title())
    last_name = "Example"
    password = factory.django.Password(PASSWORD)


class GroupFactory(factory.django.DjangoModelFactory):
    """A group of `django.contrib.auth`."""

    class Meta:
        model = Group

    name = factory.Sequence(lambda n: f"group{n}")


class AppPasswordFactory(factory.django.DjangoModelFactory):
    """An unused app password with an unknown text."""

    class Meta:
        model = AppPassword

    user = factory.SubFactory(UserFactory)
    label = "Bot"
    digest = factory.LazyFunction(lambda: secrets.token_hex(32))
    created_at = factory.LazyFunction(timezone.now)


class RoomFactory(factory.django.DjangoModelFactory):
    """A public room without participants and messages."""

    class Meta:
        model = Room

    token = factory.LazyFunction(new_token)
    type = RoomType.PUBLIC
    name = "Room"


class GuestFactory(factory.django.DjangoModelFactory):
    """A guest without a name."""

    class Meta:
        model = Guest

    actor_id = factory.LazyFunction(lambda: actor_id_of(new_session_id()))


class ParticipantFactory(factory.django.DjangoModelFactory):
    """A user as a participant of a room."""

    class Meta:
        model = Participant

    room = factory.SubFactory(RoomFactory)
    user = factory.SubFactory(UserFactory)
    type = ParticipantType.USER


class SessionFactory(factory.django.DjangoModelFactory):
    """A live session without a device."""

    class Meta:
        model = Session

    participant = factory.SubFactory(ParticipantFactory)
    room = factory.SelfAttribute("participant.room")
    session_id = factory.LazyFunction(new_session_id)
    last_ping = factory.LazyFunction(timezone.now)
