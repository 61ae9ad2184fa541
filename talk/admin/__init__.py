"""Talk in the Django admin, for the site's staff: one module per model."""

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
