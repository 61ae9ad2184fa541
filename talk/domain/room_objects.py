"""Rooms that belong to a site's own objects, such as the discussion of an article.

::

    room = get_or_create_room(article, name=article.title, owner=article.author)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError
from django.db.models import Model
from django.utils import timezone

from talk.constants import OBJECT_FIELD_MAX, ROOM_NAME_LENGTH_MAX, RoomType
from talk.domain.room_creation import create_bound_room
from talk.domain.text import require_text
from talk.exceptions import Invalid
from talk.models import Room, on_write_database

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def find_room(instance: Model) -> Room | None:
    """Return the room of a saved object of the site; None when it has no room."""
    object_type, object_id = _key(instance)
    return Room.objects.filter(object_type=object_type, object_id=object_id).first()


def get_or_create_room(
    instance: Model,
    *,
    name: str,
    owner: User | None = None,
    room_type: RoomType = RoomType.PUBLIC,
) -> Room:
    """Return the room of a saved object of the site; create it when it has no room.

    An object never has two rooms, even if several requests call this at once. `name`,
    `owner` and `room_type` are used only when the room is created. Without an owner,
    the new room has no participants. The room is not deleted when its last participant
    leaves, nor together with the object; a site that wants that has to delete the room.

    Raises:
        Invalid: the object is not saved yet, or its key is longer than 64 characters;
            or the name has more than 255 characters, or some that cannot be stored.

    API: `objectType` and `objectId` of a room.
    """
    room = find_room(instance)
    if room is not None:
        return room
    require_text(name, longest=ROOM_NAME_LENGTH_MAX)
    object_type, object_id = _key(instance)
    try:
        return create_bound_room(
            object_type=object_type,
            object_id=object_id,
            type=room_type,
            name=name,
            owner=owner,
            now=timezone.now(),
        )
    except IntegrityError:
        rooms = Room.objects.filter(object_type=object_type, object_id=object_id)
        room = on_write_database(rooms).first()
        if room is None:
            raise
        return room


def _key(instance: Model) -> tuple[str, str]:
    """Return `objectType` and `objectId`: the label of the model, and the key."""
    model = instance._meta.concrete_model or type(instance)  # noqa: SLF001 - as below
    object_type, object_id = model._meta.label_lower, str(instance.pk)  # noqa: SLF001 - Django's documented name
    is_new = instance._state.adding  # noqa: SLF001 - as above
    if is_new or max(len(object_type), len(object_id)) > OBJECT_FIELD_MAX:
        raise Invalid("The object has no key that a room can be bound to.")
    return object_type, object_id
