"""Requests from external signaling servers."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from talk.adapters import get_adapter
from talk.domain.participants import find_account
from talk.domain.presence import ping_sessions
from talk.domain.sessions import leave_by_session
from talk.domain.signaling_tickets import is_valid_ticket
from talk.exceptions import Invalid, NotAllowed, NotFound
from talk.models import Participant, Room, Session, in_batches, on_write_database
from talk.outgoing.signaling_server import checksum, signaling_servers

if TYPE_CHECKING:
    from django.contrib.auth.models import User

RANDOM_MIN = 32
"""Characters of the random text in each signature."""

JOIN, LEAVE = "join", "leave"


def require_signature(*, random: str, signature: str, body: bytes) -> None:
    """Refuse a request unless one of our signaling servers has signed it.

    Raises:
        Invalid: the signature is wrong, or there is no server with a secret.

    API: External signaling, checksum.
    """
    is_valid = len(random) >= RANDOM_MIN and random.isascii() and signature.isascii()
    servers = signaling_servers() if is_valid else []
    expected = [
        checksum(secret=server.secret, random=random, body=body) for server in servers
    ]
    # Compare all, so that the time does not tell which one matches.
    matches = [hmac.compare_digest(one, signature.lower()) for one in expected]
    if not any(matches):
        raise Invalid("The signature is wrong.", code="invalid_request")


def find_ticket_owner(*, user_id: str, ticket: str) -> User | None:
    """Return the user who owns a ticket; None for a guest's ticket.

    Raises:
        NotAllowed: we did not make the ticket, or not for this user.
        NotFound: the account is gone or disabled.

    API: External signaling, `auth`.
    """
    if not is_valid_ticket(ticket=ticket, user_id=user_id):
        raise NotAllowed("The ticket is not valid.", code="invalid_ticket")
    if not user_id:
        return None
    user = find_account(user_id)
    if user is None or not user.is_active:
        raise NotFound("There is no such user.", code="no_such_user")
    return user


def join_or_leave(
    *, token: str, user_id: str, session_id: str, action: str, now: datetime
) -> Room:
    """Record that a client has joined or left a room on the server; return the room.

    Users must be participants, with any session. Guests are found by their session.
    Joining counts as a ping. Leaving ends the session, if it still exists. Other
    actions change nothing.

    Raises:
        NotFound: there is no such room, or the client is no participant of it.

    API: External signaling, `room`.
    """
    room = _find_room(token)
    participant = _find_participant(room, user_id=user_id, session_id=session_id)
    if action == LEAVE:
        leave_by_session(participant=participant, session_id=session_id, now=now)
    elif action in ("", JOIN):
        sessions = Session.objects.filter(
            participant=participant, session_id=session_id
        )
        ping_sessions(pks=list(sessions.values_list("pk", flat=True)), now=now)
    return room


def ping_connections(
    *, token: str, connections: Iterable[tuple[str, str]], now: datetime
) -> Room:
    """Set the last ping of sessions that the server is connected with; return the room.

    `connections` are pairs of a user id, empty for guests, and a session id. Ignores
    sessions that are gone or belong to another user.

    Raises:
        NotFound: there is no such room.

    API: External signaling, `ping`.
    """
    room = _find_room(token)
    owners = {session_id: user_id for user_id, session_id in connections}
    for batch in in_batches(sorted(owners)):
        sessions = Session.objects.filter(room=room, session_id__in=batch)
        pks = [
            session.pk
            for session in sessions.with_participants()
            if _owner_id(session.participant) == owners[session.session_id]
        ]
        ping_sessions(pks=pks, now=now)
    return room


def _find_room(token: str) -> Room:
    room = Room.objects.filter(token=token).first()
    if room is None:
        raise _no_such_room()
    return room


def _find_participant(room: Room, *, user_id: str, session_id: str) -> Participant:
    account = find_account(user_id) if user_id else None
    if account is not None:
        participants = Participant.objects.filter(room=room, user=account)
        participant = on_write_database(participants).with_names().first()
        if participant is not None:
            return participant
    sessions = Session.objects.filter(room=room, session_id=session_id)
    session = on_write_database(sessions).with_participants().first()
    if session is None:
        raise _no_such_room()
    return session.participant


def _no_such_room() -> NotFound:
    """Return the same error for non-participants, so that they learn nothing."""
    return NotFound("There is no such room.", code="no_such_room")


def _owner_id(participant: Participant) -> str:
    return (
        get_adapter().user_id(participant.user) if participant.user is not None else ""
    )
