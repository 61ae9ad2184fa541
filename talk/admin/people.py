"""Finding what belongs to people whose user names staff know, by indexes alone."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model

from talk.models import Participant

PEOPLE_MAX = 20
"""Accounts that a search looks through; whoever wants more of them writes more of it."""

ROOMS_MAX = 2000
"""Rooms of theirs that a search shows; nobody reads more."""


def people_called(text: str) -> list[Any]:
    """Return the keys of accounts whose user name begins with a text; one query."""
    user_model = get_user_model()
    name = user_model.USERNAME_FIELD
    users = user_model._default_manager.filter(**{f"{name}__startswith": text})  # noqa: SLF001 - Django's own word
    return list(users.order_by(name).values_list("pk", flat=True)[:PEOPLE_MAX])


def rooms_of_people(text: str) -> list[int]:
    """Return the keys of rooms in which people are who are called so; two queries."""
    participants = Participant.objects.filter(user__in=people_called(text)).order_by()
    return list(participants.values_list("room", flat=True)[:ROOMS_MAX])
