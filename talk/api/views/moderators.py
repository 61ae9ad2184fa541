"""Moderators: promoting participants, and demoting them."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from talk.api.base import OCSViewSet
from talk.api.parameters import Parameters, TextField
from talk.domain import participant_types
from talk.domain.access import Caller, find_caller, require_moderator
from talk.exceptions import Invalid


class ModeratorParameters(Parameters):
    """API: Promote a user to a moderator; Demote a moderator to a user."""

    participant = TextField(default=None)
    sessionId = TextField(source="session_id", default=None)


class ModeratorViewSet(OCSViewSet):
    """`/room/{token}/moderators`.

    If a request names both a user and a session, the user counts.
    """

    def create(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Promote a user or a guest to moderator."""
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
        """Demote a moderator, who becomes a user or a guest again."""
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
        """Return the caller, and a user id or the session id of a guest.

        Raises:
            Invalid: both ids are missing.
        """
        caller = find_caller(identity=self.identity, token=token)
        require_moderator(caller)
        parameters = ModeratorParameters.read(self.raw_parameters)
        user_id, session_id = parameters["participant"], parameters["session_id"]
        if user_id is None and session_id is None:
            raise Invalid("participant or sessionId is needed.")
        return caller, user_id, session_id or ""
