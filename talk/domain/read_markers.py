"""What participants have read, across their coming and going."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import F

from talk.models import (
    Participant,
    ReadMarker,
    Room,
    on_write_database,
    requires_transaction,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """How far somebody has read a room, their last comment, the last mail about it.

    All are counts of the room's comments.
    """

    read_comments: int
    unread_deleted: int = 0
    last_comment: int = 0
    mailed_comments: int = 0


@requires_transaction
def keep(*, room: Room, participants: Sequence[Participant]) -> None:
    """Remember what users have read whose places in a locked room are about to go.

    Nothing is kept for guests, who never come back as themselves.

    API: `unreadMessages`.
    """
    ReadMarker.objects.bulk_create(
        ReadMarker(
            room=room,
            user_id=participant.user_id,
            read_comments=participant.read_comments,
            unread_deleted=participant.unread_deleted,
            last_comment=participant.last_comment,
            mailed_comments=participant.mailed_comments,
        )
        for participant in participants
        if participant.user_id is not None
    )


@requires_transaction
def forget_comments(*, room: Room, counts: Sequence[int]) -> None:
    """Take comments that are about to be deleted out of what is unread in a locked room.

    `counts` are the comments' own counts. A mention goes with its comment; an earlier
    one of the same person is not looked for, whose comment is still there to be read.
    For up to 500 comments: two queries a table, and one for each read marker among them.

    API: `unreadMessages`, `unreadMention`.
    """
    ordered = sorted(counts)
    if not ordered:
        return
    for rows in (
        Participant.objects.filter(room=room),
        ReadMarker.objects.filter(room=room),
    ):
        before = rows.filter(read_comments__lt=ordered[0])
        before.update(unread_deleted=F("unread_deleted") + len(ordered))
        among = rows.filter(read_comments__range=(ordered[0], ordered[-1] - 1))
        marks = (
            on_write_database(among).order_by().values_list("read_comments", flat=True)
        )
        for mark in marks.distinct():
            unread = len(ordered) - bisect_right(ordered, mark)
            same = rows.filter(read_comments=mark)
            same.update(unread_deleted=F("unread_deleted") + unread)
    mentioned = Participant.objects.filter(room=room, last_mention__in=ordered)
    mentioned.update(last_mention=0)


def claim_mail(participant: Participant, *, comments: int) -> bool:
    """Tell whether somebody may be sent a mail about the comment with this count.

    True once, and again only after they have read up to that comment.
    """
    rows = Participant.objects.filter(pk=participant.pk)
    unclaimed = rows.filter(mailed_comments__lte=F("read_comments"))
    unread = unclaimed.filter(read_comments__lt=comments)
    return unread.update(mailed_comments=comments) == 1


@requires_transaction
def take_back(*, room: Room, users: Sequence[User]) -> list[Marks]:
    """Return what each of `users` has read and written who comes into a locked room.

    Who was there before goes on where they were; for others all is read.

    API: `unreadMessages`.
    """
    kept = ReadMarker.objects.filter(room=room, user__in=users)
    known = {
        marker.user_id: Marks(
            read_comments=marker.read_comments,
            unread_deleted=marker.unread_deleted,
            last_comment=marker.last_comment,
            mailed_comments=marker.mailed_comments,
        )
        for marker in on_write_database(kept)
    }
    if known:
        kept.delete()
    new = Marks(read_comments=room.comment_count)
    return [known.get(user.pk, new) for user in users]
