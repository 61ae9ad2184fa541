"""Parameters: in which places they may be sent, and which place wins."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.api.helpers import MESSAGE_TYPES, texts
from tests.api.wire import (
    FORM,
    JSON,
    METHODS,
    MULTIPART,
    XML_ANSWER,
    chunked,
    merged,
    multipart,
    request_of,
)
from tests.client import BASE, TalkClient

MULTIPART_BODY = multipart(a="form", b="form")
HELLO = "héllo 😀"
HELLO_FORM = urlencode({"message": HELLO})
HELLO_JSON = json.dumps({"message": HELLO}, ensure_ascii=False)


class TestPlaces:
    """A parameter may stand anywhere, with any method."""

    @pytest.mark.parametrize("method", METHODS)
    def test_query(self, method: str) -> None:
        assert merged(request_of(method, "a=1")) == {"a": "1"}

    @pytest.mark.parametrize("method", METHODS)
    def test_form(self, method: str) -> None:
        assert merged(request_of(method, "", "a=1&b=x+y", FORM)) == {
            "a": "1",
            "b": "x y",
        }

    @pytest.mark.parametrize("method", METHODS)
    def test_json(self, method: str) -> None:
        body = '{"a": 1, "b": [true, null]}'
        assert merged(request_of(method, "", body, JSON)) == {"a": 1, "b": [True, None]}

    def test_multipart_with_post(self) -> None:
        request = request_of("POST", "", MULTIPART_BODY, MULTIPART)
        assert merged(request) == {"a": "form", "b": "form"}

    def test_route(self) -> None:
        assert merged(request_of(), token="abcd") == {"token": "abcd"}

    @pytest.mark.parametrize(
        "content_type",
        [
            "application/json; charset=utf-8",
            "Application/JSON",
            "text/plain, application/json",
        ],
    )
    def test_json_is_what_contains_its_name(self, content_type: str) -> None:
        assert merged(request_of("POST", "", '{"a": 1}', content_type)) == {"a": 1}

    @pytest.mark.parametrize(
        "content_type",
        [
            f"{FORM}; charset=UTF-8",
            f"{FORM};charset=utf8",
            f"{FORM}; charset=ISO-8859-1",
            f"{FORM}; charset=nonsense",
            f"{FORM}; charset=base64",
            FORM.upper(),
        ],
    )
    @pytest.mark.parametrize("method", ["POST", "PUT"])
    def test_a_form_counts_whatever_its_charset(
        self, method: str, content_type: str
    ) -> None:
        assert merged(request_of(method, "", "a=1", content_type)) == {"a": "1"}

    @pytest.mark.parametrize("charset", ["nonsense", "utf-16", "latin-1"])
    def test_a_charset_of_the_body_does_not_concern_the_query(
        self, charset: str
    ) -> None:
        request = request_of("GET", "a=1", b"", f"text/plain; charset={charset}")
        assert merged(request) == {"a": "1"}

    def test_text_is_utf_8(self) -> None:
        form = urlencode({"b": "ünï ✓"})
        request = request_of("POST", urlencode({"a": "Grüße"}), form, FORM)
        assert merged(request) == {"a": "Grüße", "b": "ünï ✓"}

    @pytest.mark.parametrize(
        ("body", "content_type", "expected"),
        [
            (b"a=1", FORM, {"a": "1"}),
            (b'{"a": 1}', JSON, {"a": 1}),
            (MULTIPART_BODY, MULTIPART, {"a": "form", "b": "form"}),
        ],
        ids=["form", "json", "multipart"],
    )
    def test_a_body_needs_no_announced_length(
        self, body: bytes, content_type: str, expected: Any
    ) -> None:
        assert merged(chunked(body, content_type)) == expected


class TestPrecedence:
    """A later place wins over an earlier one: query, form, route, JSON."""

    def test_a_form_wins_over_the_query(self) -> None:
        assert merged(request_of("POST", "a=query", "a=form", FORM))["a"] == "form"

    def test_multipart_wins_over_the_query(self) -> None:
        request = request_of("POST", "a=query", MULTIPART_BODY, MULTIPART)
        assert merged(request)["a"] == "form"

    def test_the_route_wins_over_the_query(self) -> None:
        assert merged(request_of("GET", "a=query"), a="route")["a"] == "route"

    def test_the_route_wins_over_a_form(self) -> None:
        request = request_of("POST", "", "a=form", FORM)
        assert merged(request, a="route")["a"] == "route"

    def test_json_wins_over_the_query(self) -> None:
        assert merged(request_of("POST", "a=query", '{"a": 1}', JSON))["a"] == 1

    def test_json_wins_over_the_route(self) -> None:
        request = request_of("POST", "", '{"a": "json"}', JSON)
        assert merged(request, a="route")["a"] == "json"

    def test_parameters_that_a_later_place_does_not_name_stay(self) -> None:
        request = request_of("POST", "a=query&b=query", "b=form", FORM)
        assert merged(request, c="route") == {"a": "query", "b": "form", "c": "route"}


class TestBodiesThatSayNothing:
    """A body that cannot be read is no error; the other places still count."""

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b" ",
            b"{",
            b"nonsense",
            b"[1, 2]",
            b'"text"',
            b"1",
            b"null",
            b"true",
            b"\xff\xfe",
            b"\x00",
            b'{"a": 1',
            b"{'a': 1}",
            b'{"a": 1} rest',
            b'{"a": "\xff"}',
            b"[" * 100_000,
            b'{"a":' * 100_000,
            b'{"a": ' + b"9" * 10_000 + b"}",
        ],
        ids=lambda body: repr(body[:12]),
    )
    def test_json(self, body: bytes) -> None:
        for method in METHODS:
            assert merged(request_of(method, "a=query", body, JSON)) == {"a": "query"}

    @pytest.mark.parametrize(
        "content_type", ["", "text/plain", "application/xml", "nonsense", ";", "a/b; c"]
    )
    def test_a_content_type_that_is_not_read(self, content_type: str) -> None:
        for method in METHODS:
            request = request_of(method, "a=query", "a=body", content_type)
            assert merged(request) == {"a": "query"}

    @pytest.mark.parametrize(
        "content_type",
        [
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=ü",
            f"multipart/form-data; boundary={'x' * 300}",
        ],
    )
    def test_a_multipart_body_with_a_bad_boundary(self, content_type: str) -> None:
        request = request_of("POST", "a=query", MULTIPART_BODY, content_type)
        assert merged(request) == {"a": "query"}

    def test_a_multipart_body_that_ends_too_early(self) -> None:
        request = request_of("POST", "q=1", MULTIPART_BODY[:40], MULTIPART)
        assert merged(request)["q"] == "1"

    @pytest.mark.parametrize("method", METHODS)
    def test_a_multipart_body_that_calls_itself_json_as_well(self, method: str) -> None:
        content_type = f"{MULTIPART}; also=application/json"
        request = request_of(method, "q=1", MULTIPART_BODY, content_type)
        assert merged(request)["q"] == "1"

    @pytest.mark.parametrize(
        "query", ["", "&&", "=", "%", "%ff", "a[", "[]", "a[]b", "[x]"]
    )
    def test_an_odd_query_is_no_error(self, query: str) -> None:
        assert merged(request_of("GET", f"{query}&b=1"))["b"] == "1"


class TestNames:
    """PHP's spelling of lists and maps."""

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("a=1&a=2", {"a": "2"}),
            ("a=", {"a": ""}),
            ("a", {"a": ""}),
            ("a[]=0&a[]=1", {"a": ["0", "1"]}),
            ("a[]=0", {"a": ["0"]}),
            ("a[]=", {"a": [""]}),
            ("a%5B%5D=0&a%5B%5D=1", {"a": ["0", "1"]}),
            ("a[b]=c", {"a": {"b": "c"}}),
            ("a[b]=c&a[d]=e", {"a": {"b": "c", "d": "e"}}),
            ("a[b]=c&a[b]=d", {"a": {"b": "d"}}),
            ("a[]=1&b[]=2&c=3", {"a": ["1"], "b": ["2"], "c": "3"}),
        ],
    )
    def test_name(self, query: str, expected: Any) -> None:
        assert merged(request_of("GET", query)) == expected
        assert merged(request_of("PUT", "", query, FORM)) == expected

    def test_a_list_of_a_form_replaces_that_of_the_query(self) -> None:
        request = request_of("POST", "a[]=1&a[]=2", "a[]=3", FORM)
        assert merged(request) == {"a": ["3"]}


@pytest.mark.django_db
class TestOverHTTP:
    """Real endpoints, asked as real clients ask."""

    @pytest.mark.parametrize(
        ("query", "body", "content_type"),
        [
            (HELLO_FORM, "", ""),
            (HELLO_FORM, "", JSON),
            (HELLO_FORM, "nonsense", "text/plain"),
            ("", HELLO_FORM, FORM),
            ("", HELLO_JSON, JSON),
            ("", multipart(message=HELLO), MULTIPART),
            ("message=other", HELLO_FORM, FORM),
            ("message=other", HELLO_JSON, JSON),
        ],
        ids=[
            "query",
            "query, empty JSON",
            "query, text",
            "form",
            "JSON",
            "multipart",
            "form over query",
            "JSON over query",
        ],
    )
    def test_a_message_may_come_from_anywhere(
        self,
        as_alice: TalkClient,
        public: str,
        query: str,
        body: str | bytes,
        content_type: str,
    ) -> None:
        url = f"/chat/{public}?{query}"
        answer = as_alice.request("POST", url, body=body, content_type=content_type)

        assert answer.status == 201
        assert answer.data["message"] == HELLO
        assert texts(as_alice.history(public)) == [HELLO]

    def test_an_empty_json_body_counts_for_nothing(
        self, as_alice: TalkClient, public: str
    ) -> None:
        answer = as_alice.request("GET", f"/room/{public}", body="", content_type=JSON)

        assert answer.data["token"] == public

    @pytest.mark.parametrize(
        ("body", "content_type"), [("format=xml", FORM), ('{"format": "xml"}', JSON)]
    )
    def test_bodies_count_with_delete(
        self, as_alice: TalkClient, public: str, body: str, content_type: str
    ) -> None:
        as_alice.join(public)
        url = f"{BASE}/room/{public}/participants/active"
        response = as_alice.http.generic(
            "DELETE", url, body, content_type, headers=as_alice.headers
        )

        assert response.status_code == 200
        assert response["Content-Type"] == XML_ANSWER

    @pytest.mark.parametrize(
        "extra",
        [
            {"silent": "true", "replyTo": "1", "referenceId": "x"},
            {"ocs_version": "1"},
            {"token": "other1234"},
            {"a[]": "1", "a[b]": "c"},
        ],
    )
    def test_unknown_parameters_are_ignored(
        self, as_alice: TalkClient, public: str, extra: Any
    ) -> None:
        answer = as_alice.post(f"/chat/{public}", message="hello", **extra)

        assert (answer.status, answer.meta["statuscode"]) == (201, 201)
        assert answer.data["token"] == public
        assert set(answer.data) == set(MESSAGE_TYPES)
        assert texts(as_alice.history(public)) == ["hello"]
