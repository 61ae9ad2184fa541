"""Parameters: more than the site allows is refused in an envelope."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from django.test import Client, override_settings

from talk.exceptions import TooLarge
from talk.models import Room
from tests.api.wire import (
    BOUNDARY,
    FORM,
    JSON,
    JSON_ANSWER,
    MULTIPART,
    PROFILE,
    chunked,
    merged,
    multipart,
)
from tests.client import BASE, TalkClient

pytestmark = pytest.mark.django_db


class TestLimits:
    """Fields, files and bytes."""

    def codes(
        self,
        as_alice: TalkClient,
        body: str | bytes = b"",
        content_type: str = "",
        *,
        method: str = "POST",
        url: str = "/room",
    ) -> tuple[int, int]:
        """Send a request that is refused in JSON; return its HTTP status and code."""
        answer = as_alice.request(method, url, body=body, content_type=content_type)
        assert answer.headers["Content-Type"] == JSON_ANSWER
        assert (answer.meta["status"], answer.data) == ("failure", [])
        assert not Room.objects.exists()
        return answer.status, answer.meta["statuscode"]

    @override_settings(DATA_UPLOAD_MAX_NUMBER_FIELDS=3)
    @pytest.mark.parametrize(("method", "status"), [("POST", 400), ("PUT", 405)])
    def test_too_many_fields_in_a_query(
        self, as_alice: TalkClient, method: str, status: int
    ) -> None:
        url = "/room?roomType=3&a=1&b=2&c=3"
        assert self.codes(as_alice, method=method, url=url) == (status, status)

    @override_settings(DATA_UPLOAD_MAX_NUMBER_FIELDS=3)
    def test_too_many_fields_in_a_form(self, as_alice: TalkClient) -> None:
        body = "roomType=3&a=1&b=2&c=3"
        assert self.codes(as_alice, body, FORM) == (400, 400)

    @override_settings(DATA_UPLOAD_MAX_NUMBER_FIELDS=3)
    def test_too_many_fields_in_multipart(self, as_alice: TalkClient) -> None:
        body = multipart(roomType=3, a=1, b=2, c=3)
        assert self.codes(as_alice, body, MULTIPART) == (400, 400)

    @override_settings(DATA_UPLOAD_MAX_NUMBER_FILES=1)
    def test_too_many_files(self, as_alice: TalkClient) -> None:
        part = (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="f"; filename="f"'
            "\r\n\r\nx\r\n"
        )
        body = f"{part * 3}--{BOUNDARY}--\r\n"
        assert self.codes(as_alice, body, MULTIPART) == (400, 400)

    @override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=50)
    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            (f"roomType=3&a={'x' * 50}", FORM),
            (f'{{"roomType": 3, "a": "{"x" * 50}"}}', JSON),
            (multipart(roomType=3, a="x" * 50), MULTIPART),
        ],
        ids=["form", "json", "multipart"],
    )
    def test_a_body_that_is_too_large(
        self, as_alice: TalkClient, body: str | bytes, content_type: str
    ) -> None:
        assert self.codes(as_alice, body, content_type) == (413, 413)

    @override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=50)
    def test_a_body_that_is_too_large_on_v1(self, as_alice: TalkClient) -> None:
        url = f"{BASE}/room".replace("v2.php", "v1.php")
        body = f"roomType=3&a={'x' * 50}"
        assert self.codes(as_alice, body, FORM, url=url) == (200, 413)

    @override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=50)
    def test_the_format_of_the_query_counts_for_a_body_that_is_too_large(self) -> None:
        url = f"{PROFILE}?format=json"
        response = Client().generic("GET", url, "a" * 51, FORM)
        assert response["Content-Type"] == JSON_ANSWER

    @override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=50)
    @pytest.mark.parametrize("content_type", [FORM, JSON])
    def test_a_body_without_an_announced_length_is_measured(
        self, content_type: str
    ) -> None:
        body = b'{"a": "%s"}' % (b"x" * 50)
        with pytest.raises(TooLarge):
            merged(chunked(body, content_type, "PUT"))

    @override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=None)
    def test_a_site_may_allow_any_size(self) -> None:
        body = b"a=" + b"x" * 5_000_000
        assert len(merged(chunked(body, FORM))["a"]) == 5_000_000

    def test_a_body_that_breaks_off_is_answered(self, as_alice: TalkClient) -> None:
        class Broken(BytesIO):
            def read(self, *args: Any) -> bytes:
                raise OSError("gone")

            readline = read

        as_alice.http.raise_request_exception = False
        response = as_alice.http.post(
            f"{BASE}/room",
            content_type=JSON,
            data="{}",
            headers=as_alice.headers,
            **{"wsgi.input": Broken()},
        )
        assert "html" not in response["Content-Type"]


class TestLongSearches:
    """Longer than anybody's name, and than a database's patterns may be."""

    def test_nobody_to_mention_is_found(self, as_alice, shared) -> None:
        body = json.dumps({"search": "b" * 100_000})
        answer = as_alice.request("GET", f"/chat/{shared}/mentions", body=body)
        assert (answer.status, answer.data) == (200, [])
