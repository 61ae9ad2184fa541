"""Telling the site what has happened, once it is true."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.dispatch import Signal

from talk.domain.access import Actor
from talk.models import Room, after_commit


def announce(signal: Signal, *, room: Room, actor: Actor, **arguments: Any) -> None:
    """Send a signal of `talk.signals` after commit; its errors are logged by Django."""
    after_commit(
        partial(signal.send_robust, sender=Room, room=room, actor=actor, **arguments)
    )
