"""Rooms: creating, listing, joining and leaving them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from talk.api.authentication import remember_device, with_device
from talk.api.base import OCSViewSet
from talk.api.capabilities import configuration_hash
from talk.api.parameters import LenientIntegerField, Parameters, TextField
from talk.constants import RoomType
from talk.domain import room_states, rooms, sessions
from talk.domain.access import find_caller, find_room
from talk.exceptions import Invalid
from talk.rendering.rooms import display_name_of, render_preview, render_room

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from talk.models import Room

HASH_HEADER = "X-Nextcloud-Talk-Hash"
MODIFIED_BEFORE_HEADER = "X-Nextcloud-Talk-Modified-Before"
"""Not part of v1; newer clients fail without them."""


class CreateRoomParameters(Parameters):
    """API: Creating a new room."""

    roomType = LenientIntegerField(source="room_type")
    invite = TextField(default="")
    roomName = TextField(source="name", default="")


class JoinRoomParameters(Parameters):
    """API: Join a room."""

    password = TextField(default="")


class RoomViewSet(OCSViewSet):
    """`/room` and `/room/{token}`."""

    users_only = frozenset({"list", "create"})

    def list(self, request: Request, **kwargs: Any) -> Response:
        """Return the rooms of the user, favourites first, then by last activity."""
        now = timezone.now()
        states = room_states.list_rooms(
            user=self.user, device=self.asker.device, now=now
        )
        headers = {
            HASH_HEADER: configuration_hash(),
            MODIFIED_BEFORE_HEADER: str(int(now.timestamp())),
        }
        data = [render_room(state, now=now) for state in states]
        return Response(data, headers=headers)

    def create(self, request: Request, **kwargs: Any) -> Response:
        """Create a room; 200 for a one-to-one room that was there already."""
        given = CreateRoomParameters.read(self.values)
        now = timezone.now()
        room, created = _create(user=self.user, given=given, now=now)
        caller = find_caller(asker=self.asker, token=room.token)
        state = room_states.describe_room(caller=caller, now=now)
        data = {
            "token": room.token,
            "name": room.name,
            "displayName": display_name_of(state, now=now),
        }
        return Response(data, status=201 if created else 200)

    def retrieve(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Return one room, in full to its participants."""
        room, caller = find_room(asker=self.asker, token=token)
        now = timezone.now()
        if caller is None:
            data = render_preview(room_states.preview_room(room=room, now=now))
        else:
            data = render_room(
                room_states.describe_room(caller=caller, now=now), now=now
            )
        return Response(data, headers={HASH_HEADER: configuration_hash()})


class ActiveParticipantViewSet(OCSViewSet):
    """`/room/{token}/participants/active`: being connected to a room."""

    def create(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Join: answer with the session id, and remember the device by its cookie."""
        room, caller = find_room(asker=self.asker, token=token)
        given = JoinRoomParameters.read(self.values)
        asker = with_device(request, self.asker)
        session = sessions.join_room(
            asker=asker,
            room=room,
            caller=caller,
            password=given["password"],
            now=timezone.now(),
        )
        remember_device(request, asker)
        return Response({"sessionId": session.session_id})

    def destroy(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Leave. A 404 is no error here: what the device had is dropped all the same."""
        is_left = sessions.leave_room(asker=self.asker, token=token, now=timezone.now())
        return Response(status=200 if is_left else 404)


def _create(*, user: User, given: dict[str, Any], now: datetime) -> tuple[Room, bool]:
    """Return the room, and whether it is new.

    Raises:
        Invalid: there is no such room type.
    """
    if given["room_type"] not in RoomType.values:
        raise Invalid("roomType must be 1, 2 or 3.")
    room_type = RoomType(given["room_type"])
    invite: str = given["invite"]
    if room_type is RoomType.ONE_TO_ONE:
        return rooms.get_or_create_one_to_one(user=user, invite=invite, now=now)
    if room_type is RoomType.GROUP and invite:
        return rooms.create_group_room(user=user, invite=invite, now=now), True
    room = rooms.create_room(user=user, type=room_type, name=given["name"], now=now)
    return room, True
