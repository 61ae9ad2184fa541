"""Keys of requests: which requests have the same key, and which have none."""

from __future__ import annotations

from typing import Any

import pytest

from talk.realtime.request_keys import RequestKeys

COOKIE = (b"cookie", b"sessionid=abc")
ACCEPT = (b"accept", b"application/json")


@pytest.fixture
def keys() -> RequestKeys:
    return RequestKeys()


def scope(**changes: Any) -> dict[str, Any]:
    """Return the scope of a poll."""
    return {
        "method": "GET",
        "path": "/ocs/v2.php/apps/spreed/api/v1/chat/abc",
        "root_path": "",
        "scheme": "http",
        "client": ("192.0.2.1", 50_000),
        "query_string": b"lookIntoFuture=1&lastKnownMessageId=7&timeout=30",
        "headers": [COOKIE, ACCEPT],
        **changes,
    }


def key(keys: RequestKeys, **changes: Any) -> bytes:
    """Return the key of a poll."""
    found = keys.of_poll(scope(**changes))
    assert found is not None
    return found[0]


def test_the_numbers_of_a_poll_are_returned(keys) -> None:
    _, numbers = keys.of_poll(scope())
    assert numbers == {"lastKnownMessageId": 7, "timeout": 30}


def test_polls_with_other_numbers_have_the_same_key(keys) -> None:
    query = b"lookIntoFuture=1&timeout=20&lastKnownMessageId=8&limit=5"
    assert key(keys, query_string=query) == key(keys)


def test_the_last_of_two_values_counts(keys) -> None:
    query = b"lookIntoFuture=1&timeout=20&timeout=40"
    _, numbers = keys.of_poll(scope(query_string=query))
    assert numbers == {"timeout": 40}


@pytest.mark.parametrize(
    "changes",
    [
        {"path": "/ocs/v2.php/apps/spreed/api/v1/chat/abd"},
        {"path": "/ocs/v1.php/apps/spreed/api/v1/chat/abc"},
        {"root_path": "/site"},
        {"scheme": "https"},
        {"client": ("192.0.2.2", 50_000)},
        {"query_string": b"lookIntoFuture=1&format=xml"},
        {"headers": [(b"cookie", b"sessionid=abd"), ACCEPT]},
        {"headers": [COOKIE, ACCEPT, (b"accept-language", b"de")]},
        {"headers": [COOKIE, (b"accept", b"application/xml")]},
        {"headers": [COOKIE, ACCEPT, (b"x-tenant", b"other")]},
        {"headers": [COOKIE, ACCEPT, (b"authorization", b"Basic eA==")]},
    ],
)
def test_a_difference_that_middleware_can_see_makes_another_key(keys, changes) -> None:
    assert key(keys, **changes) != key(keys)


def test_headers_with_the_same_concatenation_have_different_keys(keys) -> None:
    one = [COOKIE, (b"a", b"1b"), (b"c", b"2")]
    other = [COOKIE, (b"a", b"1"), (b"bc", b"2")]
    assert key(keys, headers=one) != key(keys, headers=other)


@pytest.mark.parametrize("name", [b"x-request-id", b"traceparent"])
def test_headers_that_change_with_each_request_do_not_count(keys, name) -> None:
    headers = [COOKIE, ACCEPT, (name, b"4711")]
    assert key(keys, headers=headers) == key(keys)


def test_the_port_of_the_client_does_not_count(keys) -> None:
    assert key(keys, client=("192.0.2.1", 50_001)) == key(keys)


@pytest.mark.parametrize(
    "changes",
    [
        {"headers": [ACCEPT]},
        {"headers": [COOKIE, (b"content-length", b"5")]},
        {"headers": [COOKIE, (b"transfer-encoding", b"chunked")]},
        {"query_string": b"lookIntoFuture=1&timeout=0"},
        {"query_string": b"lookIntoFuture=1&timeout=abc"},
        {"query_string": b"lookIntoFuture=1&timeout=+5"},
        {"query_string": b"lookIntoFuture=1&time%6Fut=5"},
        {"query_string": b"lookIntoFuture=1&lastKnownMessageId[]=5"},
        {"query_string": b"lookIntoFuture=1&limit=" + b"9" * 19},
    ],
    ids=str,
)
def test_some_requests_have_no_key(keys, changes) -> None:
    assert keys.of_poll(scope(**changes)) is None


def test_a_key_depends_on_the_secret_of_the_process(keys) -> None:
    headers = [(b"authorization", b"Basic c2VjcmV0")]
    assert key(keys, headers=headers) != key(RequestKeys(), headers=headers)
