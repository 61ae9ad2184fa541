"""Signals: what has happened, told to the site after commit.

Receivers are called with `send_robust` once the transaction has committed, in the
thread of the request: an error in one is logged and harms nobody. The sender is the
class `talk.models.Room`. All of them get `room`, and `actor`, a `talk.domain.access.Actor`: the user or the guest who did it,
neither when nobody in the room did. To forbid things instead, see `talk.adapters`.
"""

from __future__ import annotations

from django.dispatch import Signal

# A room was created, with its first participants in it.
# Arguments: room, actor
room_created = Signal()

# A room was deleted with all that was in it. `room` still has its key and its token.
# Arguments: room, actor
room_deleted = Signal()

# A room got another name.
# Arguments: room, actor, old_name, new_name
room_renamed = Signal()

# A room became public, private or a group room. The types are `RoomType`s.
# Arguments: room, actor, old_type, new_type
room_type_changed = Signal()

# A room's password was set or, when `room.password` is empty now, removed.
# Arguments: room, actor
room_password_changed = Signal()

# Users got a place in a room, or took one by its link. `participants` is a list.
# Arguments: room, actor, participants
participants_added = Signal()

# Somebody lost their place: removed, left for good, gone with their last session or
# with the account. `participant` still has its key, its user or guest, and its type.
# Arguments: room, actor, participant
participant_removed = Signal()

# A participant became a moderator or stopped being one. The types are `ParticipantType`s.
# Arguments: room, actor, participant, old_type, new_type
participant_type_changed = Signal()

# Somebody connected to a room. `session` knows the participant.
# Arguments: room, actor, session
session_started = Signal()

# Somebody was invited by mail, which is on its way now.
# Arguments: room, actor, address
email_invited = Signal()

# The first one has joined a call. `users` is a list of those who may want to hear of it:
# everybody in the room but whoever started it.
# Arguments: room, actor, users
call_started = Signal()

# People are to be told of a comment. `notifications` is a list of
# `talk.notifications.Notification`; `talk.notification_texts` has the words.
# Sent off the request's thread, a moment after `message_posted`.
# Arguments: room, actor, notifications
notifications_due = Signal()

# Somebody said something. `message` is a comment, never a system message.
# Arguments: room, actor, message
message_posted = Signal()
