"""The search for people and groups to talk to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from talk.api.base import OCSViewSet
from talk.api.parameters import LenientIntegerField, Parameters, TextField
from talk.constants import PEOPLE_LIMIT_DEFAULT, PEOPLE_LIMIT_MAX
from talk.domain.people_search import Source, search_people
from talk.rendering.people import render_match


class NumbersField(serializers.Field[Any, Any, Any, Any]):
    """Numbers, however they are written: a list, a map's values, or a single one."""

    def to_internal_value(self, data: Any) -> frozenset[int]:
        """Return the numbers, each read as leniently as a single one."""
        values = data.values() if isinstance(data, Mapping) else data
        texts = [data] if isinstance(data, str | int | float) else values
        number = LenientIntegerField()
        return frozenset(number.to_internal_value(text) for text in texts)


class PeopleParameters(Parameters):
    """API: Searching people. What else apps send has no meaning here."""

    search = TextField(default="")
    itemId = TextField(source="item_id", default="")
    shareTypes = NumbersField(source="sources", default=frozenset({Source.USERS}))
    limit = LenientIntegerField(default=PEOPLE_LIMIT_DEFAULT)


class PeopleViewSet(OCSViewSet):
    """`/core/autocomplete/get`."""

    users_only = frozenset({"list"})

    def list(self, request: Request, **kwargs: Any) -> Response:
        """Return whom the caller may mean."""
        given = PeopleParameters.read(self.values)
        limit = given["limit"] if given["limit"] >= 1 else PEOPLE_LIMIT_DEFAULT
        matches = search_people(
            user=self.user,
            search=given["search"],
            sources=given["sources"],
            token=given["item_id"],
            limit=min(limit, PEOPLE_LIMIT_MAX),
        )
        return Response([render_match(match) for match in matches])
