"""Signals: sent to the site after the commit of what they announce. Public API.

Receivers are called with `send_robust`, in the thread of the request: an error in one
is logged and affects nothing else. The sender is the class `talk.models.Room`. Every
signal has the arguments `room` and `actor`. The actor has a `user` or a `guest`, or
neither when nobody in the room caused the change. To forbid something instead, see
`talk.adapters`.
"""

from __future__ import annotations

from django.dispatch import Signal

__all__ = [
    "call_started",
    "email_invited",
    "message_posted",
    "notifications_due",
    "participant_removed",
    "participant_type_changed",
    "participants_added",
    "room_created",
    "room_deleted",
    "room_password_changed",
    "room_renamed",
    "room_type_changed",
    "session_started",
]

# A room was created, with its first participants.
# Arguments: room, actor
room_created = Signal()

# A room was deleted with everything in it. `room` still has its key and token.
# Arguments: room, actor
room_deleted = Signal()

# A room was renamed.
# Arguments: room, actor, old_name, new_name
room_renamed = Signal()

# A room's type was changed. The types are members of `RoomType`.
# Arguments: room, actor, old_type, new_type
room_type_changed = Signal()

# A room's password was set, or removed if `room.password` is empty.
# Arguments: room, actor
room_password_changed = Signal()

# Users were added to a room, or joined it by its link. `participants` is a list.
# Arguments: room, actor, participants
participants_added = Signal()

# A participant was removed: by a moderator, by leaving for good, or with their last
# session or their account. `participant` still has its key, user or guest, and type.
# Arguments: room, actor, participant
participant_removed = Signal()

# A participant was promoted or demoted. The types are members of `ParticipantType`.
# Arguments: room, actor, participant, old_type, new_type
participant_type_changed = Signal()

# A participant connected to a room. `session.participant` is the participant.
# Arguments: room, actor, session
session_started = Signal()

# A guest was invited by e-mail. The mail is queued.
# Arguments: room, actor, address
email_invited = Signal()

# A call was started by its first participant. `users` is a list of the room's other
# users, who may want to be notified.
# Arguments: room, actor, users
call_started = Signal()

# Users should be notified of a comment. `notifications` is a list of
# `talk.notifications.Notification`; `talk.notification_texts` renders their texts.
# Sent off the request's thread, a moment after `message_posted`.
# Arguments: room, actor, notifications
notifications_due = Signal()

# A comment was posted. `message` is the comment; system messages send no signal.
# Arguments: room, actor, message
message_posted = Signal()
