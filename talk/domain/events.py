"""Events: what has happened, and what every consumer does about it after the commit.

Domain functions call `record` inside their transaction. Once that has committed, all
its events go to the consumers in this order:

1. `hand_over`: the message caches of this process get new comments, so that the hints
   that follow wake waiters who need no query.
2. `hints`: all hints of the transaction are published together.
3. `server_updates` and `send_mail`: updates for external signaling servers, and mails,
   are queued.
4. `send_signals`: the signals of `talk.signals` are sent.
5. `notify`: the notifications of new comments are queued.

An event class has a method for each consumer that it concerns. The error of one
consumer is logged and harms no other. Under a transaction of the site, the order holds
for each outermost function of the domain.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django.dispatch import Signal

from talk import hints, signals
from talk.constants import ParticipantType, RoomType
from talk.domain import signaling_external
from talk.domain.access import Actor
from talk.domain.notifications import queue_notifications
from talk.domain.signaling_external import ServerUpdate
from talk.hints import Hint, HintKind
from talk.models import (
    Guest,
    Message,
    Names,
    Participant,
    Room,
    Session,
    SessionQuerySet,
    after_commit,
)
from talk.outgoing.mail import Invitation, send_invitation

if TYPE_CHECKING:
    from django.contrib.auth.models import User

logger = logging.getLogger("talk.events")

CommentListener = Callable[[Message, Names], None]
"""Called with a new comment and the display names of the users it mentions."""

_comment_listeners: set[CommentListener] = set()


def add_comment_listener(listener: CommentListener) -> None:
    """Call `listener` with each comment that this process has committed.

    In the thread that wrote it, and before the hint about it is published. Comments of
    guests are left out: only the database knows the current name of a guest.
    """
    _comment_listeners.add(listener)


def remove_comment_listener(listener: CommentListener) -> None:
    """Undo `add_comment_listener`."""
    _comment_listeners.discard(listener)


class Event:
    """Something that has happened. By default it concerns no consumer."""

    __slots__ = ()

    def hand_over(self) -> None:
        """Give a new comment to the comment listeners."""

    def hints(self) -> Sequence[Hint]:
        """Return the hints to publish."""
        return ()

    def server_updates(self) -> Sequence[ServerUpdate]:
        """Return the updates for external signaling servers.

        Called by `record`, in the transaction, and only if a server is configured.
        """
        return ()

    def send_mail(self) -> None:
        """Queue a mail."""

    def send_signals(self) -> None:
        """Send signals with `send_robust`."""

    def notify(self) -> None:
        """Queue notifications."""


def record(event: Event) -> None:
    """Give an event to all consumers after the commit, or at once without a transaction.

    A savepoint that is rolled back takes its events with it.
    """
    updates: Sequence[ServerUpdate] = ()
    if signaling_external.is_configured():
        updates = event.server_updates()
    after_commit(_dispatch, (event, updates))


def _dispatch(recorded: list[tuple[Event, Sequence[ServerUpdate]]]) -> None:
    """Give the events of a transaction to one consumer after the other."""
    for event, _ in recorded:
        _attempt(event.hand_over)
    _attempt(partial(_publish, recorded))
    for event, updates in recorded:
        for update in updates:
            _attempt(partial(signaling_external.queue_update, update))
        _attempt(event.send_mail)
    for event, _ in recorded:
        _attempt(event.send_signals)
    for event, _ in recorded:
        _attempt(event.notify)


def _publish(recorded: list[tuple[Event, Sequence[ServerUpdate]]]) -> None:
    hints.publish([hint for event, _ in recorded for hint in event.hints()])


def _attempt(step: Callable[[], None]) -> None:
    try:
        step()
    except Exception:
        logger.exception("A consumer of events has failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomEvent(Event):
    """`actor` has done something to `room`; signals tell the site about it."""

    room: Room
    actor: Actor

    def _send(self, signal: Signal, **arguments: Any) -> None:
        signal.send_robust(sender=Room, room=self.room, actor=self.actor, **arguments)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentPosted(RoomEvent):
    """A participant has posted a comment; `names` are of the users it mentions."""

    message: Message
    names: Names

    def hand_over(self) -> None:
        if self.message.actor_guest_id is None:
            for listener in tuple(_comment_listeners):
                # A copy, because receivers of signals may change their message.
                _attempt(partial(listener, copy(self.message), self.names))

    def hints(self) -> Sequence[Hint]:
        return (Hint(self.room.pk, self.message.position),)

    def server_updates(self) -> Sequence[ServerUpdate]:
        return signaling_external.updates_for_new_messages(token=self.room.token)

    def send_signals(self) -> None:
        self._send(signals.message_posted, message=self.message)

    def notify(self) -> None:
        queue_notifications(self.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesAppended(Event):
    """Messages were added to a room; `position` is that of the last one."""

    room_id: int
    token: str
    position: int

    def hints(self) -> Sequence[Hint]:
        return (Hint(self.room_id, self.position),)

    def server_updates(self) -> Sequence[ServerUpdate]:
        return signaling_external.updates_for_new_messages(token=self.token)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesChanged(Event):
    """Messages of a room were deleted, or their author has another name."""

    room_id: int

    def hints(self) -> Sequence[Hint]:
        return (Hint(self.room_id, kind=HintKind.DEPARTURE),)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomCreated(RoomEvent):
    """A room was created."""

    def send_signals(self) -> None:
        self._send(signals.room_created)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomDeleted(RoomEvent):
    """A room is being deleted; to be recorded while its participants exist."""

    def hints(self) -> Sequence[Hint]:
        return (Hint(self.room.pk, kind=HintKind.DEPARTURE),)

    def server_updates(self) -> Sequence[ServerUpdate]:
        return signaling_external.updates_for_deleted_room(room=self.room)

    def send_signals(self) -> None:
        self._send(signals.room_deleted)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomChanged(RoomEvent):
    """A property of a room was changed; `room` has the new one."""

    def hints(self) -> Sequence[Hint]:
        return (Hint(self.room.pk, kind=HintKind.ROOM),)

    def server_updates(self) -> Sequence[ServerUpdate]:
        return signaling_external.updates_for_changed_room(room=self.room)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomRenamed(RoomChanged):
    """A room was renamed."""

    old: str
    new: str

    def send_signals(self) -> None:
        self._send(signals.room_renamed, old_name=self.old, new_name=self.new)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomTypeChanged(RoomChanged):
    """A room became public, private or a group room."""

    old: RoomType
    new: RoomType

    def send_signals(self) -> None:
        self._send(signals.room_type_changed, old_type=self.old, new_type=self.new)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomPasswordChanged(RoomChanged):
    """A room's password was set or removed."""

    def send_signals(self) -> None:
        self._send(signals.room_password_changed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantsAdded(RoomEvent):
    """Users were added to a room, or joined it by its link."""

    participants: list[Participant]

    def server_updates(self) -> Sequence[ServerUpdate]:
        return signaling_external.updates_for_added_participants(
            room=self.room, participants=self.participants
        )

    def send_signals(self) -> None:
        self._send(signals.participants_added, participants=self.participants)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantsRemoved(Event):
    """Participants are being removed; to be recorded while their rows exist.

    Without an actor they have left by themselves. `is_rejoining` is for a guest whose
    browser is joining again at this moment.
    """

    room: Room
    actor: Actor | None
    participants: Sequence[Participant]
    is_rejoining: bool = False

    def hints(self) -> Sequence[Hint]:
        return (Hint(self.room.pk, kind=HintKind.DEPARTURE),)

    def server_updates(self) -> Sequence[ServerUpdate]:
        return signaling_external.updates_for_removed_participants(
            room=self.room,
            participants=self.participants,
            is_rejoining=self.is_rejoining,
        )

    def send_signals(self) -> None:
        for participant in self.participants:
            own = Actor(user=participant.user, guest=participant.guest)
            signals.participant_removed.send_robust(
                sender=Room,
                room=self.room,
                actor=self.actor or own,
                participant=participant,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantTypeChanged(RoomEvent):
    """A participant became a moderator, or stopped being one."""

    participant: Participant
    old: ParticipantType
    new: ParticipantType

    def server_updates(self) -> Sequence[ServerUpdate]:
        return signaling_external.updates_for_changed_room(room=self.room)

    def send_signals(self) -> None:
        self._send(
            signals.participant_type_changed,
            participant=self.participant,
            old_type=self.old,
            new_type=self.new,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarted(RoomEvent):
    """A participant has connected to a room."""

    session: Session

    def hints(self) -> Sequence[Hint]:
        user = self.actor.user
        if user is None:
            return ()
        # Processes may remember the user as a caller without this session.
        return (Hint(kind=HintKind.ACCOUNT, account=str(user.pk)),)

    def send_signals(self) -> None:
        self._send(signals.session_started, session=self.session)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsEnded(Event):
    """Sessions of a room are being deleted; to be recorded while they exist."""

    room_id: int
    sessions: SessionQuerySet

    def hints(self) -> Sequence[Hint]:
        return (Hint(self.room_id, kind=HintKind.DEPARTURE),)

    def server_updates(self) -> Sequence[ServerUpdate]:
        return signaling_external.updates_for_ended_sessions(sessions=self.sessions)


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceChanged(Event):
    """A room's sessions, in-call flags or guests' names have changed.

    `version` counts these changes.
    """

    room_id: int
    version: int

    def hints(self) -> Sequence[Hint]:
        return (Hint(self.room_id, self.version, HintKind.PRESENCE),)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted(RoomEvent):
    """The actor has started a call; `users` are the room's other users."""

    users: list[User]

    def send_signals(self) -> None:
        self._send(signals.call_started, users=self.users)


@dataclass(frozen=True, slots=True, kw_only=True)
class InCallFlagsChanged(Event):
    """Sessions of a room have joined or left the call, or send other media in it."""

    room: Room
    session_ids: Sequence[str]

    def server_updates(self) -> Sequence[ServerUpdate]:
        return signaling_external.updates_for_in_call_flags(
            room=self.room, session_ids=self.session_ids
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestRenamed(Event):
    """A guest has another display name."""

    guest: Guest

    def server_updates(self) -> Sequence[ServerUpdate]:
        return signaling_external.updates_for_renamed_guest(guest=self.guest)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailInvited(RoomEvent):
    """A moderator has invited an e-mail address to a room."""

    invitation: Invitation

    def send_mail(self) -> None:
        send_invitation(self.invitation)

    def send_signals(self) -> None:
        self._send(signals.email_invited, address=self.invitation.address)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalingQueued(Event):
    """Signaling messages were queued for sessions of a room."""

    room_id: int
    session_pks: Sequence[int]

    def hints(self) -> Sequence[Hint]:
        return [
            Hint(self.room_id, kind=HintKind.SIGNALING, session_pk=session_pk)
            for session_pk in self.session_pks
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChanged(Event):
    """An account was saved: its name or its rights may be different."""

    user_pk: object

    def hints(self) -> Sequence[Hint]:
        return (Hint(kind=HintKind.ACCOUNT, account=str(self.user_pk)),)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginsEnded(Event):
    """Logins of an account have ended; its callers must be admitted again."""

    user_pk: object

    def hints(self) -> Sequence[Hint]:
        return (Hint(kind=HintKind.LOGIN, account=str(self.user_pk)),)
