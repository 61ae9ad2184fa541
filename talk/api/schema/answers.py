"""The answers of an operation: every status, in the envelope of each base path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from talk.api.base import OCSViewSet
from talk.api.envelope import (
    UNKNOWN_ROUTE_V1,
    V1,
    V2,
    Outcome,
    http_status,
    wrap,
)
from talk.api.errors import NOT_LOGGED_IN_OUTCOME, UNKNOWN_ROUTE_OUTCOME
from talk.api.schema.operations import Operation, Reply
from talk.api.schema.shapes import (
    NOTHING,
    SHAPES,
    Shape,
    named,
    names_in,
    number,
    record,
    text,
    word,
)

SAFE_METHODS = ("GET", "HEAD")
JSON, XML = "application/json", "application/xml"

STATUSES = (200, 201, 304, 400, 401, 403, 404, 405, 412, 413, 429)
"""What an endpoint may answer; a 500 is a defect."""

CODES = {V1: (*STATUSES, UNKNOWN_ROUTE_V1), V2: STATUSES}
"""The same as the meta part has it."""

XML_ANSWER: Shape = {
    "type": "object",
    "xml": {"name": "ocs"},
    "description": (
        "What stands in `ocs` in JSON. Lists have children called `element`; true is "
        "`1`, false and nothing are empty."
    ),
}

INVALID = Reply(when="A parameter or the body cannot be read.")
TOO_LARGE = Reply(when="The body is too large.")
NO_TOKEN = Reply(when="This is no token.")
NOT_LOGGED_IN = Reply(when="The user is not logged in.")
TOO_MANY_LOGINS = Reply(when="Too many passwords sent by HTTP Basic were wrong.")
OTHER_SITE = Reply(when="A cookie without `OCS-APIRequest: true` may not change this.")


def replies_of(
    operation: Operation,
    *,
    view: type[OCSViewSet],
    action: str,
    method: str,
    is_about_a_room: bool,
) -> dict[int, Reply]:
    """Return all replies by status, also those that many endpoints have."""
    common: dict[int, Reply] = {}
    if is_about_a_room:
        common = {404: NO_TOKEN, UNKNOWN_ROUTE_V1: NO_TOKEN}
    if operation.reads:
        common |= {400: INVALID, 413: TOO_LARGE}
    if action in view.users_only:
        common[401] = NOT_LOGGED_IN
    if not operation.is_signed:
        common[429] = TOO_MANY_LOGINS
        if method not in SAFE_METHODS:
            common[412] = OTHER_SITE
    replies = {**common, **operation.replies}
    for status in common.keys() & operation.replies.keys():
        both = f"{operation.replies[status].when} {common[status].when}"
        replies[status] = Reply(when=both, data=operation.replies[status].data)
    return dict(sorted(replies.items()))


def responses(replies: Mapping[int, Reply], *, version: int) -> dict[str, Any]:
    """Return the OpenAPI responses by HTTP status, which v1 has hardly any of."""
    by_status: dict[int, list[tuple[int, Reply]]] = {}
    for status, reply in replies.items():
        if version == V2 and status == UNKNOWN_ROUTE_V1:
            continue
        sent_as = http_status(_outcome(status), version)
        by_status.setdefault(sent_as, []).append((status, reply))
    return {
        str(status): _response(alternatives, version=version)
        for status, alternatives in sorted(by_status.items())
    }


def names_needed(value: Any) -> set[str]:
    """Return the names of all shapes that a part of the document refers to."""
    needed: set[str] = set()
    found = set(names_in(value))
    while found:
        needed |= found
        found = {
            other for name in found for other in names_in(ANSWER_SHAPES[name])
        } - needed
    return needed


def _outcome(status: int) -> Outcome:
    """Return what the envelope is made of, by status; v1 has a code more than that."""
    special = {401: NOT_LOGGED_IN_OUTCOME, UNKNOWN_ROUTE_V1: UNKNOWN_ROUTE_OUTCOME}
    return special.get(status, Outcome(status=status))


def _response(alternatives: list[tuple[int, Reply]], *, version: int) -> dict[str, Any]:
    described = [
        reply.when if version == V2 else f"{_code(status, version)}: {reply.when}"
        for status, reply in alternatives
    ]
    response: dict[str, Any] = {"description": " ".join(described)}
    headers = {
        name: {"schema": schema}
        for _, reply in alternatives
        for name, schema in reply.headers.items()
    }
    if headers:
        response["headers"] = headers
    if version == V2 and alternatives[0][0] == 304:
        return response
    envelopes = [_envelope(*each, version=version) for each in alternatives]
    schema = envelopes[0] if len(envelopes) == 1 else {"oneOf": envelopes}
    response["content"] = {
        JSON: {"schema": schema},
        XML: {"schema": named("TalkXML")},
    }
    return response


def _code(status: int, version: int) -> int:
    code: int = _meta(status, version)["statuscode"]
    return code


def _meta(status: int, version: int) -> dict[str, Any]:
    meta: dict[str, Any] = wrap(None, _outcome(status), version)["ocs"]["meta"]
    return meta


def _envelope(status: int, reply: Reply, *, version: int) -> Shape:
    """Return the schema of a whole answer: what its meta part says, and its data."""
    if reply.data == NOTHING:
        return named(f"TalkEmpty{status}V{version}")
    meta = named(f"TalkMeta{status}V{version}")
    return record(ocs=record(meta=meta, data=reply.data))


def _meta_shape(status: int, version: int) -> Shape:
    meta = _meta(status, version)
    code = meta["statuscode"]
    return record(
        **{
            **{key: text() for key in meta},
            "status": word(meta["status"], description="Whether it was done."),
            "statuscode": number(minimum=code, maximum=code),
        }
    )


def _answer_shapes() -> Iterator[tuple[str, Shape]]:
    yield "TalkXML", XML_ANSWER
    for version in (V1, V2):
        for status in CODES[version]:
            name = f"TalkMeta{status}V{version}"
            yield name, _meta_shape(status, version)
            empty = record(ocs=record(meta=named(name), data=NOTHING))
            yield f"TalkEmpty{status}V{version}", empty


ANSWER_SHAPES: dict[str, Shape] = {**SHAPES, **dict(_answer_shapes())}
"""All shapes by name: what answers hold, and answers that hold nothing."""
