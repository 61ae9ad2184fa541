"""The admin of sessions: list the connected devices and disconnect them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from talk.admin.base import TalkAdmin
from talk.admin.filters import LiveFilter, RoomFilter
from talk.admin.links import link_to, participant_label
from talk.constants import InCall
from talk.domain.sessions import leave_by_session
from talk.models import Session


@admin.register(Session)
class SessionAdmin(TalkAdmin):
    """List sessions without their ids, which would let staff take over a session.

    Deleting a session disconnects the device, as if it had left the room.
    """

    list_display = (
        "participant_name",
        "is_live_now",
        "last_ping",
        "flags",
        "room_link",
    )
    list_filter = (RoomFilter, LiveFilter)
    ordering = ("-pk",)
    sortable_by = ()
    fields = ("participant_name", "room_link", "is_live_now", "last_ping", "flags")
    readonly_fields = ("participant_name", "room_link", "is_live_now", "flags")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return sessions with their participants and rooms."""
        return Session.objects.with_participants().with_rooms()

    def has_change_permission(
        self, request: HttpRequest, obj: Session | None = None
    ) -> bool:
        """Return False: sessions cannot be changed."""
        return False

    @admin.display(description=_("participant"))
    def participant_name(self, session: Session) -> str:
        """Return the participant's name."""
        return participant_label(session.participant)

    @admin.display(description=_("connected"), boolean=True)
    def is_live_now(self, session: Session) -> bool:
        """Return whether the session is live."""
        return session.is_live(timezone.now())

    @admin.display(description=_("call"))
    def flags(self, session: Session) -> str:
        """Return the session's media in the call; a dash if it is not in a call."""
        flags = InCall(session.in_call)
        if not flags:
            return "–"
        if InCall.WITH_VIDEO in flags:
            return gettext("with video")
        return gettext("with audio") if InCall.WITH_AUDIO in flags else gettext("yes")

    @admin.display(description=_("room"))
    def room_link(self, session: Session) -> str:
        """Return a link to the room's change page."""
        return link_to(session.room, session.room)

    def describe_deleted(self, row: Any) -> str:
        """Return the participant and the room."""
        values = {"name": participant_label(row.participant), "room": row.room}
        return gettext("%(name)s in %(room)s") % values

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Disconnect the devices one by one."""
        now = timezone.now()
        for session in queryset.order_by("pk"):
            leave_by_session(
                participant=session.participant, session_id=session.session_id, now=now
            )
