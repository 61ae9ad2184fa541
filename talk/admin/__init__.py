"""Talk in the Django admin, for the site's staff: one module per model.

Modules:

    app_password    app passwords
    base            the base of all model admins: fast lists, actions that ask
    filters         filters of lists
    forms           the form of rooms
    guest           guests
    links           links between admin pages, and names
    message         messages
    message_export  exporting the messages of rooms as JSON lines
    participant     participants
    room            rooms, and actions on them
    session         sessions
    user_search     searching by user name with indexes
"""

from __future__ import annotations

from talk.admin.app_password import AppPasswordAdmin
from talk.admin.guest import GuestAdmin
from talk.admin.message import MessageAdmin
from talk.admin.participant import ParticipantAdmin
from talk.admin.room import RoomAdmin
from talk.admin.session import SessionAdmin

__all__ = [
    "AppPasswordAdmin",
    "GuestAdmin",
    "MessageAdmin",
    "ParticipantAdmin",
    "RoomAdmin",
    "SessionAdmin",
]
