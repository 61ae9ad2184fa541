"""Django's request handling in the hub's threads: signals, connections, streaming."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import connection
from django.http import StreamingHttpResponse

from talk.api.responses import rendered_response_of
from talk.realtime.admission import RequestHandler

pytestmark = pytest.mark.django_db

SCOPE = {
    "type": "http",
    "method": "GET",
    "path": "/ocs/v2.php/cloud/capabilities",
    "query_string": b"format=json",
    "headers": [],
}


@pytest.mark.parametrize("signal", [request_started, request_finished])
def test_a_request_sends_the_signals_of_djangos_handler(signal: Any) -> None:
    heard: list[Any] = []

    def hear(sender: Any, **arguments: Any) -> None:
        heard.append(sender)

    signal.connect(hear)
    try:
        RequestHandler().admit(SCOPE, b"")
    finally:
        signal.disconnect(hear)
    assert len(heard) == 1


def test_the_connection_outlives_the_request() -> None:
    connection.ensure_connection()
    connection.close_at = 0.0
    RequestHandler().admit(SCOPE, b"")
    assert connection.close_at is None


def test_a_streaming_response_is_rendered_completely() -> None:
    assert (
        rendered_response_of(StreamingHttpResponse([b"one ", b"two"])).body
        == b"one two"
    )
