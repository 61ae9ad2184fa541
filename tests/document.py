"""The OpenAPI document, and whether answers are what it says."""

from __future__ import annotations

import copy
import re
from functools import cache
from typing import Any

from openapi_schema_validator import OAS30Validator

from talk.api.schema import inspector

assert inspector.TalkSchema  # describes the endpoints once it is imported

JSON = "application/json"
SLASHES = re.compile("/+")
BASE = re.compile(r"/ocs/v[12]\.php/.*", re.DOTALL)


@cache
def document() -> dict[str, Any]:
    """Return the document of the URLs that sites include."""
    # Imported only now: it imports DRF, whose settings may name modules that import us.
    from drf_spectacular.generators import SchemaGenerator

    made: dict[str, Any] = SchemaGenerator(urlconf="talk.urls").get_schema(public=True)
    return made


def find_operation(path: str, method: str) -> dict[str, Any] | None:
    """Return what the document says of a request; None when it knows no such thing."""
    found = BASE.search(SLASHES.sub("/", path.partition("?")[0]))
    if found is None:
        return None
    item = next((i for expression, i in _paths() if expression.fullmatch(found[0])), {})
    return item.get({"head": "get"}.get(method.lower(), method.lower()))


def assert_documented(*, path: str, method: str, status: int, body: Any) -> None:
    """The document has this status for the request, and says that of its body.

    Keys that it does not have are none that an answer may have. Validating is slow: of
    answers that look alike, the first one is validated.
    """
    operation = find_operation(path, method)
    if operation is None:
        return
    assert str(status) in operation["responses"], f"{method} {path}: {status}"
    look = (operation["operationId"], status, look_of(body))
    if body is None or look in _VALID:
        return
    validator = _validator(operation["operationId"], str(status))
    error = next(validator.iter_errors(body), None)
    assert error is None, f"{method} {path}: {status}: {error}"
    _VALID.add(look)


_VALID: set[Any] = set()
"""How valid answers look, by operation and status."""


def look_of(value: Any) -> Any:
    """Return what bodies that look alike have in common, whatever is said in them.

    That is the keys, the types, what is empty, and small numbers, which have a meaning.
    Elements of a list that look alike count once.
    """
    if isinstance(value, dict):
        return frozenset((key, look_of(each)) for key, each in value.items())
    if isinstance(value, list):
        return (list, frozenset(look_of(each) for each in value))
    if type(value) is int and -1 <= value <= 9:
        return (int, value)
    return (type(value), bool(value))


@cache
def _paths() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    """Return the paths with what the document says of each; plain ones come first."""
    paths = sorted(document()["paths"].items(), key=lambda item: "{" in item[0])
    return [
        (re.compile(re.escape(path).replace(r"\{token\}", "[a-z0-9]{4,30}")), item)
        for path, item in paths
    ]


@cache
def _validator(operation_id: str, status: str) -> OAS30Validator:
    operation = next(
        operation
        for item in document()["paths"].values()
        for operation in item.values()
        if operation["operationId"] == operation_id
    )
    response = operation["responses"][status]
    schema = response["content"][JSON]["schema"] if "content" in response else False
    return OAS30Validator({**_closed(schema), "components": _closed_components()})


@cache
def _closed_components() -> dict[str, Any]:
    closed: dict[str, Any] = _closed(document()["components"])
    return closed


def _closed(value: Any) -> Any:
    """Return a schema whose objects have no other keys than those it names."""
    if isinstance(value, list):
        return [_closed(item) for item in value]
    if not isinstance(value, dict):
        return copy.copy(value)
    closed = {key: _closed(item) for key, item in value.items()}
    if isinstance(value.get("properties"), dict):
        closed["additionalProperties"] = False
    return closed
