"""The two formats of responses, JSON and XML, and the choice between them."""

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
"""Characters that XML forbids, even escaped."""

NOT_A_NAME = re.compile(r"[^A-Za-z0-9_.-]")


class JSONRenderer(renderers.JSONRenderer):
    """JSON, regardless of the site's `REST_FRAMEWORK` setting."""

    charset = "utf-8"
    compact = True
    ensure_ascii = True
    strict = True


class XMLRenderer(BaseRenderer):
    """XML, where items of lists are called `element`, and values of maps by their key."""

    media_type = "application/xml"
    format = "xml"
    charset = "utf-8"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return the document; characters that XML forbids are replaced."""
        lines = ['<?xml version="1.0"?>']
        for key, value in data.items():
            lines.extend(_lines(key, value, depth=0))
        return "\n".join([*lines, ""]).encode()


RENDERERS: Mapping[str, type[XMLRenderer] | type[JSONRenderer]] = {
    "xml": XMLRenderer,
    "json": JSONRenderer,
}
"""Renderers by the name of their format."""


class OCSNegotiation(BaseContentNegotiation):
    """Chooses the format by the parameter `format`, else by `Accept`, else XML.

    Never responds with a 406.
    """

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> None:
        """Return None, because `talk.api.parameters` reads bodies."""

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """Return the renderer for the format that the request asks for.

        `format_suffix` carries the value of the parameter `format`.
        """
        name = "json" if format_suffix == "json" else "xml"
        if format_suffix is None:
            name = _accepted_format(request.headers.get("Accept", ""))
        renderer = next(item for item in renderers if item.format == name)
        return renderer, renderer.media_type


def _accepted_format(accept: str) -> str:
    """Return the format of the first known media type in an `Accept` header."""
    for part in accept.lower().split(","):
        if part.strip() == "application/json":
            return "json"
        if part.strip() == "application/xml":
            return "xml"
    return "xml"


def _lines(key: str, value: Any, *, depth: int) -> Iterator[str]:
    """Yield the lines of an element, indented by one space per level."""
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
    """Return an XML name similar to `key`, which may be a user id."""
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
    # XML parsers turn an unescaped carriage return into a line feed.
    return escape(NOT_XML.sub("\ufffd", str(value)), {"\r": "&#13;"})
