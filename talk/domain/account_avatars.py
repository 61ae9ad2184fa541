"""Avatars, which depend on the viewer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from talk.adapters import Picture, get_adapter
from talk.domain.participants import find_account
from talk.domain.text import require_text
from talk.exceptions import Invalid

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(frozen=True, kw_only=True)
class Avatar:
    """A picture or its URL.

    Without one, clients see the initials of `name` on a colour made from `key`.
    """

    key: str
    name: str
    picture: Picture | str | None = None


def find_avatar(*, viewer: User | None, user_id: str) -> Avatar:
    """Return the avatar of a user for `viewer`, who is None for anonymous requests.

    Unknown ids and users whom the viewer cannot reach have the same avatar: the first
    letter of the id. So the avatar does not tell whether an account exists. Display
    names are for viewers who can reach the user. One query.

    API: Avatars.
    """
    adapter, user = get_adapter(), _find_user(user_id)
    unknown = Avatar(key=user_id, name=user_id)
    if user is None:
        return unknown
    if viewer is None:
        return Avatar(key=user_id, name=user_id, picture=adapter.picture(user, None))
    if viewer != user and not adapter.reachable_users(viewer, [user]):
        return unknown
    name, picture = adapter.display_name(user), adapter.picture(user, viewer)
    return Avatar(key=user_id, name=name, picture=picture)


def _find_user(user_id: str) -> User | None:
    try:
        return find_account(require_text(user_id))
    except Invalid:
        return None
