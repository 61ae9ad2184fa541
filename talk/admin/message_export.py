"""Export the messages of rooms as JSON lines, streamed to save memory."""

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


def export_messages(request: HttpRequest, rooms: Sequence[Room]) -> HttpResponse:
    """Return a response that streams all messages of these rooms, one a line.

    Each line is the JSON object that the API would return, in the active language, to a
    reader whom the message does not mention or concern.
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
    """Yield the lines of one page of messages at a time."""
    for room in rooms:
        for page in read_all(room_id=room.pk):
            # The response is streamed after the request's language is deactivated.
            with translation.override(language):
                lines = [_line(message, room, page.names) for message in page.messages]
            yield "".join(lines)


def _line(message: Message, room: Room, names: Names) -> str:
    rendered = render_message(message, token=room.token, reader=Reader(), names=names)
    return json.dumps(rendered, ensure_ascii=False) + "\n"


async def _without_blocking(parts: Iterator[str]) -> AsyncIterator[str]:
    """Make parts in a thread; Django would collect all of them before sending any."""
    make = sync_to_async(partial(next, parts, None))
    while (part := await make()) is not None:
        yield part
