"""Participants: who is in a room, who joins and leaves it, who moderates it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from talk.adapters import get_adapter
from talk.api.authentication import remember_device, underlying, with_device
from talk.api.base import OCSViewSet
from talk.api.parameters import LenientBooleanField, Parameters, TextField
from talk.api.throttling import guest_join, password_attempt
from talk.conf import talk_settings
from talk.constants import RoomType
from talk.domain import (
    participant_invitations,
    participant_types,
    participants,
    room_details,
    sessions,
)
from talk.domain.access import (
    Caller,
    find_caller,
    find_room,
    find_user_caller,
    require_moderator,
    require_user_moderator,
)
from talk.exceptions import Invalid
from talk.rendering.participants import render_member

USERS, GROUPS, EMAILS = "users", "groups", "emails"
"""Values of `source`: what a new participant's id is the id of."""


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


class ModeratorParameters(Parameters):
    """API: Promote a user to a moderator; Demote a moderator to a user."""

    participant = TextField(default=None)
    sessionId = TextField(source="session_id", default=None)


class JoinRoomParameters(Parameters):
    """API: Join a room."""

    password = TextField(default="")


class ParticipantViewSet(OCSViewSet):
    """`/room/{token}/participants`."""

    users_only = frozenset({"create"})

    def list(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Return who is in the room."""
        caller = find_caller(identity=self.identity, token=token)
        now = timezone.now()
        members = room_details.list_members(caller=caller, now=now)
        return Response([render_member(member, now=now) for member in members])

    def create(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Add a user or the members of a group, or invite somebody by mail."""
        caller = find_caller(identity=self.identity, token=token)
        require_user_moderator(caller)
        source = _source(SourceParameters.read(self.values))
        new = NewParticipantParameters.read(self.values)["new_participant"]
        now = timezone.now()
        if source == EMAILS:
            new_type = _invite(request, caller, new)
        elif source == GROUPS:
            new_type = participants.add_group(caller=caller, group_id=new, now=now)
        else:
            new_type = participants.add_user(caller=caller, user_id=new, now=now)
        return _tell_type(new_type)

    def destroy(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Remove a user."""
        caller = find_caller(identity=self.identity, token=token)
        require_moderator(caller)
        given = ParticipantParameters.read(self.values)
        participants.remove_user(
            caller=caller, user_id=given["participant"], now=timezone.now()
        )
        return Response()


class OwnParticipantViewSet(OCSViewSet):
    """`/room/{token}/participants/self`."""

    users_only = frozenset({"destroy"})

    def destroy(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Leave for good."""
        caller = find_caller(identity=self.identity, token=token)
        participants.remove_self(caller=caller, now=timezone.now())
        return Response()


class GuestViewSet(OCSViewSet):
    """`/room/{token}/participants/guests`."""

    def create(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Invite somebody by mail."""
        caller = find_user_caller(identity=self.identity, token=token)
        require_user_moderator(caller)
        given = NewParticipantParameters.read(self.values)
        return _tell_type(_invite(request, caller, given["new_participant"]))

    def destroy(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Remove a guest."""
        caller = find_caller(identity=self.identity, token=token)
        require_moderator(caller)
        given = ParticipantParameters.read(self.values)
        participants.remove_guest(
            caller=caller, session_id=given["participant"], now=timezone.now()
        )
        return Response()


class ModeratorViewSet(OCSViewSet):
    """`/room/{token}/moderators`; an account is meant if both are named."""

    def create(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Promote a user or a guest."""
        caller, user_id, session_id = self._target(token)
        now = timezone.now()
        if user_id is not None:
            participant_types.promote_user(caller=caller, user_id=user_id, now=now)
        else:
            participant_types.promote_guest(
                caller=caller, session_id=session_id, now=now
            )
        return Response()

    def destroy(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Demote a user or a guest."""
        caller, user_id, session_id = self._target(token)
        now = timezone.now()
        if user_id is not None:
            participant_types.demote_user(caller=caller, user_id=user_id, now=now)
        else:
            participant_types.demote_guest(
                caller=caller, session_id=session_id, now=now
            )
        return Response()

    def _target(self, token: str) -> tuple[Caller, str | None, str]:
        """Return the caller, and whom they mean: an account's id, or a session's."""
        caller = find_caller(identity=self.identity, token=token)
        require_moderator(caller)
        given = ModeratorParameters.read(self.values)
        user_id, session_id = given["participant"], given["session_id"]
        if user_id is None and session_id is None:
            raise Invalid("participant or sessionId is needed.")
        return caller, user_id, session_id or ""


class ActiveParticipantViewSet(OCSViewSet):
    """`/room/{token}/participants/active`: being connected to a room."""

    def create(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Join: answer with the session id, and remember the device by its cookie."""
        room, caller = find_room(identity=self.identity, token=token)
        password: str = JoinRoomParameters.read(self.values)["password"]
        identity = with_device(request, self.identity)
        with ExitStack() as counted:
            if identity.user is None:
                counted.enter_context(guest_join(underlying(request)))
            # No password at all is no guess: it asks whether one is needed.
            if password and sessions.needs_password(room=room, caller=caller):
                counted.enter_context(password_attempt(underlying(request), token))
            session = sessions.join_room(
                identity=identity,
                room=room,
                caller=caller,
                password=password,
                now=timezone.now(),
            )
        remember_device(request, identity)
        return Response({"sessionId": session.session_id})

    def destroy(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Leave. A 404 is no error here: what the device had is dropped all the same."""
        is_left = sessions.leave_room(
            identity=self.identity, token=token, now=timezone.now()
        )
        return Response(status=200 if is_left else 404)


def _source(given: dict[str, Any]) -> str:
    """Return what is added; `source` decides over the older `isGroup`.

    Raises:
        Invalid: there is no such source.
    """
    source: str | None = given["source"]
    if source is None:
        return GROUPS if given["is_group"] else USERS
    if source not in (USERS, GROUPS, EMAILS):
        raise Invalid("source must be users, groups or emails.")
    return source


def _invite(request: Request, caller: Caller, address: str) -> RoomType | None:
    site = talk_settings().SITE_URL
    if not site:
        # The app's URLs may live below a prefix, and this request below them.
        prefix, _, _ = request.path.partition("/ocs/")
        site = underlying(request).build_absolute_uri(prefix or "/")
    url = get_adapter().room_url(caller.room.token, site.rstrip("/"))
    return participant_invitations.invite_by_email(
        caller=caller, address=address, url=url, now=timezone.now()
    )


def _tell_type(new_type: RoomType | None) -> Response:
    """Answer with the room's type if it has changed."""
    return Response({"type": int(new_type)} if new_type is not None else None)
