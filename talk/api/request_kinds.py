"""How `talk.asgi` serves the requests of the API."""

from __future__ import annotations

from enum import Enum, auto


class RequestKind(Enum):
    """The kinds of requests, by how they are served."""

    POLL = auto()
    """May wait. The view decides which of these requests do."""

    MESSAGE = auto()
    """Sends a message to a chat."""

    OTHER = auto()
    """Is answered at once."""
