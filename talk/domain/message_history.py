"""The messages of a whole room: reading all of them, and deleting some."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from talk.domain import events, read_markers
from talk.domain.messages import Page, read_newer
from talk.exceptions import NotFound
from talk.models import Message, Room, atomic, in_batches, on_write_database

EXPORT_BATCH = 500
"""Messages that an export keeps in memory at a time."""


def read_all(*, room_id: int) -> Iterator[Page]:
    """Yield a room's messages, oldest first, in pages.

    Three queries for each page of 500. There is no transaction around them, so a slow
    receiver keeps none open; messages that are written meanwhile are included.
    """
    after = 0
    while True:
        page = read_newer(room_id=room_id, after=after, limit=EXPORT_BATCH)
        if page.messages:
            yield page
        if len(page.messages) < EXPORT_BATCH:
            return
        after = page.messages[-1].pk


@atomic
def delete_messages(*, room_id: int, message_ids: Collection[int]) -> int:
    """Delete messages of a room, comments and system messages; return how many.

    Positions and counts of other messages stay, so that no waiter misses or repeats a
    message. Deleted comments no longer count as unread. If the last message is deleted,
    the one before it becomes the last; the time of the last activity, by which lists of
    rooms are sorted, stays. Clients are not told, because the API has no words for it:
    they show the message until they read the room again.

    Raises:
        NotFound: the room is gone.

    API: `lastMessage`, `unreadMessages`.
    """
    room = Room.objects.lock(room_id)
    if room is None:
        raise NotFound
    deleted = 0
    for batch in in_batches(sorted(message_ids)):
        rows = Message.objects.filter(room=room, pk__in=batch)
        comments = on_write_database(rows.comments())
        counts = list(comments.values_list("comment_count", flat=True))
        read_markers.subtract_deleted_comments(room=room, counts=counts)
        deleted += rows.delete()[0]
    if deleted:
        events.record(events.MessagesChanged(room_id=room.pk))
    return deleted
