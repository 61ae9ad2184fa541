"""Participants: who has a place in which room, their rank, and taking it away."""

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

from talk.admin.base import Deed, TalkAdmin, actor_of, keys
from talk.admin.filters import RoomFilter
from talk.admin.links import link_to, name_of
from talk.admin.people import people_called
from talk.domain import room_administration
from talk.domain.participants import is_end_of_room
from talk.exceptions import NotFound
from talk.models import Participant, Session


@admin.register(Participant)
class ParticipantAdmin(TalkAdmin):
    """Lists who is where. What people prefer and have read is their own affair."""

    list_display = ("name", "type", "is_there", "last_seen", "room_link")
    list_filter = (RoomFilter,)
    search_fields = ("user",)
    search_help_text = _("The beginning of a user name")
    ordering = ("-pk",)
    sortable_by = ()
    fields = ("name", "room_link", "type", "is_there", "last_seen")
    readonly_fields = ("name", "room_link", "is_there")
    actions = ("promote", "demote")
    left_alone = ngettext_lazy(
        "%(count)d participant was left as they are: only plain users and guests are "
        "promoted, and only those who were are demoted.",
        "%(count)d participants were left as they are: only plain users and guests are "
        "promoted, and only those who were are demoted.",
        "count",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return participants with what names them, and their rooms."""
        return Participant.objects.with_names().select_related("room")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find the places of users by what is indexed of them, their user names."""
        if search_term:
            return queryset.filter(user__in=people_called(search_term)), False
        return queryset, False

    def has_change_permission(
        self, request: HttpRequest, obj: Participant | None = None
    ) -> bool:
        """Return that nobody fills in forms about people."""
        return False

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        """Whether somebody may promote and demote people, which changes them."""
        codename = get_permission_codename("change", self.opts)
        return request.user.has_perm(f"{self.opts.app_label}.{codename}")

    def describe(self, request: HttpRequest, rows: list[Any]) -> None:
        """Look up who of a page is connected; one query."""
        live = Session.objects.filter(participant__in=rows).live(timezone.now())
        there = set(live.values_list("participant", flat=True))
        for row in rows:
            row.is_connected = row.pk in there

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """Return a participant, and whether they are connected."""
        participant = super().get_object(request, object_id, from_field)
        if participant is not None:
            self.describe(request, [participant])
        return participant

    @admin.display(description=_("participant"))
    def name(self, participant: Participant) -> str:
        """Return who it is."""
        return name_of(participant)

    @admin.display(description=_("connected"), boolean=True)
    def is_there(self, participant: Participant) -> bool:
        """Whether they have a live session."""
        return participant.is_connected

    @admin.display(description=_("room"))
    def room_link(self, participant: Participant) -> str:
        """Return a link to the room's own page."""
        return link_to(participant.room, participant.room)

    def describe_deleted(self, row: Any) -> str:
        """Return who loses their place, and whether the room goes with them."""
        who = gettext("%(name)s in %(room)s") % {"name": name_of(row), "room": row.room}
        if is_end_of_room(room=row.room, participant=row, now=timezone.now()):
            return gettext("%(who)s, and the room, which ends without them") % {
                "who": who
            }
        return who

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Take the places, one after another; people in the rooms see it."""
        now = timezone.now()
        for participant_id in keys(queryset):
            try:
                room_administration.remove_participant(
                    participant_id=participant_id, actor=actor_of(request), now=now
                )
            except NotFound:
                continue

    def _by(
        self, request: HttpRequest, work: Callable[..., None]
    ) -> Callable[[Participant], int]:
        """Return a function of the domain as one of a participant alone."""

        def changed(participant: Participant) -> int:
            work(
                participant_id=participant.pk,
                actor=actor_of(request),
                now=timezone.now(),
            )
            return 1

        return changed

    @admin.action(permissions=["moderate"], description=_("Promote to moderator"))
    def promote(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Make plain users and guests moderators of their rooms."""
        deed = Deed(
            work=self._by(request, room_administration.promote),
            done=ngettext_lazy(
                "%(count)d participant is a moderator now.",
                "%(count)d participants are moderators now.",
                "count",
            ),
        )
        return self.perform(request, queryset, name="promote", deed=deed)

    @admin.action(permissions=["moderate"], description=_("Demote from moderator"))
    def demote(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Make moderators plain users and guests again."""
        deed = Deed(
            work=self._by(request, room_administration.demote),
            done=ngettext_lazy(
                "%(count)d participant is no moderator any more.",
                "%(count)d participants are no moderators any more.",
                "count",
            ),
        )
        return self.perform(request, queryset, name="demote", deed=deed)
