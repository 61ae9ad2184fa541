"""Template tags that put rooms into the pages of a site: ``{% load talk %}``."""

from __future__ import annotations

from typing import Any

from django import template
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model
from django.http import HttpRequest
from django.template import Context

from talk.constants import ROOM_NAME_MAX
from talk.domain.room_objects import get_or_create_room
from talk.models import Room
from talk.web.embedding import assets_context, room_context

register = template.Library()


@register.inclusion_tag("talk/room.html", takes_context=True)
def talk_room(context: Context, room: Room) -> dict[str, Any]:
    """Show a room to those who may see it; to others, that it is not for them."""
    return room_context(_request(context), room)


@register.inclusion_tag("talk/room.html", takes_context=True)
def talk_room_for(context: Context, instance: Model, name: str = "") -> dict[str, Any]:
    """Show the room of an object of the site, which is created when it is first shown.

    It is public, without an owner, and called like the object unless there is a
    `name`. For another room, call `get_or_create_room` in the view.
    """
    name = (name or str(instance))[:ROOM_NAME_MAX]
    return room_context(_request(context), get_or_create_room(instance, name=name))


@register.inclusion_tag("talk/assets.html", takes_context=True)
def talk_assets(context: Context) -> dict[str, Any]:
    """Load the script of rooms here, where the first room of the page would.

    For pages whose rooms stand in fragments that are cached.
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
