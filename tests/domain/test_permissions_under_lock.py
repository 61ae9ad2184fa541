"""Callers who lose their rights between the view's check and the lock of the room."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from talk.constants import ParticipantType
from talk.domain import (
    calls,
    guests,
    messages,
    participant_invitations,
    participant_preferences,
    participant_types,
    participants,
    room_changes,
)
from talk.domain.access import Caller, Identity, find_caller
from talk.exceptions import NotAllowed, NotFound
from talk.models import Participant, Room, Session
from tests.api.helpers import put_guest_in, put_in, rows
from tests.factories import GroupFactory, RoomFactory, SessionFactory, UserFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2025, 1, 1, 12, tzinfo=UTC)
ADDRESS, URL = "gwen@example.org", "https://example.org/call/x"

Action = Callable[[Caller], Any]

FOR_MODERATORS: dict[str, Action] = {
    "rename": lambda c: room_changes.rename_room(caller=c, name="New", now=NOW),
    "delete": lambda c: room_changes.delete_room(caller=c),
    "make public": lambda c: room_changes.allow_guests(caller=c, now=NOW),
    "make private": lambda c: room_changes.disallow_guests(caller=c, now=NOW),
    "password": lambda c: room_changes.set_password(caller=c, password="x", now=NOW),
    "add a user": lambda c: participants.add_user(caller=c, user_id="dora", now=NOW),
    "add a group": lambda c: participants.add_group(caller=c, group_id="crew", now=NOW),
    "remove a user": lambda c: participants.remove_user(
        caller=c, user_id="bob", now=NOW
    ),
    "remove a guest": lambda c: participants.remove_guest(
        caller=c, session_id="guest", now=NOW
    ),
    "promote a user": lambda c: participant_types.promote_user(
        caller=c, user_id="bob", now=NOW
    ),
    "demote a user": lambda c: participant_types.demote_user(
        caller=c, user_id="mona", now=NOW
    ),
    "promote a guest": lambda c: participant_types.promote_guest(
        caller=c, session_id="guest", now=NOW
    ),
    "demote a guest": lambda c: participant_types.demote_guest(
        caller=c, session_id="guest moderator", now=NOW
    ),
    "invite": lambda c: participant_invitations.invite_by_email(
        caller=c, address=ADDRESS, url=URL, now=NOW
    ),
}
"""Everything that only moderators may do."""

FOR_PARTICIPANTS: dict[str, Action] = {
    "post": lambda c: messages.post_message(caller=c, text="hello", now=NOW),
    "join the call": lambda c: calls.join_call(caller=c, flags=7, now=NOW),
    "leave the call": lambda c: calls.leave_call(caller=c, now=NOW),
    "favorite": lambda c: participant_preferences.set_favorite(caller=c, favorite=True),
    "leave for good": lambda c: participants.remove_self(caller=c, now=NOW),
    **FOR_MODERATORS,
}
"""Everything that participants may do under the lock of the room."""


@pytest.fixture
def caller() -> Caller:
    """Alice, who was a moderator of a public room when her request was admitted."""
    room = RoomFactory(type=3)
    GroupFactory(name="crew").user_set.add(UserFactory(username="dora"))
    put_in(room.token, UserFactory(username="bob"))
    put_in(room.token, UserFactory(username="mona"), type=ParticipantType.MODERATOR)
    for type, name in ((4, "guest"), (6, "guest moderator")):
        participant = put_guest_in(room.token)
        Participant.objects.filter(pk=participant.pk).update(type=type)
        Session.objects.filter(participant=participant).update(
            session_id=name, device=name
        )
    alice = UserFactory(username="alice")
    own = put_in(room.token, alice, type=ParticipantType.MODERATOR)
    SessionFactory(participant=own, device="phone", last_ping=NOW)
    identity = Identity(user=alice, device="phone")
    return find_caller(identity=identity, token=room.token)


@pytest.mark.parametrize("action", FOR_PARTICIPANTS)
def test_a_moderator_may(caller: Caller, action: str) -> None:
    FOR_PARTICIPANTS[action](caller)


@pytest.mark.parametrize("action", FOR_MODERATORS)
def test_a_caller_who_was_demoted_meanwhile_may_not(
    caller: Caller, action: str
) -> None:
    Participant.objects.filter(pk=caller.participant.pk).update(
        type=ParticipantType.USER
    )
    before = rows()
    with pytest.raises(NotAllowed):
        FOR_MODERATORS[action](caller)
    assert rows() == before


@pytest.mark.parametrize("action", FOR_PARTICIPANTS)
def test_a_caller_who_was_removed_meanwhile_is_not_found(
    caller: Caller, action: str
) -> None:
    Participant.objects.filter(pk=caller.participant.pk).delete()
    before = rows()
    with pytest.raises(NotFound):
        FOR_PARTICIPANTS[action](caller)
    assert rows() == before


@pytest.mark.parametrize("action", FOR_PARTICIPANTS)
def test_a_room_that_was_deleted_meanwhile_is_not_found(
    caller: Caller, action: str
) -> None:
    Room.objects.all().delete()
    with pytest.raises(NotFound):
        FOR_PARTICIPANTS[action](caller)


def test_a_guest_of_a_deleted_room_is_not_renamed(caller: Caller) -> None:
    guest = Participant.objects.filter(guest__isnull=False).latest("pk").guest
    rename = partial(guests.rename_guest, guest=guest, room_id=caller.room.pk)
    Room.objects.all().delete()
    with pytest.raises(NotFound):
        rename(display_name="Gwen")


@pytest.mark.parametrize("session_id", ["guest", "guest moderator"])
def test_a_guest_has_no_preferences(caller: Caller, session_id: str) -> None:
    session = Session.objects.get(session_id=session_id)
    identity = Identity(user=None, device=session.device)
    guest = find_caller(identity=identity, token=caller.room.token)
    before = rows()
    with pytest.raises(NotFound):
        participant_preferences.set_favorite(caller=guest, favorite=True)
    with pytest.raises(NotFound):
        participant_preferences.set_notification_level(caller=guest, level=3)
    assert rows() == before
