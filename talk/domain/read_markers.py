"""Read markers: saved while users are away, adjusted for deleted comments and mails."""

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
class ReadState:
    """A participant's read marker, last comment, and last mail about the room.

    All are comment counts of the room.
    """

    read_comments: int
    unread_deleted: int = 0
    last_comment: int = 0
    mailed_comments: int = 0


@requires_transaction
def save_read_markers(*, room: Room, participants: Sequence[Participant]) -> None:
    """Save the read markers of users who are about to be removed from a locked room.

    Saves nothing for guests, who cannot come back as the same guest.

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
def restore_read_markers(*, room: Room, users: Sequence[User]) -> list[ReadState]:
    """Return and delete the saved read markers of users who enter a locked room.

    Returns a state for each of `users`, in order. A user without a saved one has read
    everything.

    API: `unreadMessages`.
    """
    saved = ReadMarker.objects.filter(room=room, user__in=users)
    states = {
        marker.user_id: ReadState(
            read_comments=marker.read_comments,
            unread_deleted=marker.unread_deleted,
            last_comment=marker.last_comment,
            mailed_comments=marker.mailed_comments,
        )
        for marker in on_write_database(saved)
    }
    if states:
        saved.delete()
    everything_read = ReadState(read_comments=room.comment_count)
    return [states.get(user.pk, everything_read) for user in users]


@requires_transaction
def subtract_deleted_comments(*, room: Room, counts: Sequence[int]) -> None:
    """Subtract comments that are about to be deleted from the unread counts of a room.

    `counts` are the comment counts of these comments; the room is locked. A mention in
    a deleted comment is cleared, and no earlier mention replaces it: the comment with
    that one is still there to be read. For at most 500 comments: two queries for each
    table, and one for each read marker between the comments.

    API: `unreadMessages`, `unreadMention`.
    """
    deleted = sorted(counts)
    if not deleted:
        return
    for rows in (
        Participant.objects.filter(room=room),
        ReadMarker.objects.filter(room=room),
    ):
        unread = rows.filter(read_comments__lt=deleted[0])
        unread.update(unread_deleted=F("unread_deleted") + len(deleted))
        partly_read = rows.filter(read_comments__range=(deleted[0], deleted[-1] - 1))
        markers = (
            on_write_database(partly_read)
            .order_by()
            .values_list("read_comments", flat=True)
        )
        for marker in markers.distinct():
            unread_count = len(deleted) - bisect_right(deleted, marker)
            same_marker = rows.filter(read_comments=marker)
            same_marker.update(unread_deleted=F("unread_deleted") + unread_count)
    mentioned = Participant.objects.filter(room=room, last_mention__in=deleted)
    mentioned.update(last_mention=0)


def claim_mail(participant: Participant, *, comments: int) -> bool:
    """Return whether to mail a participant about the comment with this count.

    Returns True once, and again only after the participant has read that comment.
    """
    rows = Participant.objects.filter(pk=participant.pk)
    unclaimed = rows.filter(mailed_comments__lte=F("read_comments"))
    unread = unclaimed.filter(read_comments__lt=comments)
    return unread.update(mailed_comments=comments) == 1
