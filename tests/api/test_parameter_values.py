"""Parameters: conversion of texts, integers and booleans, and refused values."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import HttpRequest
from hypothesis import given, settings
from hypothesis import strategies as st
from rest_framework import serializers

from talk.api.parameters import (
    LenientBooleanField,
    LenientIntegerField,
    MessageField,
    Parameters,
    TextField,
)
from talk.exceptions import Invalid, TooLarge
from tests.api.wire import BOUNDARY, FORM, JSON, METHODS, MULTIPART, merged, request_of

DEFAULTS = {"number": 100, "flag": True, "text": "nothing", "message": ""}


class Everything(Parameters):
    """One parameter of each kind."""

    number = LenientIntegerField(default=100)
    flag = LenientBooleanField(default=True)
    text = TextField(default="nothing")
    message = MessageField(default="")


class Required(Parameters):
    """One parameter that must be there."""

    text = TextField()


class TestIntegers:
    """Leading digits count; nothing is refused."""

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("12", 12),
            ("12abc", 12),
            ("12.9", 12),
            ("-3", -3),
            ("+3", 3),
            ("007", 7),
            (" 5", 5),
            ("\t\n 5", 5),
            ("5 ", 5),
            ("- 5", 0),
            ("--5", 0),
            ("a5", 0),
            ("", 0),
            ("abc", 0),
            ("undefined", 0),
            ("false", 0),
            ("true", 0),
            ("null", 0),
            ("٣", 0),
            (True, 1),
            (False, 0),
            (7, 7),
            (-7, -7),
            (7.9, 7),
            (-7.9, -7),
        ],
        ids=repr,
    )
    def test_value(self, value: Any, expected: int) -> None:
        assert Everything.read({"number": value})["number"] == expected

    @pytest.mark.parametrize(
        "value",
        [
            "9" * 5000,
            "-" + "9" * 5000,
            10**400,
            1e308,
            float("inf"),
            float("-inf"),
            float("nan"),
            [],
            {},
            [1],
            {"a": 1},
        ],
        ids=lambda value: repr(value)[:12],
    )
    def test_nothing_is_refused_or_too_large_for_a_database(self, value: Any) -> None:
        number = Everything.read({"number": value})["number"]
        assert abs(number) < 2**63

    @given(st.integers(-(2**63) + 1, 2**63 - 1), st.text())
    def test_any_number_before_any_rest(self, number: int, rest: str) -> None:
        text = f"{number}x{rest}"
        assert Everything.read({"number": text})["number"] == number


class TestBooleans:
    """Nearly everything is true."""

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("", False),
            ("0", False),
            (0, False),
            (False, False),
            (True, True),
            (1, True),
            ("1", True),
            ("true", True),
            ("False", True),
            ("FALSE", True),
            ("no", True),
            ("off", True),
            (" ", True),
            ("00", True),
            ("0.0", True),
            (-1, True),
        ],
        ids=repr,
    )
    def test_value(self, value: Any, expected: bool) -> None:
        assert Everything.read({"flag": value})["flag"] is expected

    @pytest.mark.parametrize(
        ("request_", "expected"),
        [
            (request_of("GET", "flag=false"), False),
            (request_of("POST", "", "flag=false", FORM), False),
            (request_of("PUT", "", "flag=false", FORM), False),
            (request_of("POST", "flag=false", "x=1", FORM), False),
            (request_of("POST", "", '{"flag": "false"}', JSON), True),
            (request_of("PUT", "", '{"flag": "false"}', JSON), True),
            (request_of("POST", "", '{"flag": false}', JSON), False),
            (request_of("POST", "", "flag=False", FORM), True),
            (request_of("GET", "flag=FALSE"), True),
            (request_of("GET", "flag=no"), True),
            (request_of("GET", "flag="), False),
            (request_of("GET", "flag=0"), False),
        ],
        ids=[
            "query of GET",
            "form of POST",
            "form of PUT",
            "query of a form request",
            "JSON text of POST",
            "JSON text of PUT",
            "JSON false",
            "capital letter in a form",
            "capital letters in the query",
            "no",
            "empty",
            "zero",
        ],
    )
    def test_the_word_false_counts_in_a_get_and_in_a_form(
        self, request_: HttpRequest, expected: bool
    ) -> None:
        assert Everything.read(merged(request_))["flag"] is expected

    @pytest.mark.parametrize("value", ["[]", "{}", "[0]"])
    def test_lists_and_maps_are_not_refused(self, value: str) -> None:
        assert isinstance(Everything.read({"flag": json.loads(value)})["flag"], bool)


class TestTexts:
    """As they came."""

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("", ""),
            ("a", "a"),
            (" a ", " a "),
            ("\n", "\n"),
            ("Grüße ✓ 🎉", "Grüße ✓ 🎉"),
            ("null", "null"),
            (7, "7"),
            (-7, "-7"),
            (1.5, "1.5"),
        ],
        ids=repr,
    )
    def test_value(self, value: Any, expected: str) -> None:
        assert Everything.read({"text": value})["text"] == expected

    @pytest.mark.parametrize("value", [[], ["a"], {}, {"a": "b"}], ids=repr)
    def test_a_list_or_map_is_refused(self, value: Any) -> None:
        with pytest.raises(Invalid):
            Everything.read({"text": value})

    @pytest.mark.parametrize("value", ["a\x00b", "a\ud800b"], ids=ascii)
    def test_a_text_that_no_database_stores_is_refused(self, value: str) -> None:
        with pytest.raises(Invalid):
            Everything.read({"text": value})


class TestDefaults:
    """Missing and null parameters."""

    def test_a_missing_parameter_takes_its_default(self) -> None:
        assert Everything.read({}) == DEFAULTS

    def test_null_takes_the_default(self) -> None:
        values = dict.fromkeys(DEFAULTS)
        assert Everything.read(values) == DEFAULTS

    def test_an_empty_text_does_not_take_the_default(self) -> None:
        assert Everything.read({"text": ""})["text"] == ""

    def test_unknown_parameters_are_ignored(self) -> None:
        values = {"silent": True, "referenceId": {"a": []}, "token": "x"}
        assert Everything.read(values) == DEFAULTS

    @pytest.mark.parametrize("values", [{}, {"text": None}])
    def test_a_parameter_without_a_default_is_required(self, values: Any) -> None:
        with pytest.raises(Invalid):
            Required.read(values)

    def test_a_null_in_json_hides_a_value_of_the_query(self) -> None:
        request = request_of("POST", "text=query", '{"text": null}', JSON)
        assert Everything.read(merged(request))["text"] == "nothing"

    def test_the_field_may_have_another_name_inside(self) -> None:
        class Named(Parameters):
            wireName = serializers.CharField(source="inner_name")

        assert Named.read({"wireName": "x"}) == {"inner_name": "x"}


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
    max_leaves=10,
)

CONTENT_TYPES = st.sampled_from(
    [
        "",
        FORM,
        JSON,
        MULTIPART,
        f"{MULTIPART}; x=application/json",
        f"{FORM}; charset=utf-16",
        "text/plain",
    ]
) | st.text(st.characters(min_codepoint=32, max_codepoint=126))


class TestAnything:
    """Any input gives values, `Invalid` or `TooLarge`, and no other error."""

    @given(
        st.dictionaries(
            st.sampled_from(["number", "flag", "text", "message"]), JSON_VALUES
        )
    )
    def test_any_json_value_can_be_read_or_is_invalid(self, values: Any) -> None:
        request = request_of("POST", "", json.dumps(values), JSON)
        try:
            given = Everything.read(merged(request))
        except Invalid:
            return
        kinds = {name: type(value) for name, value in given.items()}
        assert kinds == {"number": int, "flag": bool, "text": str, "message": str}

    @settings(max_examples=300)
    @given(st.sampled_from(METHODS), st.binary(), st.binary(), CONTENT_TYPES)
    def test_any_bytes_are_read_or_refused(
        self, method: str, query: bytes, body: bytes, content_type: str
    ) -> None:
        request = request_of(
            method, "", body, content_type, QUERY_STRING=query.decode("latin-1")
        )
        try:
            Everything.read(merged(request))
        except (Invalid, TooLarge):
            return

    @given(st.binary(max_size=400))
    def test_any_bytes_between_two_boundaries(self, part: bytes) -> None:
        mark = f"--{BOUNDARY}".encode()
        body = b"\r\n".join([mark, part, mark + b"--", b""])
        try:
            merged(request_of("POST", "", body, MULTIPART))
        except (Invalid, TooLarge):
            return
