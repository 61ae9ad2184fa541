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


def test_the_numbers_of_the_poll_are_told_apart_from_it(keys) -> None:
    _, numbers = keys.of_poll(scope())
    assert numbers == {"lastKnownMessageId": 7, "timeout": 30}


def test_other_numbers_are_the_same_caller(keys) -> None:
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
def test_whatever_the_site_may_look_at_makes_another_caller(keys, changes) -> None:
    assert key(keys, **changes) != key(keys)


def test_headers_cannot_be_mistaken_for_others(keys) -> None:
    one = [COOKIE, (b"a", b"1b"), (b"c", b"2")]
    other = [COOKIE, (b"a", b"1"), (b"bc", b"2")]
    assert key(keys, headers=one) != key(keys, headers=other)


@pytest.mark.parametrize("name", [b"x-request-id", b"traceparent"])
def test_what_is_made_up_for_each_request_does_not(keys, name) -> None:
    headers = [COOKIE, ACCEPT, (name, b"4711")]
    assert key(keys, headers=headers) == key(keys)


def test_another_port_of_the_client_does_not(keys) -> None:
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
def test_some_requests_are_always_admitted_anew(keys, changes) -> None:
    assert keys.of_poll(scope(**changes)) is None


def test_no_key_tells_what_it_was_made_of(keys) -> None:
    headers = [(b"authorization", b"Basic c2VjcmV0")]
    assert key(keys, headers=headers) != key(RequestKeys(), headers=headers)
