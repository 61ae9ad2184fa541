"""Handing out what was said in rooms: as much as there is, in little memory."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from functools import partial

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import translation
from django.utils.http import content_disposition_header

from talk.domain.message_history import read_all
from talk.models import Message, Names, Room
from talk.rendering.messages import render_message
from talk.rendering.readers import Reader

CONTENT_TYPE = "application/x-ndjson"


def export_rooms(request: HttpRequest, rooms: Sequence[Room]) -> HttpResponse:
    """Return an answer that streams all messages of these rooms, one a line.

    Each is a JSON object as the API shows it, in the active language, to somebody whom
    it does not concern.
    """
    name = rooms[0].token if len(rooms) == 1 else "rooms"
    lines = _lines_of(rooms, translation.get_language())
    parts: Iterator[str] | AsyncIterator[str] = lines
    if isinstance(request, ASGIRequest):
        parts = _without_blocking(lines)
    disposition = content_disposition_header(
        as_attachment=True, filename=f"talk-{name}.jsonl"
    )
    response = StreamingHttpResponse(parts, content_type=CONTENT_TYPE)
    response["Content-Disposition"] = disposition
    return response  # type: ignore[return-value]  # views may return either


def _lines_of(rooms: Iterable[Room], language: str | None) -> Iterator[str]:
    """Yield the lines of a page of messages at a time."""
    for room in rooms:
        for page in read_all(room_id=room.pk):
            # Answers are streamed when the request's own language is over.
            with translation.override(language):
                lines = [_line(message, room, page.names) for message in page.messages]
            yield "".join(lines)


def _line(message: Message, room: Room, names: Names) -> str:
    rendered = render_message(message, token=room.token, reader=Reader(), names=names)
    return json.dumps(rendered, ensure_ascii=False) + "\n"


async def _without_blocking(parts: Iterator[str]) -> AsyncIterator[str]:
    """Make parts in a thread; Django would collect all of them before the first leaves."""
    make = sync_to_async(partial(next, parts, None))
    while (part := await make()) is not None:
        yield part
