"""What external signaling servers ask us and report to us."""

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
"""Characters of the random text that makes every signature another one."""

JOIN, LEAVE = "join", "leave"


def require_signature(*, random: str, signature: str, body: bytes) -> None:
    """Refuse a request that none of our servers has signed.

    Raises:
        Invalid: the signature is wrong, or there is no server with a secret.

    API: External signaling, checksum.
    """
    is_whole = len(random) >= RANDOM_MIN and random.isascii() and signature.isascii()
    servers = signaling_servers() if is_whole else []
    expected = [
        checksum(secret=server.secret, random=random, body=body) for server in servers
    ]
    # All are compared, so that the time tells nothing about any.
    matches = [hmac.compare_digest(one, signature.lower()) for one in expected]
    if not any(matches):
        raise Invalid("The signature is wrong.", code="invalid_request")


def identify(*, user_id: str, ticket: str) -> User | None:
    """Return the account of the user who shows a ticket; None for a guest.

    Raises:
        NotAllowed: the ticket is not ours, or not this user's.
        NotFound: there is no such account any more, or it is disabled.

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


def enter_or_leave(
    *, token: str, user_id: str, session_id: str, action: str, now: datetime
) -> Room:
    """Note that somebody's connection has entered a room, or left it; return the room.

    Users need a place in the room, whatever their session; others are known by it.
    Entering counts as a ping. Leaving ends the session, if it is still there. Other
    actions change nothing.

    Raises:
        NotFound: there is no such room, or they have no place in it.

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
    """Note that sessions of a room are there; return the room.

    `connections` are pairs of a user id, empty for guests, and a session id. Those that
    do not belong together, or are gone, are left out.

    Raises:
        NotFound: there is no such room.

    API: External signaling, `ping`.
    """
    room = _find_room(token)
    owners = {session_id: user_id for user_id, session_id in connections}
    for some in in_batches(sorted(owners)):
        sessions = Session.objects.filter(room=room, session_id__in=some)
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
    """Return what a stranger is told as well, who learns nothing by it."""
    return NotFound("There is no such room.", code="no_such_room")


def _owner_id(participant: Participant) -> str:
    return (
        get_adapter().user_id(participant.user) if participant.user is not None else ""
    )
