"""Rooms: creating, listing, showing, changing and deleting them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from talk.api.base import OCSViewSet
from talk.api.capabilities import configuration_hash
from talk.api.parameters import LenientIntegerField, Parameters, TextField
from talk.constants import RoomType
from talk.domain import (
    room_changes,
    room_creation,
    room_details,
)
from talk.domain.access import (
    find_caller,
    find_room,
    require_moderator,
)
from talk.domain.room_creation import OpenedRoom
from talk.exceptions import Invalid
from talk.rendering.rooms import (
    render_created_room,
    render_preview,
    render_room,
    render_rooms,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import User


HASH_HEADER = "X-Nextcloud-Talk-Hash"
MODIFIED_BEFORE_HEADER = "X-Nextcloud-Talk-Modified-Before"
"""Headers that v1 does not have, but newer clients need."""


class CreateRoomParameters(Parameters):
    """API: Creating a new room."""

    roomType = LenientIntegerField(source="room_type")
    invite = TextField(default="")
    roomName = TextField(source="name", default="")


class RenameParameters(Parameters):
    """API: Rename a room."""

    roomName = TextField(source="name")


class PasswordParameters(Parameters):
    """API: Set room password."""

    password = TextField()


class RoomViewSet(OCSViewSet):
    """`/room` and `/room/{token}`."""

    users_only = frozenset({"list", "create"})

    def list(self, request: Request, **kwargs: Any) -> Response:
        """Return the user's rooms: favorites first, then by last activity."""
        now = timezone.now()
        states = room_details.list_rooms(
            user=self.user, device=self.identity.device, now=now
        )
        headers = {
            HASH_HEADER: configuration_hash(),
            MODIFIED_BEFORE_HEADER: str(int(now.timestamp())),
        }
        return Response(render_rooms(states, now=now), headers=headers)

    def create(self, request: Request, **kwargs: Any) -> Response:
        """Create a room; return 200 if the one-to-one room already exists."""
        parameters = CreateRoomParameters.read(self.raw_parameters)
        opened = _open_room(user=self.user, parameters=parameters, now=timezone.now())
        status = 201 if opened.is_new else 200
        return Response(render_created_room(opened), status=status)

    def retrieve(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Return a room: in full to participants, as a preview to others."""
        room, caller = find_room(identity=self.identity, token=token)
        now = timezone.now()
        if caller is None:
            data = render_preview(room_details.preview_room(room=room, now=now))
        else:
            data = render_room(
                room_details.describe_room(caller=caller, now=now), now=now
            )
        return Response(data, headers={HASH_HEADER: configuration_hash()})

    def update(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Rename the room."""
        caller = find_caller(identity=self.identity, token=token)
        require_moderator(caller)
        parameters = RenameParameters.read(self.raw_parameters)
        room_changes.rename_room(
            caller=caller, name=parameters["name"], now=timezone.now()
        )
        return Response()

    def destroy(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Delete the room."""
        room_changes.delete_room(
            caller=find_caller(identity=self.identity, token=token)
        )
        return Response()


class PublicViewSet(OCSViewSet):
    """`/room/{token}/public`: whether anyone who has the link can join."""

    users_only = frozenset({"create", "destroy"})

    def create(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Make the room public."""
        caller = find_caller(identity=self.identity, token=token)
        room_changes.allow_guests(caller=caller, now=timezone.now())
        return Response()

    def destroy(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Make the room private."""
        caller = find_caller(identity=self.identity, token=token)
        room_changes.disallow_guests(caller=caller, now=timezone.now())
        return Response()


class PasswordViewSet(OCSViewSet):
    """`/room/{token}/password`."""

    def update(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Set the password, or remove it with an empty one."""
        caller = find_caller(identity=self.identity, token=token)
        room_changes.require_password_right(caller)
        parameters = PasswordParameters.read(self.raw_parameters)
        room_changes.set_password(
            caller=caller, password=parameters["password"], now=timezone.now()
        )
        return Response()


def _open_room(*, user: User, parameters: dict[str, Any], now: datetime) -> OpenedRoom:
    """Create the room, or find the one-to-one room that already exists.

    Raises:
        Invalid: the room type does not exist.
    """
    if parameters["room_type"] not in RoomType.values:
        raise Invalid("roomType must be 1, 2 or 3.")
    room_type = RoomType(parameters["room_type"])
    invite: str = parameters["invite"]
    if room_type is RoomType.ONE_TO_ONE:
        return room_creation.get_or_create_one_to_one(user=user, invite=invite, now=now)
    if room_type is RoomType.GROUP and invite:
        room = room_creation.create_group_room(user=user, invite=invite, now=now)
    else:
        room = room_creation.create_room(
            user=user, type=room_type, name=parameters["name"], now=now
        )
    return OpenedRoom(room=room, is_new=True)
