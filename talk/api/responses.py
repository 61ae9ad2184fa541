"""Responses as bytes, independent of the request that they answer.

Django and DRF finish the response of a view. The response to a long poll is made long
after its request has ended, and the same bytes serve all polls that want the same.
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


class ErrorResponse(Response):
    """A response without data whose meta part tells what went wrong."""

    def __init__(self, ocs_status: OCSStatus, **kwargs: Any) -> None:
        super().__init__(None, status=ocs_status.status, **kwargs)
        self.ocs_status = ocs_status


@dataclass(frozen=True, slots=True)
class RenderedResponse:
    """The HTTP status, headers and body that a client gets."""

    status: int
    headers: Headers
    body: bytes

    def split_headers(self) -> tuple[RenderedResponse, Headers, Headers]:
        """Return the response with its body's headers alone, the others, and cookies."""
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
    """How a client wants its responses: envelope version, format and language."""

    version: int
    format: str
    language: str

    def render(self, make: Callable[[], Response]) -> RenderedResponse:
        """Call `make` and render the response that it returns.

        An error of `make` is rendered as the view class would do it. The result has
        no headers but those of the body and of the response itself.
        """
        with translation.override(self.language):
            try:
                response = make()
            except Exception as error:  # noqa: BLE001 - as in DRF's own dispatch
                response = ErrorResponse(ocs_status_of(error))
            status, data = in_envelope(response, self.version)
            # A response that is not rendered has the content type of all of Django's.
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
    """Return the `Content-Type` of what a renderer renders."""
    return f"{renderer.media_type}; charset={renderer.charset}"


def in_envelope(response: Response, version: int) -> tuple[int, dict[str, Any] | None]:
    """Return the HTTP status of a view's response, and its data in the envelope.

    The data is None for a 304 of v2, which has no body.
    """
    ocs_status = OCSStatus(status=response.status_code)
    if isinstance(response, ErrorResponse):
        ocs_status = response.ocs_status
    status = http_status(ocs_status, version)
    if status == 304:
        return status, None
    return status, wrap(response.data, ocs_status, version)


def rendered_response_of(response: HttpResponseBase) -> RenderedResponse:
    """Return the status, headers and body that Django would send for a response."""
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
