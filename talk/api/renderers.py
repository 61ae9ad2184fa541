"""The two formats of an envelope, and which of them a request gets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape

from rest_framework import renderers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML document may hold, not even escaped."""

NOT_A_NAME = re.compile(r"[^A-Za-z0-9_.-]")


class JSONRenderer(renderers.JSONRenderer):
    """JSON, the same whatever the site's `REST_FRAMEWORK` says."""

    charset = "utf-8"
    compact = True
    ensure_ascii = True
    strict = True


class XMLRenderer(BaseRenderer):
    """XML, where lists have children called `element` and maps are named by key."""

    media_type = "application/xml"
    format = "xml"
    charset = "utf-8"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return the document; what XML cannot hold is replaced, never refused."""
        lines = ['<?xml version="1.0"?>']
        for key, value in data.items():
            lines.extend(_lines(key, value, depth=0))
        return "\n".join([*lines, ""]).encode()


RENDERERS: Mapping[str, type[XMLRenderer] | type[JSONRenderer]] = {
    "xml": XMLRenderer,
    "json": JSONRenderer,
}
"""By the name of their format."""


class OCSNegotiation(BaseContentNegotiation):
    """Chooses by the parameter `format`, then by `Accept`, then XML; never a 406."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> None:
        """Return nothing: `talk.api.parameters` reads bodies."""

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """Return the renderer for the format that the request asks for.

        `format_suffix` carries the value of the parameter `format`.
        """
        wanted = "json" if format_suffix == "json" else "xml"
        if format_suffix is None:
            wanted = _accepted_format(request.headers.get("Accept", ""))
        chosen = next(item for item in renderers if item.format == wanted)
        return chosen, chosen.media_type


def _accepted_format(accept: str) -> str:
    """Return what the first exact match in an `Accept` header asks for."""
    for part in accept.lower().split(","):
        if part.strip() == "application/json":
            return "json"
        if part.strip() == "application/xml":
            return "xml"
    return "xml"


def _lines(key: str, value: Any, *, depth: int) -> Iterator[str]:
    """Yield an element's lines, indented by one space a level."""
    indent, name = " " * depth, _name(key)
    children = _children(value)
    if children:
        yield f"{indent}<{name}>"
        for child_key, child in children:
            yield from _lines(child_key, child, depth=depth + 1)
        yield f"{indent}</{name}>"
    elif value is None or children is not None:
        yield f"{indent}<{name}/>"
    else:
        yield f"{indent}<{name}>{_text(value)}</{name}>"


def _name(key: str) -> str:
    """Return an XML name as close to `key` as there is; keys may be user ids."""
    name = NOT_A_NAME.sub("_", key)
    return name if name[:1].isalpha() or name.startswith("_") else f"_{name}"


def _children(value: Any) -> list[tuple[str, Any]] | None:
    if isinstance(value, dict):
        return [(str(key), child) for key, child in value.items()]
    if isinstance(value, list | tuple):
        return [("element", child) for child in value]
    return None


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else ""
    # A parser would turn a carriage return of the text into a line feed.
    return escape(NOT_XML.sub("\ufffd", str(value)), {"\r": "&#13;"})
