"""What participants have read, across their coming and going."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db.models import F

from talk.models import Participant, ReadMarker, Room, primary, requires_transaction

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@requires_transaction
def keep(places: Sequence[Participant]) -> None:
    """Remember what users have read whose places in a locked room are about to go.

    Nothing is kept for guests, who never come back as themselves.

    API: `unreadMessages`.
    """
    ReadMarker.objects.bulk_create(
        ReadMarker(
            room_id=place.room_id,
            user_id=place.user_id,
            read_comments=place.read_comments,
        )
        for place in places
        if place.user_id is not None
    )


def claim_mail(place: Participant, *, comments: int) -> bool:
    """Tell whether somebody may be sent a mail about the comment with this count.

    True once, and again only after they have read up to that comment.
    """
    rows = Participant.objects.filter(pk=place.pk)
    unclaimed = rows.filter(mailed_comments__lte=F("read_comments"))
    unread = unclaimed.filter(read_comments__lt=comments)
    return unread.update(mailed_comments=comments) == 1


@requires_transaction
def take_back(*, room: Room, users: Sequence[User]) -> dict[User, int]:
    """Return up to which comment each of `users` has read who comes into a locked room.

    Who was there before goes on where they were; for others all is read.

    API: `unreadMessages`.
    """
    if not room.comment_count:
        return dict.fromkeys(users, 0)
    kept = ReadMarker.objects.filter(room=room, user__in=users)
    known = dict(primary(kept).values_list("user", "read_comments"))
    if known:
        kept.delete()
    return {user: known.get(user.pk, room.comment_count) for user in users}
