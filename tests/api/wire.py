"""Requests and answers as they go over the wire, for tests that look at the raw ones."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.test import AsyncRequestFactory, Client, RequestFactory
from django.test.client import encode_multipart

from talk.api.parameters import merged_parameters
from tests.client import Answer, TalkClient

V1, V2 = "/ocs/v1.php", "/ocs/v2.php"
CAPABILITIES = f"{V2}/cloud/capabilities"
PROFILE = f"{V2}/cloud/user"
UNKNOWN_ROUTE = f"{V2}/nothing"

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
BOUNDARY = "BoUnDaRy"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
METHODS = ("GET", "POST", "PUT", "DELETE")
ALL_METHODS = (*METHODS, "PATCH", "OPTIONS", "TRACE", "PROPFIND")

JSON_ANSWER = "application/json; charset=utf-8"
XML_ANSWER = "application/xml; charset=utf-8"

ACCEPT_JSON = {"Accept": "application/json"}
OCS = {"OCS-APIRequest": "true"}

NOT_LOGGED_IN = {
    "status": "failure",
    "statuscode": 997,
    "message": "Current user is not logged in",
}
UNKNOWN = "Invalid query, please check the syntax."
"""How the message for an unknown route begins."""


def multipart(**fields: Any) -> bytes:
    """Return a body of the type `MULTIPART`."""
    return encode_multipart(BOUNDARY, fields)


def ocs_of(response: Any) -> dict[str, Any]:
    """Return what is in the envelope of a JSON answer."""
    assert response["Content-Type"] == JSON_ANSWER
    return response.json()["ocs"]


def at(raw_path: str, client: Client | None = None) -> Any:
    """GET a path that the test client would take for a host or clean up."""
    path_info = raw_path.encode().decode("latin-1")
    return (client or Client()).get("/", PATH_INFO=path_info, headers=ACCEPT_JSON)


# Credentials.


def basic(name: str, password: str, charset: str = "utf-8") -> str:
    """Return the value of an `Authorization` header."""
    pair = f"{name}:{password}".encode(charset)
    return f"Basic {base64.b64encode(pair).decode()}"


def profile(client: Client, **headers: str) -> Any:
    """Ask who one is."""
    return client.get(PROFILE, headers={**ACCEPT_JSON, **headers})


def who(client: Client, **headers: str) -> str | None:
    """Return the user id that the server takes the request's sender for."""
    response = profile(client, **headers)
    if response.status_code == 401:
        assert response.json()["ocs"] == {"meta": NOT_LOGGED_IN, "data": []}
        return None
    assert response.status_code == 200
    return response.json()["ocs"]["data"]["id"]


# Requests that no view gets, and their parameters.


def request_of(
    method: str = "POST",
    query: str = "",
    body: bytes | str = b"",
    content_type: str = "",
    **extra: Any,
) -> HttpRequest:
    """Return a Django request as the WSGI handler makes it."""
    if content_type:
        extra["CONTENT_TYPE"] = content_type  # also without a body
    return RequestFactory().generic(method, f"/?{query}", body, **extra)


def chunked(body: bytes, content_type: str, method: str = "POST") -> HttpRequest:
    """Return a request whose body has no announced length, as ASGI servers pass it."""
    request = AsyncRequestFactory().generic(method, "/", body, content_type)
    del request.META["CONTENT_LENGTH"]
    return request


def merged(request: HttpRequest, **route: Any) -> dict[str, Any]:
    """Return the request's parameters."""
    return merged_parameters(request, route)


PLACES = ["query", "form", "JSON"]
"""Where parameters may stand."""


def send(
    client: TalkClient, method: str, path: str, place: str, **values: Any
) -> Answer:
    """Send a request with its parameters in one of `PLACES`."""
    if place == "query":
        return client.request(method, path, query=values)
    if place == "form":
        body = urlencode(values)
        return client.request(method, path, body=body, content_type=FORM)
    return client.request(method, path, body=json.dumps(values))
