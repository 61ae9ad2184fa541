"""URLs and links to rows and rooms, and the labels of participants."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db.models import Model
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html

from talk.adapters import get_adapter
from talk.admin.filters import ROOM
from talk.conf import talk_settings
from talk.models import Participant, Room
from talk.rendering.rich_objects import render_guest


def change_url(row: Model) -> str:
    """Return the URL of a row's change page."""
    return reverse(f"admin:talk_{row._meta.model_name}_change", args=[row.pk])  # noqa: SLF001 - documented by Django


def list_url(model: type[Model], *, room: Room) -> str:
    """Return the URL of the list of a model's rows in a room."""
    page = reverse(f"admin:talk_{model._meta.model_name}_changelist")  # noqa: SLF001 - as above
    return f"{page}?{urlencode({ROOM: room.token})}"


def link_to(row: Model, text: Any) -> str:
    """Return a link to a row's change page."""
    return format_html('<a href="{}">{}</a>', change_url(row), text)


def room_url(room: Room, request: HttpRequest) -> str:
    """Return the URL of a room's page; empty if this site does not include Talk's URLs."""
    site = talk_settings().SITE_URL
    if not site:
        try:
            path = reverse("talk:capabilities", kwargs={"ocs_version": 2})
        except NoReverseMatch:
            return ""
        # The app's URLs may have a prefix, which the request's host does not tell.
        site = request.build_absolute_uri(path.partition("/ocs/")[0] or "/")
    return get_adapter().room_url(room.token, site.rstrip("/"))


def participant_label(participant: Participant) -> str:
    """Return a participant's display name, and the user id if it differs.

    The participant must have been read by `with_names`.
    """
    adapter = get_adapter()
    if participant.user is not None:
        name, user_id = (
            adapter.display_name(participant.user),
            adapter.user_id(participant.user),
        )
        return name if name == user_id else f"{name} ({user_id})"
    if participant.guest is not None:
        return render_guest(participant.guest.actor_id, participant.guest.display_name)[
            "name"
        ]
    return str(participant)
