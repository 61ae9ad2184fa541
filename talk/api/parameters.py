"""Request parameters: reading them from the request, and converting their values.

Clients send any parameter in the query, in a form or in JSON, with any method. The
parameters are merged, and their values converted leniently, as clients expect. Each
view declares its parameters by a subclass of `Parameters`.
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
"""The part of a text that PHP takes for its integer value."""

INTEGER_MAX = 2**63 - 1
"""The largest integer that every database can store. Larger numbers become this."""

LIST_NAME = re.compile(r"(.+?)\[\]")
MAP_NAME = re.compile(r"(.+?)\[([^\[\]]+)\]")


class TextField(serializers.CharField):
    """A text, which is not trimmed and may be empty. Numbers become their digits.

    Lists, objects and texts that databases cannot store are invalid.
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
    """A chat message, which must be a text. The domain trims and checks it."""

    def run_validators(self, value: Any) -> None:
        """Leave the check of characters to the domain."""

    def to_internal_value(self, data: Any) -> str:
        """Return the text; numbers are invalid."""
        if not isinstance(data, str):
            self.fail("invalid")
        return data


class LenientIntegerField(serializers.IntegerField):
    """An integer that is never invalid: a text's leading digits, or 0 without any."""

    def to_internal_value(self, data: Any) -> int:
        """Return the integer that `data` begins with, within `INTEGER_MAX`."""
        if isinstance(data, float):
            data = int(data) if abs(data) < INTEGER_MAX else ""
        match = PHP_INTEGER.match(str(int(data) if isinstance(data, bool) else data))
        number = int(match[1]) if match else 0
        return max(-INTEGER_MAX, min(number, INTEGER_MAX))


class FormText(str):
    """A text of the query or a form, in which "false" means false, unlike in JSON."""

    __slots__ = ()


class LenientBooleanField(serializers.BooleanField):
    """A boolean that is never invalid: "", "0", 0 and a form's "false" are false."""

    def to_internal_value(self, data: Any) -> bool:
        """Return the truth value of `data`."""
        if isinstance(data, FormText) and data == "false":
            return False
        return bool(data) and data != "0"


class Parameters(serializers.Serializer[Any]):
    """The parameters of an endpoint. Subclasses declare the fields."""

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the declared parameters by their Python names.

        `values` is the result of `merged_parameters`. Missing and null parameters get
        their default. Call this after the checks that raise a 404 or 403, so that a
        non-participant learns nothing from a 400.

        Raises:
            Invalid: a parameter has an invalid value, or is missing without a default.
        """
        data = {key: value for key, value in values.items() if value is not None}
        serializer = cls(data=data)
        if not serializer.is_valid():
            name, errors = next(iter(serializer.errors.items()))
            raise Invalid(f"{name}: {errors[0]}")
        return dict(serializer.validated_data)


def merged_parameters(request: HttpRequest, route: Mapping[str, Any]) -> dict[str, Any]:
    """Return all parameters of a request by name: texts, lists, maps and JSON values.

    Parameters in JSON override those of the route, which override those in a form,
    which override those in the query. A body that does not have the format of its
    content type is ignored. Of several parameters with one name, the last one counts;
    ``name[]`` makes a list, ``name[key]`` a map. Reads the body at most once.

    Raises:
        Invalid: there are more fields than the site allows, or the body is cut off.
        TooLarge: the body is larger than the site allows.
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
    """Return the parameters in the query; none if there are too many."""
    try:
        return _expanded(request.GET)
    except TooManyFieldsSent:
        return {}


def _form(request: HttpRequest) -> QueryDict:
    """Return the fields of a form: urlencoded of any method, multipart of POST only."""
    if request.content_type == FORM:
        return QueryDict(_body(request), encoding="utf-8")
    if request.method != "POST":
        return QueryDict()
    if not request.META.get("CONTENT_LENGTH"):
        # Django reads nothing from a body without a content length.
        request.META["CONTENT_LENGTH"] = str(len(_body(request)))
    try:
        return request.POST
    except MultiPartParserError:
        return QueryDict()


def raw_body(request: HttpRequest) -> bytes:
    """Return the bytes of the body, for the check of a signature.

    Raises:
        Invalid: the body is cut off, or was already read as a form.
        TooLarge: the body is larger than the site allows.
    """
    try:
        return _body(request)
    except RequestDataTooBig as error:
        raise TooLarge("The body is too large.") from error
    except (UnreadablePostError, RawPostDataException) as error:
        raise Invalid("The body cannot be read.") from error


def _body(request: HttpRequest) -> bytes:
    """Return the body. Django does not check the length of a chunked one.

    Raises:
        RequestDataTooBig: the body exceeds `DATA_UPLOAD_MAX_MEMORY_SIZE`.
    """
    body = request.body
    maximum = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if maximum is not None and len(body) > maximum:
        raise RequestDataTooBig("The body is too large.")
    return body


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _expanded(fields: QueryDict) -> dict[str, Any]:
    """Return the fields by name, with PHP's notation of lists and maps applied."""
    values: dict[str, Any] = {}
    for name, texts in fields.lists():
        form_texts = [FormText(text) for text in texts]
        if match := LIST_NAME.fullmatch(name):
            values[match[1]] = form_texts
        elif match := MAP_NAME.fullmatch(name):
            previous = values.get(match[1])
            entries = previous if isinstance(previous, dict) else {}
            values[match[1]] = {**entries, match[2]: form_texts[-1]}
        elif form_texts:
            values[name] = form_texts[-1]
    return values
