"""The admin of participants: list, promote, demote and remove them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.auth import get_permission_codename
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from talk.admin.base import RowAction, TalkAdmin, actor_of, sorted_keys
from talk.admin.filters import RoomFilter
from talk.admin.links import link_to, participant_label
from talk.admin.user_search import find_user_ids
from talk.domain import room_administration
from talk.domain.participants import is_end_of_room
from talk.exceptions import NotFound
from talk.models import Participant, Session


@admin.register(Participant)
class ParticipantAdmin(TalkAdmin):
    """List the participants of rooms. Preferences and read markers stay private."""

    list_display = ("name", "type", "is_connected", "last_seen", "room_link")
    list_filter = (RoomFilter,)
    search_fields = ("user",)
    search_help_text = _("The beginning of a user name")
    ordering = ("-pk",)
    sortable_by = ()
    fields = ("name", "room_link", "type", "is_connected", "last_seen")
    readonly_fields = ("name", "room_link", "is_connected")
    actions = ("promote", "demote")
    skipped_message = ngettext_lazy(
        "%(count)d participant was left as they are: only plain users and guests are "
        "promoted, and only those who were are demoted.",
        "%(count)d participants were left as they are: only plain users and guests are "
        "promoted, and only those who were are demoted.",
        "count",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return participants with their names and rooms."""
        return Participant.objects.with_names().select_related("room")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find participants by the beginning of their user names, which are indexed."""
        if search_term:
            return queryset.filter(user__in=find_user_ids(search_term)), False
        return queryset, False

    def has_change_permission(
        self, request: HttpRequest, obj: Participant | None = None
    ) -> bool:
        """Return False: participants have no form, only actions."""
        return False

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may promote and demote, which needs `change`."""
        codename = get_permission_codename("change", self.opts)
        return request.user.has_perm(f"{self.opts.app_label}.{codename}")

    def annotate_rows(self, request: HttpRequest, rows: list[Any]) -> None:
        """Look up which participants of a page are connected; one query."""
        live = Session.objects.filter(participant__in=rows).live(timezone.now())
        connected_ids = set(live.values_list("participant", flat=True))
        for row in rows:
            row.is_connected = row.pk in connected_ids

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """Return a participant, annotated with whether they are connected."""
        participant = super().get_object(request, object_id, from_field)
        if participant is not None:
            self.annotate_rows(request, [participant])
        return participant

    @admin.display(description=_("participant"))
    def name(self, participant: Participant) -> str:
        """Return the participant's name."""
        return participant_label(participant)

    @admin.display(description=_("connected"), boolean=True)
    def is_connected(self, participant: Participant) -> bool:
        """Return whether the participant has a live session."""
        return participant.is_connected

    @admin.display(description=_("room"))
    def room_link(self, participant: Participant) -> str:
        """Return a link to the room's change page."""
        return link_to(participant.room, participant.room)

    def describe_deleted(self, row: Any) -> str:
        """Return the participant's label, and whether the room is deleted with them."""
        who = gettext("%(name)s in %(room)s") % {
            "name": participant_label(row),
            "room": row.room,
        }
        if is_end_of_room(room=row.room, participant=row, now=timezone.now()):
            return gettext("%(who)s, and the room, which ends without them") % {
                "who": who
            }
        return who

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Remove participants one by one, with system messages in the rooms."""
        now = timezone.now()
        for participant_id in sorted_keys(queryset):
            try:
                room_administration.remove_participant(
                    participant_id=participant_id, actor=actor_of(request), now=now
                )
            except NotFound:
                continue

    def _bind(
        self, request: HttpRequest, function: Callable[..., None]
    ) -> Callable[[Participant], int]:
        """Bind a domain function to the actor and the time, for a `RowAction`."""

        def run(participant: Participant) -> int:
            function(
                participant_id=participant.pk,
                actor=actor_of(request),
                now=timezone.now(),
            )
            return 1

        return run

    @admin.action(permissions=["moderate"], description=_("Promote to moderator"))
    def promote(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Make plain users and guests moderators of their rooms."""
        action = RowAction(
            run=self._bind(request, room_administration.promote),
            done_message=ngettext_lazy(
                "%(count)d participant is a moderator now.",
                "%(count)d participants are moderators now.",
                "count",
            ),
        )
        return self.perform(request, queryset, name="promote", action=action)

    @admin.action(permissions=["moderate"], description=_("Demote from moderator"))
    def demote(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Make moderators plain users and guests again."""
        action = RowAction(
            run=self._bind(request, room_administration.demote),
            done_message=ngettext_lazy(
                "%(count)d participant is no moderator any more.",
                "%(count)d participants are no moderators any more.",
                "count",
            ),
        )
        return self.perform(request, queryset, name="demote", action=action)
