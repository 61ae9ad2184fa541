"""The admin of messages: read, search and delete them."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from talk.admin.base import TalkAdmin
from talk.admin.filters import BEFORE, ROOM, BeforeFilter, KindFilter, RoomFilter
from talk.admin.links import link_to
from talk.domain.display_names import names_in
from talk.domain.message_history import delete_messages
from talk.exceptions import NotFound
from talk.models import Message, MessageQuerySet
from talk.rendering.messages import render_text
from talk.rendering.rich_objects import render_actor


@admin.register(Message)
class MessageAdmin(TalkAdmin):
    """List messages as readers see them. Messages cannot be changed."""

    list_display = ("written_at", "author", "shown_text", "room_link")
    list_display_links = ("written_at",)
    list_filter = (RoomFilter, KindFilter, BeforeFilter)
    search_fields = ("text",)
    search_help_text = _("Words of a comment, within this room")
    ordering = ("-pk",)
    sortable_by = ("written_at",)
    fields = ("room_link", "author", "written_at", "shown_text", "position")
    readonly_fields = ("room_link", "author", "written_at", "shown_text")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return messages with their actors and rooms."""
        return Message.objects.with_actors().with_rooms()

    def get_ordering(self, request: HttpRequest) -> Any:
        """Order by key; within one room by position, the same order with its own index."""
        return ("-position",) if request.GET.get(ROOM) else self.ordering

    def older_rows_parameters(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """Continue a room's list before a message, if it has more than can be paginated."""
        return {BEFORE: row.position} if request.GET.get(ROOM) else {}

    def get_list_display(self, request: HttpRequest) -> Any:
        """Leave out the room's column if the list shows one room."""
        shown = list(self.list_display)
        return shown[:-1] if request.GET.get(ROOM) else shown

    def get_search_fields(self, request: HttpRequest) -> Any:
        """Offer search only within a room; no index serves it for all rooms."""
        return self.search_fields if request.GET.get(ROOM) else ()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find messages in the selected room."""
        if search_term and request.GET.get(ROOM):
            return cast("MessageQuerySet", queryset).containing(search_term), False
        return queryset, False

    def has_change_permission(
        self, request: HttpRequest, obj: Message | None = None
    ) -> bool:
        """Return False: messages cannot be changed."""
        return False

    def annotate_rows(self, request: HttpRequest, rows: list[Any]) -> None:
        """Render the messages of a page; one or two queries for the names in them."""
        names = names_in(rows)
        for row in rows:
            row.rendered = render_text(row, names=names)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """Return a message, rendered."""
        message = super().get_object(request, object_id, from_field)
        if message is not None:
            self.annotate_rows(request, [message])
        return message

    @admin.display(description=_("written at"), ordering="pk")
    def written_at(self, message: Message) -> Any:
        """Return when the message was written; sorts by key, the order of the room."""
        return message.created_at

    @admin.display(description=_("author"))
    def author(self, message: Message) -> str:
        """Return the name of the message's actor."""
        person = render_actor(message)
        if person["type"] == "guest" or person["id"] == person["name"]:
            return person["name"]
        return f"{person['name']} ({person['id']})"

    @admin.display(description=_("text"))
    def shown_text(self, message: Any) -> str:
        """Return the rendered text; system messages have their own style."""
        kind = "talk-system" if message.system_message else "talk-comment"
        return format_html('<span class="{}">{}</span>', kind, message.rendered)

    @admin.display(description=_("room"))
    def room_link(self, message: Message) -> str:
        """Return a link to the room's change page."""
        return link_to(message.room, message.room)

    def describe_deleted(self, row: Any) -> str:
        """Return the author and the text."""
        return f"{self.author(row)}: {row.rendered}"

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete messages room by room; the domain updates counters and last messages."""
        by_room: dict[int, list[int]] = defaultdict(list)
        for key, room_id in queryset.values_list("pk", "room").order_by("room", "pk"):
            by_room[room_id].append(key)
        for room_id, message_ids in by_room.items():
            try:
                delete_messages(room_id=room_id, message_ids=message_ids)
            except NotFound:
                continue
