"""Inviting people by mail who have no account."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import get_language

from talk.adapters import get_adapter
from talk.constants import RoomType
from talk.domain import events, room_types
from talk.domain.access import Caller, lock_caller, require_user_moderator
from talk.domain.text import is_email_address
from talk.exceptions import Invalid, NotAllowed
from talk.models import atomic
from talk.outgoing.mail import Invitation


def invite_by_email(
    *, caller: Caller, address: str, url: str, now: datetime
) -> RoomType | None:
    """Send somebody a mail with the room's link, and make the room public for them.

    `url` is that link. The mail leaves after commit, in the caller's language, and
    holds no password. No trace of the person is kept. Returns the room's new type
    when that changed.

    Raises:
        Invalid: the address is none.
        NotFound: the room or the caller's place in it is gone.
        NotAllowed: the caller is no moderator with an account, or the site does not
            let them invite.

    API: Invite a guest by email; Add a participant to a room, with `source=emails`.
    """
    if not is_email_address(address):
        raise Invalid("This is no e-mail address.")
    if caller.user is not None and not get_adapter().may_invite_by_email(caller.user):
        raise NotAllowed
    return _invite(caller=caller, address=address, url=url, now=now)


@atomic
def _invite(
    *, caller: Caller, address: str, url: str, now: datetime
) -> RoomType | None:
    caller = lock_caller(caller)
    require_user_moderator(caller)
    adapter, room = get_adapter(), caller.room
    is_changed = room_types.make_public(room=room, actor=caller.actor, now=now)
    invitation = Invitation(
        address=address,
        inviter=adapter.display_name(caller.user) if caller.user is not None else "",
        room_name=room.name,
        url=url,
        language=get_language() or "en",
    )
    events.record(
        events.EmailInvited(room=room, actor=caller.actor, invitation=invitation)
    )
    return RoomType.PUBLIC if is_changed else None
