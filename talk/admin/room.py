"""The admin of rooms: their participants, settings, and actions for moderation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from talk.admin.base import RowAction, TalkAdmin, actor_of, sorted_keys
from talk.admin.filters import ActivityFilter, CallFilter, PasswordFilter
from talk.admin.forms import RoomForm
from talk.admin.links import change_url, list_url, participant_label, room_url
from talk.admin.message_export import export_messages
from talk.admin.user_search import find_room_ids_of_users
from talk.domain import room_administration
from talk.domain.room_details import ParticipantDetails
from talk.domain.room_overviews import list_participants, overviews_of
from talk.exceptions import NotFound, TalkError
from talk.models import Message, Participant, Room, RoomQuerySet, Session
from talk.rendering.rooms import combine_flags

PARTICIPANTS_SHOWN = 20
"""Number of participants on a room's page; the list of participants has all of them."""

DomainFunction = Callable[..., int]


@admin.register(Room)
class RoomAdmin(TalkAdmin):
    """List rooms, change their settings, and moderate them by actions.

    System messages name the member of staff, as they name moderators.
    """

    form = RoomForm
    change_form_template = "admin/talk/room/change_form.html"
    list_display = (
        "title",
        "token",
        "kind",
        "participants",
        "connected",
        "call",
        "last_activity",
    )
    list_display_links = ("title", "token")
    list_filter = ("type", CallFilter, PasswordFilter, ActivityFilter)
    date_hierarchy = "last_activity"
    search_fields = ("token",)
    search_help_text = _(
        "A token, the beginning of a name, or the user name of somebody in the room"
    )
    ordering = ("-last_activity", "-pk")
    sortable_by = ("token", "kind", "last_activity")
    actions = (
        "make_public",
        "make_private",
        "clear_password",
        "end_call",
        "disconnect_everybody",
        "remove_guests",
        "export_history",
    )
    skipped_message = ngettext_lazy(
        "%(count)d room was left as it is.",
        "%(count)d rooms were left as they are.",
        "count",
    )

    # The list.

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find rooms by indexed values: token, beginning of the name, user names."""
        term = search_term.strip()
        if not term:
            return queryset, False
        rooms = cast("RoomQuerySet", queryset)
        return rooms.called(term, or_keys=find_room_ids_of_users(term)), False

    def annotate_rows(self, request: HttpRequest, rows: list[Any]) -> None:
        """Look up the participants of a page's rooms."""
        overviews = overviews_of(rows, now=timezone.now())
        for row in rows:
            row.overview = overviews[row.pk]

    @admin.display(description=_("room"))
    def title(self, room: Any) -> str:
        """Return the room's name, or the names of its participants."""
        return str(room.overview.title(room))

    @admin.display(description=_("type"), ordering="type")
    def kind(self, room: Any) -> str:
        """Return the type, and whether the room has a password."""
        if room.password:
            return gettext("%(type)s, password") % {"type": room.get_type_display()}
        return str(room.get_type_display())

    @admin.display(description=_("participants"))
    def participants(self, room: Any) -> int:
        """Return the number of participants."""
        return int(room.overview.participants)

    @admin.display(description=_("connected"))
    def connected(self, room: Any) -> int:
        """Return the number of live sessions."""
        return int(room.overview.sessions)

    @admin.display(description=_("call"))
    def call(self, room: Any) -> str:
        """Return the number of participants in the call; a dash if there is no call."""
        if room.active_since is None:
            return "–"
        return gettext("%(count)d in it") % {"count": room.overview.callers}

    # The page of a room.

    def get_fieldsets(self, request: HttpRequest, obj: Room | None = None) -> Any:
        """Return the editable fields; the password is never shown."""
        fields = ["name", "type"]
        if self.has_change_permission(request, obj):
            fields += ["new_password", "clear_password"]
        return [(_("Settings"), {"fields": fields})]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show or change a room; report a concurrent change as an error message."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except TalkError:
            text = gettext("The room was changed meanwhile. Nothing was saved.")
            self.message_user(request, text, messages.ERROR)
            return HttpResponseRedirect(reverse("admin:talk_room_changelist"))

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        *args: Any,
        **kwargs: Any,
    ) -> HttpResponse:
        """Add the room's participants, links and actions to the context."""
        room: Room = context["original"]
        now = timezone.now()
        overview = overviews_of([room], now=now)[room.pk]
        context |= {
            "subtitle": overview.title(room),
            "overview": overview,
            "room_url": room_url(room, request),
            "links": self._links(request, room),
            "room_actions": self._applicable_actions(request, room),
            "shown_participants": self._participants(request, room),
            "list_url": reverse("admin:talk_room_changelist"),
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def _links(self, request: HttpRequest, room: Room) -> list[tuple[str, str]]:
        """Return titles and URLs of the room's lists that the user may view."""
        links = []
        for model in (Message, Participant, Session):
            related = self.admin_site._registry.get(model)  # noqa: SLF001 - no public accessor
            if related is not None and related.has_view_permission(request):
                title = str(model._meta.verbose_name_plural)  # noqa: SLF001 - documented by Django
                links.append((title, list_url(model, room=room)))
        return links

    def _applicable_actions(
        self, request: HttpRequest, room: Room
    ) -> list[tuple[str, str]]:
        """Return the actions that apply to the room in its present state."""
        has_call = room.active_since is not None
        inapplicable = {
            "make_public" if room.is_public else "make_private",
            "" if has_call else "end_call",
            "" if room.password else "clear_password",
            "" if room.is_public else "remove_guests",
            "delete_selected",
        }
        actions = self.get_action_choices(request, default_choices=[])
        return [action for action in actions if action[0] not in inapplicable]

    def _participants(self, request: HttpRequest, room: Room) -> list[dict[str, Any]]:
        related = self.admin_site._registry.get(Participant)  # noqa: SLF001 - as above
        if related is None or not related.has_view_permission(request):
            return []
        now = timezone.now()
        participants = list_participants(room=room, limit=PARTICIPANTS_SHOWN, now=now)
        return [
            self._participant_row(participant, details, now)
            for participant, details in participants
        ]

    def _participant_row(
        self, participant: Participant, details: ParticipantDetails, now: datetime
    ) -> dict[str, Any]:
        live = details.live_sessions(now)
        return {
            "name": participant_label(participant),
            "url": change_url(participant),
            "participant": participant,
            "sessions": len(live),
            "is_in_call": bool(combine_flags(live)),
            "last_ping": details.last_ping,
        }

    # Changes of rooms.

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: bool
    ) -> None:
        """Change the room, with system messages."""
        room_administration.change_room(
            room_id=obj.pk,
            actor=actor_of(request),
            changes=form.changes(),
            now=timezone.now(),
        )

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete rooms with all their contents, each in its own transaction."""
        for room_id in sorted_keys(queryset):
            try:
                room_administration.delete_room(
                    room_id=room_id, actor=actor_of(request)
                )
            except NotFound:
                continue

    def count_deleted(self, rows: list[Any]) -> dict[str, int]:
        """Count the participants and messages of the rooms.

        The number of messages is the last position, which includes deleted messages.
        """
        return {
            gettext("rooms"): len(rows),
            gettext("participants"): sum(row.overview.participants for row in rows),
            gettext("messages, at most"): sum(row.last_position for row in rows),
        }

    def describe_deleted(self, row: Any) -> str:
        """Return the room's title and token."""
        title = row.overview.title(row)
        return title if title == row.token else f"{title} ({row.token})"

    def _bind(
        self, request: HttpRequest, function: DomainFunction
    ) -> Callable[[Room], int]:
        """Bind a domain function to the actor and the time, for a `RowAction`."""
        now, actor = timezone.now(), actor_of(request)
        return lambda room: function(room_id=room.pk, actor=actor, now=now)

    @admin.action(permissions=["change"], description=_("Make public"))
    def make_public(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Make rooms public: everybody with the link may join."""
        action = RowAction(
            run=self._bind(request, room_administration.make_public),
            done_message=ngettext_lazy(
                "%(count)d room is public now.",
                "%(count)d rooms are public now.",
                "count",
            ),
        )
        return self.perform(request, queryset, name="make_public", action=action)

    @admin.action(permissions=["change"], description=_("Make private"))
    def make_private(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Make rooms private: only invited users remain."""
        action = RowAction(
            question=_("Everybody who came by the link, guests first, has to leave."),
            run=self._bind(request, room_administration.make_private),
            done_message=ngettext_lazy(
                "%(count)d room is private now.",
                "%(count)d rooms are private now.",
                "count",
            ),
        )
        return self.perform(request, queryset, name="make_private", action=action)

    @admin.action(permissions=["change"], description=_("Remove the password"))
    def clear_password(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Remove the passwords of rooms."""
        action = RowAction(
            question=_(
                "Everybody with the link will be able to join, if it is public."
            ),
            run=self._bind(request, room_administration.clear_password),
            done_message=ngettext_lazy(
                "%(count)d password was removed.",
                "%(count)d passwords were removed.",
                "count",
            ),
        )
        return self.perform(request, queryset, name="clear_password", action=action)

    @admin.action(permissions=["change"], description=_("End the call"))
    def end_call(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """End running calls."""
        end_call = partial(room_administration.end_call, now=timezone.now())
        action = RowAction(
            question=_(
                "Everybody in it is taken out of the call, and may start another."
            ),
            run=lambda room: end_call(room_id=room.pk),
            done_message=ngettext_lazy(
                "%(count)d call was ended.", "%(count)d calls were ended.", "count"
            ),
        )
        return self.perform(request, queryset, name="end_call", action=action)

    @admin.action(permissions=["change"], description=_("Disconnect everybody"))
    def disconnect_everybody(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> Any:
        """End all sessions of rooms."""
        action = RowAction(
            question=_(
                "All devices are disconnected, and guests are removed. Users stay "
                "participants. All of them may join again."
            ),
            run=self._bind(request, room_administration.disconnect_everybody),
            done_message=ngettext_lazy(
                "%(count)d session was ended.",
                "%(count)d sessions were ended.",
                "count",
            ),
        )
        return self.perform(
            request, queryset, name="disconnect_everybody", action=action
        )

    @admin.action(permissions=["change"], description=_("Remove all guests"))
    def remove_guests(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Remove all guests from rooms."""
        action = RowAction(
            question=_("They may join again as long as the room is public."),
            run=self._bind(request, room_administration.remove_guests),
            done_message=ngettext_lazy(
                "%(count)d guest was removed.",
                "%(count)d guests were removed.",
                "count",
            ),
        )
        return self.perform(request, queryset, name="remove_guests", action=action)

    @admin.action(permissions=["export"], description=_("Export the history"))
    def export_history(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponse:
        """Export all messages as JSON lines."""
        return export_messages(request, list(queryset.order_by("pk")))

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may view messages."""
        related = self.admin_site._registry.get(Message)  # noqa: SLF001 - as above
        return related is not None and related.has_view_permission(request)
