"""Participants: listing, adding, inviting and removing them."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from talk.adapters import get_adapter
from talk.api.authentication import django_request_of
from talk.api.base import OCSViewSet
from talk.api.parameters import LenientBooleanField, Parameters, TextField
from talk.conf import talk_settings
from talk.constants import RoomType
from talk.domain import (
    participant_invitations,
    participants,
    room_details,
)
from talk.domain.access import (
    Caller,
    find_caller,
    find_user_caller,
    require_moderator,
    require_user_moderator,
)
from talk.exceptions import Invalid
from talk.rendering.participants import render_participant

USERS, GROUPS, EMAILS = "users", "groups", "emails"
"""Values of `source`, the kind of thing that `newParticipant` names."""


class NewParticipantParameters(Parameters):
    """API: Add a participant to a room; Invite a guest by email."""

    newParticipant = TextField(source="new_participant")


class SourceParameters(Parameters):
    """API: Add a participant to a room."""

    isGroup = LenientBooleanField(source="is_group", default=False)
    source = TextField(default=None)  # type: ignore[assignment]  # a field, not an option


class ParticipantParameters(Parameters):
    """API: Delete a participant from a room; Remove a guest from a room."""

    participant = TextField()


class ParticipantViewSet(OCSViewSet):
    """`/room/{token}/participants`."""

    users_only = frozenset({"create"})

    def list(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Return the participants of the room."""
        caller = find_caller(identity=self.identity, token=token)
        now = timezone.now()
        members = room_details.list_participants(caller=caller, now=now)
        return Response([render_participant(member, now=now) for member in members])

    def create(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Add a user or all users of a group, or invite a guest by e-mail."""
        caller = find_caller(identity=self.identity, token=token)
        require_user_moderator(caller)
        source = _source_of(SourceParameters.read(self.raw_parameters))
        parameters = NewParticipantParameters.read(self.raw_parameters)
        new: str = parameters["new_participant"]
        now = timezone.now()
        if source == EMAILS:
            new_type = _invite(request, caller, new)
        elif source == GROUPS:
            new_type = participants.add_group(caller=caller, group_id=new, now=now)
        else:
            new_type = participants.add_user(caller=caller, user_id=new, now=now)
        return _type_response(new_type)

    def destroy(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Remove a user."""
        caller = find_caller(identity=self.identity, token=token)
        require_moderator(caller)
        parameters = ParticipantParameters.read(self.raw_parameters)
        participants.remove_user(
            caller=caller, user_id=parameters["participant"], now=timezone.now()
        )
        return Response()


class OwnParticipantViewSet(OCSViewSet):
    """`/room/{token}/participants/self`."""

    users_only = frozenset({"destroy"})

    def destroy(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Leave the room for good."""
        caller = find_caller(identity=self.identity, token=token)
        participants.remove_self(caller=caller, now=timezone.now())
        return Response()


class GuestViewSet(OCSViewSet):
    """`/room/{token}/participants/guests`."""

    def create(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Invite a guest by e-mail."""
        caller = find_user_caller(identity=self.identity, token=token)
        require_user_moderator(caller)
        parameters = NewParticipantParameters.read(self.raw_parameters)
        new_type = _invite(request, caller, parameters["new_participant"])
        return _type_response(new_type)

    def destroy(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Remove a guest."""
        caller = find_caller(identity=self.identity, token=token)
        require_moderator(caller)
        parameters = ParticipantParameters.read(self.raw_parameters)
        participants.remove_guest(
            caller=caller, session_id=parameters["participant"], now=timezone.now()
        )
        return Response()


def _source_of(parameters: dict[str, Any]) -> str:
    """Return the source; `source` takes precedence over the older `isGroup`.

    Raises:
        Invalid: the source is unknown.
    """
    source: str | None = parameters["source"]
    if source is None:
        return GROUPS if parameters["is_group"] else USERS
    if source not in (USERS, GROUPS, EMAILS):
        raise Invalid("source must be users, groups or emails.")
    return source


def _invite(request: Request, caller: Caller, address: str) -> RoomType | None:
    """Invite a guest with the URL of the room; return the room's type if it changes."""
    site = talk_settings().SITE_URL
    if not site:
        # The app's URLs may live below a prefix, and this request below them.
        prefix, _, _ = request.path.partition("/ocs/")
        site = django_request_of(request).build_absolute_uri(prefix or "/")
    url = get_adapter().room_url(caller.room.token, site.rstrip("/"))
    return participant_invitations.invite_by_email(
        caller=caller, address=address, url=url, now=timezone.now()
    )


def _type_response(new_type: RoomType | None) -> Response:
    """Return the response, which holds the room's type if that has changed."""
    return Response({"type": int(new_type)} if new_type is not None else None)
