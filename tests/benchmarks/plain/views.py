"""Immediate responses: ordinary Django views."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from talk.api.devices import DEVICE_KEY
from talk.models import Message, Participant, Room, Session, SignalingMessage
from tests.benchmarks.plain.rendering import (
    group_of,
    render_message,
    render_room,
    wrap,
)

View = Callable[..., HttpResponse]


def for_users(view: View) -> View:
    """Refuse anonymous requests, and those that another site may have sent."""

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, **found: str) -> HttpResponse:
        if not request.user.is_authenticated:
            return JsonResponse(wrap(401, []), status=401)
        if request.method != "GET" and request.headers.get("OCS-APIRequest") != "true":
            return JsonResponse(wrap(412, []), status=412)
        try:
            return view(request, **found)
        except (Participant.DoesNotExist, Session.DoesNotExist, Room.DoesNotExist):
            return JsonResponse(wrap(404, []), status=404)

    return guarded


@for_users
def chat(request: HttpRequest, token: str) -> HttpResponse:
    """Read the newest messages, or write one."""
    participant = _place(request, token)
    if request.method == "GET":
        rows = Message.objects.filter(room=participant.room).order_by("-pk")
        rows = rows.select_related("actor_user")[: int(request.GET["limit"])]
        return JsonResponse(wrap(200, [render_message(row, token) for row in rows]))
    with transaction.atomic():
        message = _write(participant, request.POST["message"].strip())
        transaction.on_commit(partial(_tell, token))
    return JsonResponse(wrap(201, render_message(message, token)), status=201)


@for_users
def list_rooms(request: HttpRequest) -> HttpResponse:
    """Return the rooms of the user."""
    participants = Participant.objects.filter(user=request.user).select_related("room")
    participants = participants.prefetch_related(
        "sessions", "room__participants__user", "room__participants__sessions"
    ).order_by("-favorite", "-room__last_activity")
    newest = Message.objects.filter(
        room__participants__user=request.user, position=F("room__last_position")
    ).select_related("actor_user")
    last = {message.room_id: message for message in newest}
    listed = [
        render_room(participant, last.get(participant.room_id))
        for participant in participants
    ]
    return JsonResponse(wrap(200, listed))


@for_users
@transaction.atomic
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Join a room."""
    room = Room.objects.select_for_update().get(token=token)
    participant = Participant.objects.get(room=room, user=request.user)
    device = request.session.setdefault(DEVICE_KEY, secrets.token_hex(32))
    Session.objects.filter(room=room, device=device).delete()
    session = Session.objects.create(
        room=room,
        participant=participant,
        device=device,
        session_id=secrets.token_hex(256),
        last_ping=timezone.now(),
    )
    room.presence_version += 1
    room.save(update_fields=["presence_version"])
    transaction.on_commit(partial(_tell, token))
    return JsonResponse(wrap(200, {"sessionId": session.session_id}))


@for_users
@transaction.atomic
def signal(request: HttpRequest, token: str) -> HttpResponse:
    """Send messages to other sessions of the room."""
    participant = _place(request, token)
    sender = Session.objects.get(
        participant=participant, device=request.session[DEVICE_KEY]
    )
    for element in json.loads(request.POST["messages"]):
        payload = {**json.loads(element["fn"]), "from": sender.session_id}
        SignalingMessage.objects.create(
            recipient=Session.objects.get(
                room=participant.room, session_id=payload["to"]
            ),
            sender_session_id=sender.session_id,
            text=json.dumps(payload),
            created_at=timezone.now(),
        )
    transaction.on_commit(partial(_tell, token))
    return JsonResponse(wrap(200, []))


def _place(request: HttpRequest, token: str) -> Participant:
    participants = Participant.objects.select_related("room")
    return participants.get(room__token=token, user=request.user)


def _write(participant: Participant, text: str) -> Message:
    """Write a message under the room's lock, so that no poll misses it."""
    room = Room.objects.select_for_update().get(pk=participant.room_id)
    room.last_position += 1
    room.comment_count += 1
    room.last_activity = timezone.now()
    room.save(update_fields=["last_position", "comment_count", "last_activity"])
    participant.read_comments = participant.last_comment = room.comment_count
    participant.save(update_fields=["read_comments", "last_comment"])
    return Message.objects.create(
        room=room,
        position=room.last_position,
        comment_count=room.comment_count,
        text=text,
        actor_type="users",
        actor_user=participant.user,
        created_at=room.last_activity,
    )


def _tell(token: str) -> None:
    """Wake the polls of the room."""
    message: dict[str, Any] = {"type": "room.changed"}
    async_to_sync(get_channel_layer().group_send)(group_of(token), message)
