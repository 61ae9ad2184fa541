"""Template tags that embed rooms in the pages of a site: ``{% load talk %}``."""

from __future__ import annotations

from typing import Any

from django import template
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model
from django.http import HttpRequest
from django.template import Context

from talk.constants import ROOM_NAME_LENGTH_MAX
from talk.domain.room_objects import get_or_create_room
from talk.models import Room
from talk.web.embedding import assets_context, room_context

register = template.Library()


@register.inclusion_tag("talk/room.html", takes_context=True)
def talk_room(context: Context, room: Room) -> dict[str, Any]:
    """Show a room; show a notice instead if the user may not see it."""
    return room_context(_request(context), room)


@register.inclusion_tag("talk/room.html", takes_context=True)
def talk_room_for(context: Context, instance: Model, name: str = "") -> dict[str, Any]:
    """Show the room of an object of the site; create it when it is first shown.

    The room is public and has no owner. Its name is `name`, or the object's text. For
    another kind of room, call `get_or_create_room` in the view.
    """
    name = (name or str(instance))[:ROOM_NAME_LENGTH_MAX]
    return room_context(_request(context), get_or_create_room(instance, name=name))


@register.inclusion_tag("talk/assets.html", takes_context=True)
def talk_assets(context: Context) -> dict[str, Any]:
    """Load the script of rooms here instead of at the first room of the page.

    Use it on pages whose rooms are in cached template fragments.
    """
    return assets_context(_request(context))


def _request(context: Context) -> HttpRequest:
    request = context.get("request")
    if not isinstance(request, HttpRequest):
        raise ImproperlyConfigured(
            "Rooms in templates need 'django.template.context_processors.request', "
            "and a template that is rendered with its request."
        )
    return request
