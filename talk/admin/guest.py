"""The admin of guests and their display names."""

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
    """List guests and change their display names, which all their messages show.

    To remove a guest, delete the participant; clean-up deletes the guest when no message
    names them any more.
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
        """Find a guest by the actor id that the API shows."""
        if search_term:
            return queryset.filter(actor_id=search_term.strip()), False
        return queryset, False

    def has_delete_permission(
        self, request: HttpRequest, obj: Guest | None = None
    ) -> bool:
        """Return False: messages name guests."""
        return False

    def annotate_rows(self, request: HttpRequest, rows: list[Any]) -> None:
        """Look up the rooms of a page's guests; one query."""
        participants = Participant.objects.filter(guest__in=rows).select_related("room")
        rooms = {participant.guest_id: participant.room for participant in participants}
        for row in rows:
            row.room = rooms.get(row.pk)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """Return a guest, annotated with their room."""
        guest = super().get_object(request, object_id, from_field)
        if guest is not None:
            self.annotate_rows(request, [guest])
        return guest

    @admin.display(description=_("room"))
    def room_link(self, guest: Any) -> str:
        """Return a link to the guest's room; a dash if the guest has left."""
        return link_to(guest.room, guest.room) if guest.room is not None else "–"

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: bool
    ) -> None:
        """Change the guest's display name."""
        room_administration.rename_guest(guest_id=obj.pk, display_name=obj.display_name)
