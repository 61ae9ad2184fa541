"""Mentions: parsing them, finding the mentioned users, and suggesting users."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Case, Value, When

from talk.adapters import get_adapter
from talk.constants import SEARCH_MAX
from talk.domain.access import Caller
from talk.models import Message, Participant, requires_transaction

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MENTION = re.compile(
    r"""
    (?<![^\ \t\n\r\f\v\-@.'])          # at the start, or after one of these
    @
    (?: "([A-Za-z0-9_\-@.'\ ]+)"         # in quotes, with spaces allowed
      | ([A-Za-z0-9_\-@.']+) )           # or without quotes
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Mention:
    """A mention of a user in a text, at `text[start:end]`."""

    user_id: str
    start: int
    end: int


def mentions_in(text: str) -> Iterator[Mention]:
    """Yield the mentions in a text, in order; their users may not exist.

    API: Sending a new chat message, `@<id>`.
    """
    if "@" in text:
        for match in MENTION.finditer(text):
            yield Mention(match[1] or match[2], match.start(), match.end())


def mentioned_ids(texts: Iterable[str]) -> list[str]:
    """Return the ids that texts mention, each once, in order of appearance."""
    ids = (mention.user_id for text in texts for mention in mentions_in(text))
    return list(dict.fromkeys(ids))


def find_mentioned(text: str) -> list[User]:
    """Return the users that a text mentions; one query, none without mentions."""
    user_ids = mentioned_ids([text])
    found = get_adapter().find_users(user_ids)
    return [found[user_id] for user_id in user_ids if user_id in found]


@requires_transaction
def note_mentions(*, message: Message, users: Iterable[User]) -> None:
    """Store that a comment mentions the `users` who are in its room.

    Part of writing the comment, under the room's lock.

    API: `unreadMention`.
    """
    participants = Participant.objects.filter(
        room=message.room_id, user__in=list(users)
    )
    participants.update(last_mention=message.comment_count)


def suggest_mentions(*, caller: Caller, search: str, limit: int) -> list[User]:
    """Return users of the caller's room whose id or display name contains `search`.

    Ignores case, matches everyone for an empty text, and leaves out the caller. Users
    are ordered by their last comment, newest first; after that, exact matches come
    first. One query for any number of participants.

    API: Get mention autocomplete suggestions.
    """
    if len(search) > SEARCH_MAX:
        return []
    participants = Participant.objects.filter(room=caller.room, user__isnull=False)
    if caller.user is not None:
        participants = participants.exclude(user=caller.user)
    order = ["-last_comment", "pk"]
    if search:
        match = get_adapter().match_users(search, path="user__")
        is_exact = Case(When(match.exact, then=Value(1)), default=Value(0))
        participants = participants.filter(match.exact | match.partial).annotate(
            is_exact=is_exact
        )
        order = ["-last_comment", "-is_exact", "pk"]
    found = participants.select_related("user").order_by(*order)[:limit]
    return [participant.user for participant in found if participant.user is not None]
