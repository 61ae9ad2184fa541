"""Guests: what they call themselves."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from talk.admin.base import TalkAdmin
from talk.admin.links import link_to
from talk.domain import room_administration
from talk.models import Guest, Participant


@admin.register(Guest)
class GuestAdmin(TalkAdmin):
    """Lists guests, and gives them another name, which all their messages show.

    They are removed as participants, and forgotten when nothing names them any more.
    """

    list_display = ("__str__", "display_name", "actor_id", "room_link")
    search_fields = ("actor_id",)
    search_help_text = _("The actor id of a guest")
    ordering = ("-pk",)
    sortable_by = ()
    fields = ("display_name", "actor_id", "room_link")
    readonly_fields = ("actor_id", "room_link")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find a guest by the id that the API tells of them."""
        if search_term:
            return queryset.filter(actor_id=search_term.strip()), False
        return queryset, False

    def has_delete_permission(
        self, request: HttpRequest, obj: Guest | None = None
    ) -> bool:
        """Return that nobody may: messages name them."""
        return False

    def describe(self, request: HttpRequest, rows: list[Any]) -> None:
        """Look up which rooms the guests of a page are in; one query."""
        participants = Participant.objects.filter(guest__in=rows).select_related("room")
        rooms = {participant.guest_id: participant.room for participant in participants}
        for row in rows:
            row.room = rooms.get(row.pk)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """Return a guest, and the room that they are in."""
        guest = super().get_object(request, object_id, from_field)
        if guest is not None:
            self.describe(request, [guest])
        return guest

    @admin.display(description=_("room"))
    def room_link(self, guest: Any) -> str:
        """Return a link to the room that the guest is in, and a dash for who has left."""
        return link_to(guest.room, guest.room) if guest.room is not None else "–"

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: bool
    ) -> None:
        """Give the guest the name."""
        room_administration.rename_guest(guest_id=obj.pk, display_name=obj.display_name)
