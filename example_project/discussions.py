"""The room of an article."""

from __future__ import annotations

from django.contrib.auth.models import User

from example_project.models import Article
from talk.constants import RoomType
from talk.models import Room
from talk.rooms import get_or_create_room


def open_discussion(article: Article, *, owner: User) -> Room:
    """Return the room of an article; the first one to open it moderates it."""
    room_type = RoomType.GROUP if article.is_for_members else RoomType.PUBLIC
    return get_or_create_room(
        article, name=article.title, owner=owner, room_type=room_type
    )
