"""Polls: authenticate, join the group, query, wait for the group, query again."""

from __future__ import annotations

import asyncio
import json
from http.cookies import SimpleCookie
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.http import AsyncHttpConsumer
from channels.layers import get_channel_layer
from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest
from django.utils import timezone

from talk.api.devices import DEVICE_KEY
from talk.models import Message, Participant, Session, SignalingMessage
from tests.benchmarks.plain.rendering import group_of, render_message, wrap

TIMEOUT_MAX = 60
SIGNALING_SECONDS = 30

waiting: set[Any] = set()
"""The waiting consumers, whose number `/waiters` returns."""


class PollConsumer(AsyncHttpConsumer):
    """Waits in a group of the channel layer; each request has its own channel."""

    # Channels would listen to a channel of the consumer, but dispatch nothing while it waits.
    channel_layer_alias = None

    async def handle(self, body: bytes) -> None:
        """Respond when there is news, or the timeout has passed."""
        self.token = self.scope["path"].rpartition("/")[2]
        self.given = parse_qs(self.scope["query_string"].decode())
        self.session = await database_sync_to_async(self.admit)()
        if self.session is None:
            await self.send_response(404, json.dumps(wrap(404, [])).encode())
            return
        layer = get_channel_layer()
        channel = await layer.new_channel()
        await layer.group_add(group_of(self.token), channel)
        try:
            found = await self.wait(layer, channel)
        finally:
            await layer.group_discard(group_of(self.token), channel)
        await self.answer(found)

    async def wait(self, layer: Any, channel: str) -> Any:
        """Query, then wait for the group, until there is news or the timeout has passed."""
        end = asyncio.get_running_loop().time() + self.seconds
        while not (found := await database_sync_to_async(self.look)()):
            waiting.add(self)
            try:
                async with asyncio.timeout_at(end):
                    await layer.receive(channel)
            except TimeoutError:
                return None
            finally:
                waiting.discard(self)
        return found

    def admit(self) -> Session | None:
        """Return the caller's session in the room, and update its last ping."""
        cookies: SimpleCookie = SimpleCookie()
        for name, value in self.scope["headers"]:
            if name == b"cookie":
                cookies.load(value.decode())
        engine = import_module(settings.SESSION_ENGINE)
        request = HttpRequest()
        key = cookies.get(settings.SESSION_COOKIE_NAME)
        request.session = engine.SessionStore(key.value if key else None)
        user = get_user(request)
        if not user.is_authenticated:
            return None
        device = request.session.get(DEVICE_KEY)
        session = (
            Session.objects.select_related("room", "participant")
            .filter(room__token=self.token, participant__user=user, device=device)
            .first()
        )
        if session is not None:
            Session.objects.filter(pk=session.pk).update(last_ping=timezone.now())
        return session


class ChatConsumer(PollConsumer):
    """`GET chat` with `lookIntoFuture=1`."""

    @property
    def seconds(self) -> float:
        """The timeout that the client wants."""
        return min(float(self.given.get("timeout", ["30"])[0]), TIMEOUT_MAX)

    def admit(self) -> Session | None:
        """Mark all messages as read."""
        session = super().admit()
        if session is not None:
            seen = session.room.comment_count
            behind = Participant.objects.filter(
                pk=session.participant_id, read_comments__lt=seen
            )
            if session.participant.read_comments < seen:
                behind.update(read_comments=seen)
        return session

    def look(self) -> list[dict[str, Any]]:
        """Return the messages that are newer than the newest known one."""
        known = int(self.given["lastKnownMessageId"][0])
        rows = Message.objects.filter(room=self.session.room_id, pk__gt=known)
        rows = rows.select_related("actor_user", "actor_guest").order_by("pk")
        return [render_message(message, self.token) for message in rows[:200]]

    async def answer(self, found: Any) -> None:
        """Send the messages."""
        if not found:
            await self.send_response(304, b"")
            return
        last_given = str(found[-1]["id"]).encode()
        headers = [
            (b"Content-Type", b"application/json"),
            (b"X-Chat-Last-Given", last_given),
        ]
        body = json.dumps(wrap(200, found)).encode()
        await self.send_response(200, body, headers=headers)


class SignalingConsumer(PollConsumer):
    """`GET signaling`."""

    seconds = SIGNALING_SECONDS

    def look(self) -> list[dict[str, Any]] | None:
        """Take the queued messages; at the first and the last response, list the sessions."""
        rows = SignalingMessage.objects.filter(recipient=self.session).order_by("pk")
        messages = list(rows)
        is_first = (
            self.session.seen_presence_version < self.session.room.presence_version + 1
        )
        if not messages and not is_first:
            return None
        SignalingMessage.objects.filter(pk__in=[one.pk for one in messages]).delete()
        seen = self.session.room.presence_version + 1
        Session.objects.filter(pk=self.session.pk).update(seen_presence_version=seen)
        listed = [{"type": "message", "data": one.text} for one in messages]
        return [*listed, self.people()]

    def people(self) -> dict[str, Any]:
        """Return the sessions of the room."""
        rows = Session.objects.filter(room=self.session.room_id)
        users = [
            {
                "userId": row.participant.user.get_username(),
                "roomId": row.room_id,
                "lastPing": int(row.last_ping.timestamp()),
                "sessionId": row.session_id,
                "inCall": row.in_call,
            }
            for row in rows.select_related("participant__user")
        ]
        return {"type": "usersInRoom", "data": users}

    async def answer(self, found: Any) -> None:
        """Send the news."""
        if found is None:
            found = [await database_sync_to_async(self.people)()]
        headers = [(b"Content-Type", b"application/json")]
        body = json.dumps(wrap(200, found)).encode()
        await self.send_response(200, body, headers=headers)
