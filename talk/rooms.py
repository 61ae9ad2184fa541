"""Rooms of a site's own objects, such as the discussion of an article. Public API.

::

    from talk.rooms import get_or_create_room

    room = get_or_create_room(article, name=article.title, owner=article.author)
"""

from __future__ import annotations

from talk.domain.room_objects import find_room, get_or_create_room

__all__ = ["find_room", "get_or_create_room"]
