"""Inviting guests by e-mail."""

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
    """Send the room's link to an e-mail address, and make the room public.

    `url` is the link. The mail leaves after the commit, in the caller's language, and
    contains no password. The address is not stored. Returns the room's new type if it
    has changed.

    Raises:
        Invalid: the address is not an e-mail address.
        NotFound: the room is gone, or the caller is no longer a participant.
        NotAllowed: the caller is not a moderator with an account, or the site does not
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
