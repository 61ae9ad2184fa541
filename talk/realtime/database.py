"""The functions of the domain and of the rendering that the engine runs in its threads."""

from __future__ import annotations

from talk.api.polls.chat import page_response
from talk.domain.access import participants_without_access
from talk.domain.messages import read_newer, read_on
from talk.domain.presence import ping_sessions, raise_read_markers
from talk.domain.progress import room_progress, room_versions
from talk.domain.sessions import ended_sessions
from talk.domain.signaling_internal import sessions_with_queued_messages
from talk.rendering.system_messages import readers_addressed


class Database:
    """The blocking functions with which the engine reads, writes and renders.

    A hub takes an object of this class, so that tests can pass one without a database.
    """

    room_versions = staticmethod(room_versions)
    room_progress = staticmethod(room_progress)
    read_on = staticmethod(read_on)
    read_newer = staticmethod(read_newer)
    ended_sessions = staticmethod(ended_sessions)
    participants_without_access = staticmethod(participants_without_access)
    sessions_with_queued_messages = staticmethod(sessions_with_queued_messages)
    ping_sessions = staticmethod(ping_sessions)
    raise_read_markers = staticmethod(raise_read_markers)
    page_response = staticmethod(page_response)
    readers_addressed = staticmethod(readers_addressed)
