"""What was said in a room: handing it out whole, and taking lines out of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from talk.domain import events, read_markers
from talk.domain.messages import Page, read_newer
from talk.exceptions import NotFound
from talk.models import Message, Room, atomic, in_batches, on_write_database

EXPORT_BATCH = 500
"""Messages that an export holds in memory at a time."""


def read_all(*, room_id: int) -> Iterator[Page]:
    """Read a room's messages, oldest first, page by page; later ones may join in.

    Three queries a page of 500, each in a moment of its own, so that whoever takes
    long to receive them keeps nothing open.
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
    """Delete messages of a room, comments or not; return how many there were.

    Positions and counts of the others stay as they are, so that nobody who waits
    misses or repeats a line. A comment that somebody had not read yet is unread no
    more. If the last message goes, the one before it is the last; its time, which
    orders lists of rooms, remains. Clients are not told: the API has no words for it,
    and who has a message on the screen keeps it until they read the room again.

    Raises:
        NotFound: the room is gone.

    API: `lastMessage`, `unreadMessages`.
    """
    room = Room.objects.lock(room_id)
    if room is None:
        raise NotFound
    deleted = 0
    for some in in_batches(sorted(message_ids)):
        rows = Message.objects.filter(room=room, pk__in=some)
        comments = on_write_database(rows.comments())
        counts = list(comments.values_list("comment_count", flat=True))
        read_markers.subtract_deleted_comments(room=room, counts=counts)
        deleted += rows.delete()[0]
    if deleted:
        events.record(events.MessagesChanged(room_id=room.pk))
    return deleted
