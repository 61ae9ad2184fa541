"""Search users by the beginning of their user names, and their rooms, with indexes."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model

from talk.models import Participant

USERS_MAX = 20
"""Maximum number of users that a search considers; a longer term narrows it down."""

ROOMS_MAX = 2000
"""Maximum number of rooms that a search returns; longer lists are not useful."""


def find_user_ids(text: str) -> list[Any]:
    """Return the keys of users whose user name begins with a text; one query."""
    user_model = get_user_model()
    name = user_model.USERNAME_FIELD
    users = user_model._default_manager.filter(**{f"{name}__startswith": text})  # noqa: SLF001 - documented by Django
    return list(users.order_by(name).values_list("pk", flat=True)[:USERS_MAX])


def find_room_ids_of_users(text: str) -> list[int]:
    """Return the keys of rooms in which such users are participants; two queries."""
    participants = Participant.objects.filter(user__in=find_user_ids(text)).order_by()
    return list(participants.values_list("room", flat=True)[:ROOMS_MAX])
