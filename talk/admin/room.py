"""Rooms: who and what is in them, their settings, and putting an end to trouble."""

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

from talk.admin.base import Deed, TalkAdmin, actor_of, keys
from talk.admin.export import export_rooms
from talk.admin.filters import ActivityFilter, CallFilter, PasswordFilter
from talk.admin.forms import RoomForm
from talk.admin.links import change_url, list_url, name_of, room_url
from talk.admin.people import rooms_of_people
from talk.domain import room_administration
from talk.domain.room_details import ParticipantDetails
from talk.domain.room_overviews import list_participants, overviews_of
from talk.exceptions import NotFound, TalkError
from talk.models import Message, Participant, Room, RoomQuerySet, Session
from talk.rendering.rooms import combine_flags

PEOPLE_SHOWN = 20
"""Participants on a room's own page; a list of its own has all of them."""

Work = Callable[..., int]


@admin.register(Room)
class RoomAdmin(TalkAdmin):
    """Lists rooms, changes their settings, and ends what must not go on.

    People in a room see who did it, as they see it of their moderators.
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
    left_alone = ngettext_lazy(
        "%(count)d room was left as it is.",
        "%(count)d rooms were left as they are.",
        "count",
    )

    # The list.

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find rooms by what is indexed: token, beginning of the name, people in it."""
        term = search_term.strip()
        if not term:
            return queryset, False
        rooms = cast("RoomQuerySet", queryset)
        return rooms.called(term, or_keys=rooms_of_people(term)), False

    def describe(self, request: HttpRequest, rows: list[Any]) -> None:
        """Look up who is in the rooms of a page."""
        overviews = overviews_of(rows, now=timezone.now())
        for row in rows:
            row.overview = overviews[row.pk]

    @admin.display(description=_("room"))
    def title(self, room: Any) -> str:
        """Return the room's name, or whose it is."""
        return str(room.overview.title(room))

    @admin.display(description=_("type"), ordering="type")
    def kind(self, room: Any) -> str:
        """Return the type, and whether strangers need a password."""
        if room.password:
            return gettext("%(type)s, password") % {"type": room.get_type_display()}
        return str(room.get_type_display())

    @admin.display(description=_("participants"))
    def participants(self, room: Any) -> int:
        """Return how many have a place in the room."""
        return int(room.overview.participants)

    @admin.display(description=_("connected"))
    def connected(self, room: Any) -> int:
        """Return how many sessions are live."""
        return int(room.overview.sessions)

    @admin.display(description=_("call"))
    def call(self, room: Any) -> str:
        """Return how many are in the running call, and a dash if there is none."""
        if room.active_since is None:
            return "–"
        return gettext("%(count)d in it") % {"count": room.overview.callers}

    # The page of a room.

    def get_fieldsets(self, request: HttpRequest, obj: Room | None = None) -> Any:
        """Return what may be changed; there is nothing to read about passwords."""
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
        """Show or change a room; one that others have just deleted cannot be changed."""
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
        """Add who is in the room, and where to go from here."""
        room: Room = context["original"]
        now = timezone.now()
        overview = overviews_of([room], now=now)[room.pk]
        context |= {
            "subtitle": overview.title(room),
            "overview": overview,
            "room_url": room_url(room, request),
            "links": self._links(request, room),
            "deeds": self._deeds(request, room),
            "people": self._people(request, room),
            "list_of_rooms": reverse("admin:talk_room_changelist"),
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def _links(self, request: HttpRequest, room: Room) -> list[tuple[str, str]]:
        """Return the lists of what is in the room that the member of staff may see."""
        found = []
        for model in (Message, Participant, Session):
            related = self.admin_site._registry.get(model)  # noqa: SLF001 - its only way
            if related is not None and related.has_view_permission(request):
                title = str(model._meta.verbose_name_plural)  # noqa: SLF001 - Django's own word
                found.append((title, list_url(model, room=room)))
        return found

    def _deeds(self, request: HttpRequest, room: Room) -> list[tuple[str, str]]:
        """Return the actions that make sense for the room as it is."""
        has_call = room.active_since is not None
        senseless = {
            "make_public" if room.is_public else "make_private",
            "" if has_call else "end_call",
            "" if room.password else "clear_password",
            "" if room.is_public else "remove_guests",
            "delete_selected",
        }
        actions = self.get_action_choices(request, default_choices=[])
        return [action for action in actions if action[0] not in senseless]

    def _people(self, request: HttpRequest, room: Room) -> list[dict[str, Any]]:
        related = self.admin_site._registry.get(Participant)  # noqa: SLF001 - as above
        if related is None or not related.has_view_permission(request):
            return []
        now = timezone.now()
        people = list_participants(room=room, limit=PEOPLE_SHOWN, now=now)
        return [
            self._person(participant, member, now) for participant, member in people
        ]

    def _person(
        self, participant: Participant, member: ParticipantDetails, now: datetime
    ) -> dict[str, Any]:
        live = member.live_sessions(now)
        return {
            "name": name_of(participant),
            "url": change_url(participant),
            "place": participant,
            "sessions": len(live),
            "is_in_call": bool(combine_flags(live)),
            "last_ping": member.last_ping,
        }

    # What changes rooms.

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: bool
    ) -> None:
        """Make the changes, and tell the people in the room."""
        room_administration.change_room(
            room_id=obj.pk,
            actor=actor_of(request),
            changes=form.changes(),
            now=timezone.now(),
        )

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete rooms with all that is in them, each in a transaction of its own."""
        for room_id in keys(queryset):
            try:
                room_administration.delete_room(
                    room_id=room_id, actor=actor_of(request)
                )
            except NotFound:
                continue

    def count_deleted(self, rows: list[Any]) -> dict[str, int]:
        """Return how many people and messages go with the rooms; deleted ones count."""
        return {
            gettext("rooms"): len(rows),
            gettext("participants"): sum(row.overview.participants for row in rows),
            gettext("messages, at most"): sum(row.last_position for row in rows),
        }

    def describe_deleted(self, row: Any) -> str:
        """Return what to call a room."""
        title = row.overview.title(row)
        return title if title == row.token else f"{title} ({row.token})"

    def _by(self, request: HttpRequest, work: Work) -> Callable[[Room], int]:
        """Return a function of the domain as one of a room alone."""
        now, actor = timezone.now(), actor_of(request)
        return lambda room: work(room_id=room.pk, actor=actor, now=now)

    @admin.action(permissions=["change"], description=_("Make public"))
    def make_public(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Let everybody with the link join."""
        deed = Deed(
            work=self._by(request, room_administration.make_public),
            done=ngettext_lazy(
                "%(count)d room is public now.",
                "%(count)d rooms are public now.",
                "count",
            ),
        )
        return self.perform(request, queryset, name="make_public", deed=deed)

    @admin.action(permissions=["change"], description=_("Make private"))
    def make_private(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Keep rooms to those who were invited."""
        deed = Deed(
            question=_("Everybody who came by the link, guests first, has to leave."),
            work=self._by(request, room_administration.make_private),
            done=ngettext_lazy(
                "%(count)d room is private now.",
                "%(count)d rooms are private now.",
                "count",
            ),
        )
        return self.perform(request, queryset, name="make_private", deed=deed)

    @admin.action(permissions=["change"], description=_("Remove the password"))
    def clear_password(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Let strangers join public rooms without a password."""
        deed = Deed(
            question=_(
                "Everybody with the link will be able to join, if it is public."
            ),
            work=self._by(request, room_administration.clear_password),
            done=ngettext_lazy(
                "%(count)d password was removed.",
                "%(count)d passwords were removed.",
                "count",
            ),
        )
        return self.perform(request, queryset, name="clear_password", deed=deed)

    @admin.action(permissions=["change"], description=_("End the call"))
    def end_call(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """End running calls, whoever is in them."""
        end_call = partial(room_administration.end_call, now=timezone.now())
        deed = Deed(
            question=_(
                "Everybody in it is taken out of the call, and may start another."
            ),
            work=lambda room: end_call(room_id=room.pk),
            done=ngettext_lazy(
                "%(count)d call was ended.", "%(count)d calls were ended.", "count"
            ),
        )
        return self.perform(request, queryset, name="end_call", deed=deed)

    @admin.action(permissions=["change"], description=_("Disconnect everybody"))
    def disconnect_everybody(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> Any:
        """End all sessions of rooms."""
        deed = Deed(
            question=_(
                "All devices are disconnected, and guests lose their place. Members "
                "stay members. All of them may join again."
            ),
            work=self._by(request, room_administration.disconnect_everybody),
            done=ngettext_lazy(
                "%(count)d session was ended.",
                "%(count)d sessions were ended.",
                "count",
            ),
        )
        return self.perform(request, queryset, name="disconnect_everybody", deed=deed)

    @admin.action(permissions=["change"], description=_("Remove all guests"))
    def remove_guests(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Take the places of all guests."""
        deed = Deed(
            question=_("They may join again as long as the room is public."),
            work=self._by(request, room_administration.remove_guests),
            done=ngettext_lazy(
                "%(count)d guest was removed.",
                "%(count)d guests were removed.",
                "count",
            ),
        )
        return self.perform(request, queryset, name="remove_guests", deed=deed)

    @admin.action(permissions=["export"], description=_("Export the history"))
    def export_history(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponse:
        """Hand out all that was said, as JSON lines."""
        return export_rooms(request, list(queryset.order_by("pk")))

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Whether somebody may read what is said in rooms."""
        related = self.admin_site._registry.get(Message)  # noqa: SLF001 - as above
        return related is not None and related.has_view_permission(request)
