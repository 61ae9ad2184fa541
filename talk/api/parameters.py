"""Request parameters: where they may stand and how their text becomes a value.

Clients put every parameter anywhere: in the query, in a form, in JSON, with any
method. All places are merged, and values are converted leniently, as these clients
expect. Each view declares its own with a serializer of the fields below.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.http import (
    HttpRequest,
    QueryDict,
    RawPostDataException,
    UnreadablePostError,
)
from django.http.multipartparser import MultiPartParserError
from rest_framework import serializers

from talk.exceptions import Invalid, TooLarge

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
JSON = "application/json"

PHP_INTEGER = re.compile(r"[ \t\n\r\v\f]*([+-]?[0-9]{1,30})")
"""The part of a text that counts as its integer; without one it is 0."""

INTEGER_MAX = 2**63 - 1
"""What every database's 64 bits hold; numbers beyond are cut to it."""

LIST_NAME = re.compile(r"(.+?)\[\]")
MAP_NAME = re.compile(r"(.+?)\[([^\[\]]+)\]")


class TextField(serializers.CharField):
    """A text as it came: not trimmed, empty is fine, numbers become their digits.

    Texts that no database can store are refused, and so are lists and objects.
    """

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("allow_blank", True)
        kwargs.setdefault("trim_whitespace", False)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        """Return the text; `true` is "1" and `false` is empty."""
        if isinstance(data, bool):
            return "1" if data else ""
        return super().to_internal_value(data)


class MessageField(TextField):
    """A chat message: a text and nothing else, checked by the domain after trimming."""

    def run_validators(self, value: Any) -> None:
        """Leave the characters to the domain."""

    def to_internal_value(self, data: Any) -> str:
        """Return the text; numbers are none."""
        if not isinstance(data, str):
            self.fail("invalid")
        return data


class LenientIntegerField(serializers.IntegerField):
    """An integer that is never refused: leading digits count, without any it is 0."""

    def to_internal_value(self, data: Any) -> int:
        """Return the number that `data` begins with, cut to what databases hold."""
        if isinstance(data, float):
            data = int(data) if abs(data) < INTEGER_MAX else ""
        match = PHP_INTEGER.match(str(int(data) if isinstance(data, bool) else data))
        number = int(match[1]) if match else 0
        return max(-INTEGER_MAX, min(number, INTEGER_MAX))


class FormText(str):
    """A text from the query or a form, where "false" means false; in JSON it does not."""

    __slots__ = ()


class LenientBooleanField(serializers.BooleanField):
    """A flag that is never refused: "", "0", 0 and a form's "false" are false."""

    def to_internal_value(self, data: Any) -> bool:
        """Return what `data` counts as."""
        if isinstance(data, FormText) and data == "false":
            return False
        return bool(data) and data != "0"


class Parameters(serializers.Serializer[Any]):
    """What an endpoint reads from a request. Subclasses declare the fields."""

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the declared parameters by their Python names.

        `values` is what `merged_parameters` found. What is missing or null takes
        its default. To be called after the caller's own 404 and 403, so that a
        stranger learns nothing from a 400.

        Raises:
            Invalid: one without a default is missing, or one cannot be read.
        """
        given = {key: value for key, value in values.items() if value is not None}
        serializer = cls(data=given)
        if not serializer.is_valid():
            name, errors = next(iter(serializer.errors.items()))
            raise Invalid(f"{name}: {errors[0]}")
        return dict(serializer.validated_data)


def merged_parameters(request: HttpRequest, route: Mapping[str, Any]) -> dict[str, Any]:
    """Return all parameters of a request by name: texts, lists, maps and JSON values.

    Later places win: the query, a form, the placeholders of the route, JSON. A body
    that cannot be read as what it claims to be is no error; it just says nothing.
    A repeated name keeps the last value, ``name[]`` makes a list, ``name[key]`` a map.

    Raises:
        Invalid: there are more fields than the site allows, or the body breaks off.
        TooLarge: the body is larger than the site allows.

    Reads the body, at most once.
    """
    try:
        values = _expanded(request.GET)
        is_form = request.content_type in (FORM, MULTIPART)
        if is_form:
            values |= _expanded(_form(request))
        values |= route
        if not is_form and JSON in request.headers.get("Content-Type", "").lower():
            values |= _json_object(_body(request))
    except RequestDataTooBig as error:
        raise TooLarge("The body is too large.") from error
    except TooManyFieldsSent as error:
        raise Invalid("There are too many parameters.") from error
    except (UnreadablePostError, RawPostDataException) as error:
        raise Invalid("The body cannot be read.") from error
    return values


def query_parameters(request: HttpRequest) -> dict[str, Any]:
    """Return the parameters of the query alone; none when there are too many."""
    try:
        return _expanded(request.GET)
    except TooManyFieldsSent:
        return {}


def _form(request: HttpRequest) -> QueryDict:
    """Return the fields of a form: urlencoded with any method, multipart with POST."""
    if request.content_type == FORM:
        return QueryDict(_body(request), encoding="utf-8")
    if request.method != "POST":
        return QueryDict()
    if not request.META.get("CONTENT_LENGTH"):
        # Django takes a body of unannounced length for an empty one.
        request.META["CONTENT_LENGTH"] = str(len(_body(request)))
    try:
        return request.POST
    except MultiPartParserError:
        return QueryDict()


def raw_body(request: HttpRequest) -> bytes:
    """Return the body as it came, for those who check its signature.

    Raises:
        Invalid: it breaks off, or was read as a form already.
        TooLarge: it is larger than the site allows.
    """
    try:
        return _body(request)
    except RequestDataTooBig as error:
        raise TooLarge("The body is too large.") from error
    except (UnreadablePostError, RawPostDataException) as error:
        raise Invalid("The body cannot be read.") from error


def _body(request: HttpRequest) -> bytes:
    """Return the body, whose length a chunked request does not announce.

    Raises:
        RequestDataTooBig: it is longer than `DATA_UPLOAD_MAX_MEMORY_SIZE`.
    """
    body = request.body
    longest = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if longest is not None and len(body) > longest:
        raise RequestDataTooBig("The body is too large.")
    return body


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _expanded(fields: QueryDict) -> dict[str, Any]:
    """Return form fields as values, with PHP's spelling of lists and maps read."""
    values: dict[str, Any] = {}
    for name, texts in fields.lists():
        marked = [FormText(text) for text in texts]
        if match := LIST_NAME.fullmatch(name):
            values[match[1]] = marked
        elif match := MAP_NAME.fullmatch(name):
            known = values.get(match[1])
            entries = known if isinstance(known, dict) else {}
            values[match[1]] = {**entries, match[2]: marked[-1]}
        elif marked:
            values[name] = marked[-1]
    return values
