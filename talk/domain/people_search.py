"""Searching for users, groups and mail addresses to invite."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Case, QuerySet, Value, When

from talk.adapters import get_adapter
from talk.constants import SEARCH_MAX, TOKEN_PATTERN
from talk.domain.access import Identity, find_caller
from talk.domain.text import is_email_address
from talk.exceptions import NotFound
from talk.models import Participant, Room

if TYPE_CHECKING:
    from django.contrib.auth.models import User

BATCHES_MAX = 5
"""Pages of accounts that a search reads when the adapter leaves many of them out as
unreachable."""


class Source(IntEnum):
    """Kinds of matches, with the numbers of `shareTypes`."""

    USERS = 0
    GROUPS = 1
    EMAILS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A search result; `is_exact` if its id or label equals the search text."""

    source: Source
    id: str
    label: str
    is_exact: bool


def search_people(
    *, user: User, search: str, sources: Collection[int], token: str, limit: int
) -> list[Match]:
    """Return users, groups and mail addresses that match `search`, exact ones first.

    Matches active users by a part of their id or display name, ignoring case, and
    groups. An empty text matches all. Returns at most `limit` of each source. Leaves
    out the user, and the participants of the room with `token` if the user is one of
    them. A mail address matches itself if the user may invite by mail.

    One query for accounts, more only when most of them are unreachable for the user;
    one each for the room and for groups.

    API: Searching people.
    """
    if len(search) > SEARCH_MAX:
        return []
    matches: list[Match] = []
    if Source.USERS in sources:
        matches += _search_users(user, search, _room_of(user, token), limit)
    if Source.GROUPS in sources:
        matches += _search_groups(user, search, limit)
    if Source.EMAILS in sources and _may_invite(user, search):
        email = Match(source=Source.EMAILS, id=search, label=search, is_exact=True)
        matches.append(email)
    return sorted(matches, key=lambda match: not match.is_exact)


def _room_of(user: User, token: str) -> Room | None:
    if re.fullmatch(TOKEN_PATTERN, token) is None:
        return None
    try:
        return find_caller(identity=Identity(user=user, device=None), token=token).room
    except NotFound:
        return None


def _search_users(
    user: User, search: str, room: Room | None, limit: int
) -> list[Match]:
    adapter, rows = get_adapter(), _candidates(user, search, room)
    matches: list[Match] = []
    for batch in range(BATCHES_MAX):
        found = list(rows[batch * limit : (batch + 1) * limit])
        active = [candidate for candidate in found if candidate.is_active]
        matches += [
            Match(
                source=Source.USERS,
                id=adapter.user_id(candidate),
                label=adapter.display_name(candidate),
                is_exact=bool(candidate.is_exact),  # type: ignore[attr-defined]  # annotated
            )
            for candidate in adapter.reachable_users(user, active)
        ]
        if len(found) < limit or len(matches) >= limit:
            break
    return matches[:limit]


def _candidates(user: User, search: str, room: Room | None) -> QuerySet[User]:
    """Return accounts that match, in the order of the results."""
    adapter, user_model = get_adapter(), get_user_model()
    rows = adapter.searchable_users(user).exclude(pk=user.pk)
    if _has_field(user_model, "is_active"):
        rows = rows.filter(is_active=True)
    if room is not None:
        present = Participant.objects.filter(room=room, user__isnull=False)
        rows = rows.exclude(pk__in=present.values("user"))
    is_exact: Case | Value = Value(0)
    if search:
        match = adapter.match_users(search)
        rows = rows.filter(match.exact | match.partial)
        is_exact = Case(When(match.exact, then=Value(1)), default=Value(0))
    order = ("-is_exact", user_model.USERNAME_FIELD, "pk")
    return rows.annotate(is_exact=is_exact).order_by(*order)


def _search_groups(user: User, search: str, limit: int) -> list[Match]:
    return [
        Match(
            source=Source.GROUPS,
            id=group_id,
            label=group_id,
            is_exact=group_id.casefold() == search.casefold(),
        )
        for group_id in get_adapter().search_groups(user, search, limit)[:limit]
    ]


def _may_invite(user: User, search: str) -> bool:
    return is_email_address(search) and get_adapter().may_invite_by_email(user)


def _has_field(model: type[User], name: str) -> bool:
    try:
        model._meta.get_field(name)  # noqa: SLF001 - Django's documented name
    except FieldDoesNotExist:
        return False
    return True
