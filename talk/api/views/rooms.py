"""Rooms: creating and listing them, and what moderators change about them."""

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
    participant_preferences,
    room_changes,
    room_creation,
    room_details,
)
from talk.domain.access import (
    find_caller,
    find_room,
    find_user_caller,
    require_moderator,
)
from talk.domain.room_creation import OpenedRoom
from talk.exceptions import Invalid
from talk.rendering.rooms import (
    render_opened,
    render_preview,
    render_room,
    render_rooms,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import User


HASH_HEADER = "X-Nextcloud-Talk-Hash"
MODIFIED_BEFORE_HEADER = "X-Nextcloud-Talk-Modified-Before"
"""Not part of v1; newer clients fail without them."""


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


class NotificationParameters(Parameters):
    """API: Set notification level."""

    level = LenientIntegerField()


class RoomViewSet(OCSViewSet):
    """`/room` and `/room/{token}`."""

    users_only = frozenset({"list", "create"})

    def list(self, request: Request, **kwargs: Any) -> Response:
        """Return the rooms of the user, favourites first, then by last activity."""
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
        """Create a room; 200 for a one-to-one room that was there already."""
        given = CreateRoomParameters.read(self.values)
        now = timezone.now()
        opened = _open(user=self.user, given=given, now=now)
        return Response(render_opened(opened), status=201 if opened.is_new else 200)

    def retrieve(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Return one room, in full to its participants."""
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
        given = RenameParameters.read(self.values)
        room_changes.rename_room(caller=caller, name=given["name"], now=timezone.now())
        return Response()

    def destroy(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Delete the room."""
        room_changes.delete_room(
            caller=find_caller(identity=self.identity, token=token)
        )
        return Response()


class PublicViewSet(OCSViewSet):
    """`/room/{token}/public`: whether everybody with the link may join."""

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
        """Set or remove the password."""
        caller = find_caller(identity=self.identity, token=token)
        room_changes.require_password_right(caller)
        given = PasswordParameters.read(self.values)
        room_changes.set_password(
            caller=caller, password=given["password"], now=timezone.now()
        )
        return Response()


class FavoriteViewSet(OCSViewSet):
    """`/room/{token}/favorite`."""

    def create(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Pin the room to the top of the user's list."""
        caller = find_user_caller(identity=self.identity, token=token)
        participant_preferences.set_favorite(caller=caller, favorite=True)
        return Response()

    def destroy(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Let go of the room."""
        caller = find_user_caller(identity=self.identity, token=token)
        participant_preferences.set_favorite(caller=caller, favorite=False)
        return Response()


class NotificationViewSet(OCSViewSet):
    """`/room/{token}/notify`."""

    def create(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Set the user's notification level."""
        caller = find_user_caller(identity=self.identity, token=token)
        given = NotificationParameters.read(self.values)
        participant_preferences.set_notification_level(
            caller=caller, level=given["level"]
        )
        return Response()


def _open(*, user: User, given: dict[str, Any], now: datetime) -> OpenedRoom:
    """Create the room, or find the one-to-one room that is there already.

    Raises:
        Invalid: there is no such room type.
    """
    if given["room_type"] not in RoomType.values:
        raise Invalid("roomType must be 1, 2 or 3.")
    room_type = RoomType(given["room_type"])
    invite: str = given["invite"]
    if room_type is RoomType.ONE_TO_ONE:
        return room_creation.get_or_create_one_to_one(user=user, invite=invite, now=now)
    if room_type is RoomType.GROUP and invite:
        room = room_creation.create_group_room(user=user, invite=invite, now=now)
    else:
        room = room_creation.create_room(
            user=user, type=room_type, name=given["name"], now=now
        )
    return OpenedRoom(room=room, is_new=True)
