"""What lists are narrowed down by; nothing here counts or lists what there is."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from talk.constants import TOKEN_PATTERN
from talk.models import Room, live_since

ROOM = "room"
"""Parameter that holds the token of the room whose rows are listed."""

BEFORE = "before"
"""Parameter that holds the position of the message whose predecessors are listed."""

Choices = list[tuple[str, Any]]


class CallFilter(admin.SimpleListFilter):
    """Rooms with a running call, and others."""

    title = _("call")
    parameter_name = "call"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        """Return what may be chosen."""
        return [("1", _("running")), ("0", _("none"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rooms that are left."""
        if self.value() in ("0", "1"):
            return queryset.filter(active_since__isnull=self.value() == "0")
        return queryset


class PasswordFilter(admin.SimpleListFilter):
    """Rooms with a password, and others."""

    title = _("password")
    parameter_name = "password"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        """Return what may be chosen."""
        return [("1", _("set")), ("0", _("none"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rooms that are left."""
        if self.value() == "1":
            return queryset.exclude(password="")
        return queryset.filter(password="") if self.value() == "0" else queryset


class ActivityFilter(admin.SimpleListFilter):
    """Rooms in which something was said lately, or not for long."""

    title = _("last activity")
    parameter_name = "activity"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        """Return what may be chosen: days, negative for longer ago."""
        return [
            ("1", _("in the past day")),
            ("7", _("in the past 7 days")),
            ("30", _("in the past 30 days")),
            ("-30", _("more than 30 days ago")),
            ("-365", _("more than a year ago")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rooms that are left."""
        if self.value() not in dict(self.lookup_choices):
            return queryset
        days = int(self.value() or 0)
        since = timezone.now() - timedelta(days=abs(days))
        if days > 0:
            return queryset.filter(last_activity__gte=since)
        return queryset.filter(last_activity__lt=since)


class RoomFilter(admin.SimpleListFilter):
    """What belongs to one room. Offers no others, of which there are too many."""

    title = _("room")
    parameter_name = ROOM

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        """Return the room that was chosen, if one was."""
        token = self.value()
        if not token:
            return []
        self._room = None
        if re.fullmatch(TOKEN_PATTERN, token):
            self._room = Room.objects.filter(token=token).first()
        return [(token, str(self._room or token))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return what is in the room; nothing if there is no such room."""
        if not self.value():
            return queryset
        return queryset.filter(room=self._room) if self._room else queryset.none()


class KindFilter(admin.SimpleListFilter):
    """Comments, or system messages; of one room, because of all there is no index."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        """Return what may be chosen once a room is."""
        if not request.GET.get(ROOM):
            return []
        return [("comment", _("comments")), ("system", _("system messages"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the messages that are left."""
        if self.value() == "comment":
            return queryset.filter(system_message="")
        if self.value() == "system":
            return queryset.exclude(system_message="")
        return queryset


class BeforeFilter(admin.SimpleListFilter):
    """Messages of a room before one; how a list goes on whose end is not the end."""

    title = _("earlier than")
    parameter_name = BEFORE

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        """Return what was chosen, if anything was."""
        value = self.value()
        if not value or not value.isdecimal() or not request.GET.get(ROOM):
            return []
        return [(value, f"#{value}")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the messages that are left."""
        value = self.value()
        return queryset.filter(position__lt=int(value)) if value else queryset


class LiveFilter(admin.SimpleListFilter):
    """Sessions that are connected, and those that wait to be removed."""

    title = _("state")
    parameter_name = "live"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        """Return what may be chosen."""
        return [("1", _("connected")), ("0", _("gone"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the sessions that are left."""
        since = live_since(timezone.now())
        if self.value() == "1":
            return queryset.filter(last_ping__gt=since)
        return queryset.filter(last_ping__lte=since) if self.value() else queryset
