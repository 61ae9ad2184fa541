"""Answers apart from the requests that they belong to: what they look like, as bytes.

A view's answer is finished by Django and DRF. One that is waited for is made long after
its request has been put away, and the same bytes serve all who wait for the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils import translation
from rest_framework.renderers import BaseRenderer
from rest_framework.response import Response

from talk.api.envelope import OCSStatus, http_status, wrap
from talk.api.errors import ocs_status_of
from talk.api.renderers import RENDERERS

Headers = tuple[tuple[bytes, bytes], ...]

BODY_HEADERS = frozenset(
    {b"content-encoding", b"content-length", b"content-type", b"etag", b"last-modified"}
)
"""Headers that describe a body and stay with it."""

COOKIE = b"Set-Cookie"


class Refusal(Response):
    """An answer without data, with a meta part of its own."""

    def __init__(self, ocs_status: OCSStatus, **kwargs: Any) -> None:
        super().__init__(None, status=ocs_status.status, **kwargs)
        self.ocs_status = ocs_status


@dataclass(frozen=True, slots=True)
class RenderedResponse:
    """What is sent to a client: an HTTP status, headers and a body."""

    status: int
    headers: Headers
    body: bytes

    def taken_apart(self) -> tuple[RenderedResponse, Headers, Headers]:
        """Return the answer with no headers but its body's, the others, and cookies."""
        own, others, cookies = [], [], []
        for header in self.headers:
            if header[0] == COOKIE:
                cookies.append(header)
            elif header[0].lower() in BODY_HEADERS:
                own.append(header)
            else:
                others.append(header)
        return replace(self, headers=tuple(own)), tuple(others), tuple(cookies)


@dataclass(frozen=True, slots=True)
class ResponseFormat:
    """How a client wants its answers: version of the envelope, format and language."""

    version: int
    format: str
    language: str

    def make(self, what: Callable[[], Response]) -> RenderedResponse:
        """Run what makes a response and return it with the headers of its body.

        An error becomes the answer that it has everywhere.
        """
        with translation.override(self.language):
            try:
                response = what()
            except Exception as error:  # noqa: BLE001 - as in DRF's own dispatch
                response = Refusal(ocs_status_of(error))
            status, data = closed(response, self.version)
            # Until it is rendered, a response has the type that Django gives to all.
            headers = [
                (name.encode(), value.encode("latin1"))
                for name, value in response.items()
                if name.lower() != "content-type"
            ]
            if data is None:
                return RenderedResponse(
                    status, (*headers, (b"Content-Length", b"0")), b""
                )
            renderer = RENDERERS[self.format]
            body: bytes = renderer().render(data)
        headers += [
            (b"Content-Type", content_type(renderer).encode()),
            (b"Content-Length", str(len(body)).encode()),
        ]
        return RenderedResponse(status, tuple(headers), body)


def content_type(renderer: type[BaseRenderer]) -> str:
    """Return the `Content-Type` of what a renderer makes."""
    return f"{renderer.media_type}; charset={renderer.charset}"


def closed(response: Response, version: int) -> tuple[int, dict[str, Any] | None]:
    """Return the HTTP status of what an action returned, and its data in the envelope.

    A 304 of v2 has no body at all: None.
    """
    ocs_status = OCSStatus(status=response.status_code)
    if isinstance(response, Refusal):
        ocs_status = response.ocs_status
    status = http_status(ocs_status, version)
    if status == 304:
        return status, None
    return status, wrap(response.data, ocs_status, version)


def answer_of(response: HttpResponseBase) -> RenderedResponse:
    """Return what Django would send for a finished response."""
    headers = [
        (name.encode("ascii"), value.encode("latin1"))
        for name, value in response.items()
    ]
    headers += [
        (COOKIE, morsel.output(header="").strip().encode("ascii"))
        for morsel in response.cookies.values()
    ]
    content: bytes = getattr(response, "content", b"")
    if isinstance(response, StreamingHttpResponse):
        content = b"".join(response)
    return RenderedResponse(response.status_code, tuple(headers), content)
