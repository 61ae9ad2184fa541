"""The search for users, groups and e-mail addresses to talk to."""

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
from talk.rendering.people_search import render_match


class NumbersField(serializers.Field[Any, Any, Any, Any]):
    """A set of integers, sent as a list, as the values of a map, or as a single one."""

    def to_internal_value(self, data: Any) -> frozenset[int]:
        """Return the integers; `LenientIntegerField` reads each of them."""
        values = data.values() if isinstance(data, Mapping) else data
        texts = [data] if isinstance(data, str | int | float) else values
        number = LenientIntegerField()
        return frozenset(number.to_internal_value(text) for text in texts)


class PeopleSearchParameters(Parameters):
    """API: Searching people. Apps send other parameters too; they are ignored."""

    search = TextField(default="")
    itemId = TextField(source="item_id", default="")
    shareTypes = NumbersField(source="sources", default=frozenset({Source.USERS}))
    limit = LenientIntegerField(default=PEOPLE_LIMIT_DEFAULT)


class PeopleViewSet(OCSViewSet):
    """`/core/autocomplete/get`."""

    users_only = frozenset({"list"})

    def list(self, request: Request, **kwargs: Any) -> Response:
        """Return users, groups and e-mail addresses that match the search."""
        parameters = PeopleSearchParameters.read(self.raw_parameters)
        limit = parameters["limit"]
        if limit < 1:
            limit = PEOPLE_LIMIT_DEFAULT
        matches = search_people(
            user=self.user,
            search=parameters["search"],
            sources=parameters["sources"],
            token=parameters["item_id"],
            limit=min(limit, PEOPLE_LIMIT_MAX),
        )
        return Response([render_match(match) for match in matches])
