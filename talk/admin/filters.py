"""Filters of the lists; none of them runs a query to count or list its choices."""

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
"""Parameter with the token of the room whose rows are listed."""

BEFORE = "before"
"""Parameter with a message's position; earlier messages are listed."""

Choices = list[tuple[str, Any]]


class CallFilter(admin.SimpleListFilter):
    """Filter rooms by whether a call is running."""

    title = _("call")
    parameter_name = "call"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        """Return the choices."""
        return [("1", _("running")), ("0", _("none"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the matching rooms."""
        if self.value() in ("0", "1"):
            return queryset.filter(active_since__isnull=self.value() == "0")
        return queryset


class PasswordFilter(admin.SimpleListFilter):
    """Filter rooms by whether they have a password."""

    title = _("password")
    parameter_name = "password"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        """Return the choices."""
        return [("1", _("set")), ("0", _("none"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the matching rooms."""
        if self.value() == "1":
            return queryset.exclude(password="")
        return queryset.filter(password="") if self.value() == "0" else queryset


class ActivityFilter(admin.SimpleListFilter):
    """Filter rooms by their last activity."""

    title = _("last activity")
    parameter_name = "activity"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        """Return the choices, as days; a negative number means longer ago."""
        return [
            ("1", _("in the past day")),
            ("7", _("in the past 7 days")),
            ("30", _("in the past 30 days")),
            ("-30", _("more than 30 days ago")),
            ("-365", _("more than a year ago")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the matching rooms."""
        if self.value() not in dict(self.lookup_choices):
            return queryset
        days = int(self.value() or 0)
        since = timezone.now() - timedelta(days=abs(days))
        if days > 0:
            return queryset.filter(last_activity__gte=since)
        return queryset.filter(last_activity__lt=since)


class RoomFilter(admin.SimpleListFilter):
    """Filter rows by one room. It offers no other rooms, because there are too many."""

    title = _("room")
    parameter_name = ROOM

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        """Return the selected room, if there is one."""
        token = self.value()
        if not token:
            return []
        self._room = None
        if re.fullmatch(TOKEN_PATTERN, token):
            self._room = Room.objects.filter(token=token).first()
        return [(token, str(self._room or token))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows of the room; none if the room does not exist."""
        if not self.value():
            return queryset
        return queryset.filter(room=self._room) if self._room else queryset.none()


class KindFilter(admin.SimpleListFilter):
    """Filter messages of one room by kind; no index serves this for all rooms."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        """Return the choices if a room is selected."""
        if not request.GET.get(ROOM):
            return []
        return [("comment", _("comments")), ("system", _("system messages"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the matching messages."""
        if self.value() == "comment":
            return queryset.filter(system_message="")
        if self.value() == "system":
            return queryset.exclude(system_message="")
        return queryset


class BeforeFilter(admin.SimpleListFilter):
    """Filter messages of a room by position, to continue a truncated list."""

    title = _("earlier than")
    parameter_name = BEFORE

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        """Return the selected position, if there is one."""
        value = self.value()
        if not value or not value.isdecimal() or not request.GET.get(ROOM):
            return []
        return [(value, f"#{value}")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the matching messages."""
        value = self.value()
        return queryset.filter(position__lt=int(value)) if value else queryset


class LiveFilter(admin.SimpleListFilter):
    """Filter sessions by whether they are live or wait to be removed."""

    title = _("state")
    parameter_name = "live"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        """Return the choices."""
        return [("1", _("connected")), ("0", _("gone"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the matching sessions."""
        since = live_since(timezone.now())
        if self.value() == "1":
            return queryset.filter(last_ping__gt=since)
        return queryset.filter(last_ping__lte=since) if self.value() else queryset
