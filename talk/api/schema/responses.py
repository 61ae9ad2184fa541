"""The responses of an operation: every status, in the envelope of each base path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from talk.api.base import OCSViewSet
from talk.api.envelope import (
    UNKNOWN_ROUTE_V1_CODE,
    V1,
    V2,
    OCSStatus,
    http_status,
    wrap,
)
from talk.api.errors import NOT_LOGGED_IN, UNKNOWN_ROUTE
from talk.api.schema.components import (
    EMPTY_ARRAY,
    SCHEMAS,
    Schema,
    integer,
    literal,
    object_with,
    reference,
    referenced_names,
    string,
)
from talk.api.schema.operations import Operation, ResponseSpec

SAFE_METHODS = ("GET", "HEAD")
JSON, XML = "application/json", "application/xml"

DOCUMENTED_STATUSES = (200, 201, 304, 400, 401, 403, 404, 405, 412, 413, 429)
"""Statuses that endpoints may respond with; a 500 is a defect."""

META_CODES = {
    V1: (*DOCUMENTED_STATUSES, UNKNOWN_ROUTE_V1_CODE),
    V2: DOCUMENTED_STATUSES,
}
"""The same as codes of the meta part, by version of the envelope."""

XML_RESPONSE: Schema = {
    "type": "object",
    "xml": {"name": "ocs"},
    "description": (
        "The content of `ocs` in JSON. Items of lists are elements called `element`; "
        "true is `1`; false and null are empty."
    ),
}

INVALID = ResponseSpec(description="A parameter or the body cannot be read.")
TOO_LARGE = ResponseSpec(description="The body is too large.")
NO_TOKEN = ResponseSpec(description="The token is malformed.")
LOGIN_REQUIRED = ResponseSpec(description="The user is not logged in.")
TOO_MANY_LOGINS = ResponseSpec(
    description="Too many wrong passwords were sent by HTTP Basic."
)
CSRF_FAILED = ResponseSpec(
    description="The request has a cookie, but not `OCS-APIRequest: true`."
)


def response_specs_of(
    operation: Operation,
    *,
    view: type[OCSViewSet],
    action: str,
    method: str,
    has_token: bool,
) -> dict[int, ResponseSpec]:
    """Return the responses of an operation by status, including the common ones."""
    common: dict[int, ResponseSpec] = {}
    if has_token:
        common = {404: NO_TOKEN, UNKNOWN_ROUTE_V1_CODE: NO_TOKEN}
    if operation.parameters:
        common |= {400: INVALID, 413: TOO_LARGE}
    if action in view.users_only:
        common[401] = LOGIN_REQUIRED
    if not operation.is_signed:
        common[429] = TOO_MANY_LOGINS
        if method not in SAFE_METHODS:
            common[412] = CSRF_FAILED
    specs = {**common, **operation.responses}
    for status in common.keys() & operation.responses.keys():
        both = f"{operation.responses[status].description} {common[status].description}"
        specs[status] = ResponseSpec(
            description=both, data=operation.responses[status].data
        )
    return dict(sorted(specs.items()))


def openapi_responses(
    specs: Mapping[int, ResponseSpec], *, version: int
) -> dict[str, Any]:
    """Return the OpenAPI responses by HTTP status; v1 knows only 200 and 401."""
    by_status: dict[int, list[tuple[int, ResponseSpec]]] = {}
    for status, spec in specs.items():
        if version == V2 and status == UNKNOWN_ROUTE_V1_CODE:
            continue
        sent_as = http_status(_ocs_status(status), version)
        by_status.setdefault(sent_as, []).append((status, spec))
    return {
        str(status): _response(alternatives, version=version)
        for status, alternatives in sorted(by_status.items())
    }


def component_names_needed(value: Any) -> set[str]:
    """Return the names of all components that a part of the document needs."""
    needed: set[str] = set()
    added = set(referenced_names(value))
    while added:
        needed |= added
        added = {
            other for name in added for other in referenced_names(COMPONENTS[name])
        } - needed
    return needed


def _ocs_status(status: int) -> OCSStatus:
    """Return the envelope's status; the key of unknown routes is their code on v1."""
    special = {401: NOT_LOGGED_IN, UNKNOWN_ROUTE_V1_CODE: UNKNOWN_ROUTE}
    return special.get(status, OCSStatus(status=status))


def _response(
    alternatives: list[tuple[int, ResponseSpec]], *, version: int
) -> dict[str, Any]:
    descriptions = [
        spec.description
        if version == V2
        else f"{_code(status, version)}: {spec.description}"
        for status, spec in alternatives
    ]
    response: dict[str, Any] = {"description": " ".join(descriptions)}
    headers = {
        name: {"schema": schema}
        for _, spec in alternatives
        for name, schema in spec.headers.items()
    }
    if headers:
        response["headers"] = headers
    if version == V2 and alternatives[0][0] == 304:
        return response
    envelopes = [_envelope(*each, version=version) for each in alternatives]
    schema = envelopes[0] if len(envelopes) == 1 else {"oneOf": envelopes}
    response["content"] = {
        JSON: {"schema": schema},
        XML: {"schema": reference("TalkXML")},
    }
    return response


def _code(status: int, version: int) -> int:
    code: int = _meta(status, version)["statuscode"]
    return code


def _meta(status: int, version: int) -> dict[str, Any]:
    meta: dict[str, Any] = wrap(None, _ocs_status(status), version)["ocs"]["meta"]
    return meta


def _envelope(status: int, spec: ResponseSpec, *, version: int) -> Schema:
    """Return the schema of a whole response: its meta part and its data."""
    if spec.data == EMPTY_ARRAY:
        return reference(f"TalkEmpty{status}V{version}")
    meta = reference(f"TalkMeta{status}V{version}")
    return object_with(ocs=object_with(meta=meta, data=spec.data))


def _meta_schema(status: int, version: int) -> Schema:
    meta = _meta(status, version)
    code = meta["statuscode"]
    return object_with(
        **{
            **{key: string() for key in meta},
            "status": literal(
                meta["status"], description="Whether the request succeeded."
            ),
            "statuscode": integer(minimum=code, maximum=code),
        }
    )


def _envelope_schemas() -> Iterator[tuple[str, Schema]]:
    yield "TalkXML", XML_RESPONSE
    for version in (V1, V2):
        for status in META_CODES[version]:
            name = f"TalkMeta{status}V{version}"
            yield name, _meta_schema(status, version)
            empty = object_with(ocs=object_with(meta=reference(name), data=EMPTY_ARRAY))
            yield f"TalkEmpty{status}V{version}", empty


COMPONENTS: dict[str, Schema] = {**SCHEMAS, **dict(_envelope_schemas())}
"""Schemas by name, including those of responses without data."""
