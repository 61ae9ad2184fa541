"""Display names for texts: of the users and guests that messages refer to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from talk.adapters import get_adapter
from talk.domain.mentions import mentioned_ids
from talk.domain.system_messages import guest_ids_in, user_ids_in
from talk.models import Guest, Message, Names

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def names_in(messages: Iterable[Message]) -> Names:
    """Return the names of the users and guests that messages mention or are about.

    Does not include their actors. One query for users and one for guests; none when
    there are no such users or guests.
    """
    found = list(messages)
    return Names(users=_user_names(found), guests=_guest_names(found))


def names_of(users: Iterable[User]) -> Names:
    """Return the names of these users; no query."""
    adapter = get_adapter()
    return Names(users={adapter.user_id(u): adapter.display_name(u) for u in users})


def _user_names(messages: list[Message]) -> dict[str, str]:
    adapter = get_adapter()
    mentioned = mentioned_ids(message.text for message in messages)
    users = adapter.find_users({*user_ids_in(messages), *mentioned})
    return {user_id: adapter.display_name(user) for user_id, user in users.items()}


def _guest_names(messages: list[Message]) -> dict[str, str]:
    guest_ids = guest_ids_in(messages)
    if not guest_ids:
        return {}
    guests = Guest.objects.filter(actor_id__in=guest_ids)
    return dict(guests.values_list("actor_id", "display_name"))
