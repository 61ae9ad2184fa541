"""Makes the operations of an OpenAPI document, for drf-spectacular."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from django.conf import settings
from drf_spectacular.drainage import warn
from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiViewExtension,
)
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import (
    ComponentRegistry,
    ResolvedComponent,
    append_meta,
)
from rest_framework import serializers
from rest_framework.views import APIView

from talk.api.base import OCSViewSet
from talk.api.envelope import V1, V2
from talk.api.parameters import FORM, JSON, Parameters
from talk.api.schema.answers import (
    ANSWER_SHAPES,
    SAFE_METHODS,
    names_needed,
    replies_of,
    responses,
)
from talk.api.schema.operations import (
    OPERATIONS,
    PARAMETERS,
    SIGNATURE_HEADERS,
    Operation,
)
from talk.api.schema.shapes import TOKEN, Shape, one_of, text
from talk.api.views.people import NumbersField

V1_PATH = "ocs/v1.php"

FORMAT = one_of(["json", "xml"], "The answer's format, before `Accept`.")
SAME_SITE = one_of(["true"], "Needed to change something by a cookie.")
KINDS: tuple[tuple[type[serializers.Field[Any, Any, Any, Any]], str], ...] = (
    (serializers.BooleanField, "boolean"),
    (serializers.CharField, "string"),
    (NumbersField, "array"),
)
"""Types of parameters by field; all others are integers."""


class TalkSchema(AutoSchema):
    """Describes an endpoint by its entry in `OPERATIONS`."""

    def get_operation(
        self,
        path: str,
        path_regex: str,
        path_prefix: str,
        method: str,
        registry: ComponentRegistry,
    ) -> dict[str, Any] | None:
        """Return the operation; one that is not described is a warning."""
        self.path, self.method, self.registry = path, method, registry
        view, action = type(self._endpoint).__bases__[0], self._endpoint.action
        name = view.__name__.removesuffix("ViewSet")
        described = OPERATIONS.get((view, action))
        if described is None:
            warn(f"talk: {name} {action} is not described.")
            return None
        version = V1 if V1_PATH in path else V2
        replies = replies_of(
            described,
            view=view,
            action=action,
            method=method,
            is_about_a_room="{token}" in path,
        )
        operation: dict[str, Any] = {
            "operationId": f"talk_v{version}_{name}_{action}",
            "description": self.get_description(),
            "parameters": list(self._parameters(described)),
            "tags": [f"talk {described.tag}"],
            "security": [] if described.is_signed else self.get_auth(),
            "responses": responses(replies, version=version),
        }
        body = self._body(described)
        if body is not None:
            operation["requestBody"] = body
        self._register(operation)
        return operation

    def get_auth(self) -> list[dict[str, Any]]:
        """Return the ways to log in, and none where guests are welcome."""
        ways: list[dict[str, Any]] = super().get_auth()
        if self._endpoint.action not in self._endpoint.users_only:
            ways.append({})
        return ways

    @property
    def _endpoint(self) -> OCSViewSet:
        return cast("OCSViewSet", self.view)

    def _parameters(self, operation: Operation) -> Iterator[dict[str, Any]]:
        if "{token}" in self.path:
            yield {"in": "path", "name": "token", "required": True, "schema": TOKEN}
        yield {"in": "query", "name": "format", "schema": FORMAT}
        if operation.is_signed:
            for name, meaning in SIGNATURE_HEADERS.items():
                yield {"in": "header", "name": name, "schema": text(meaning)}
        elif self.method not in SAFE_METHODS:
            yield {"in": "header", "name": "OCS-APIRequest", "schema": SAME_SITE}
        if self._is_read_from_query:
            for name, field in _fields(operation.reads):
                schema = _schema_of(name, field)
                yield {
                    "in": "query",
                    # PHP's way to say that there may be several, which clients use.
                    "name": f"{name}[]" if schema["type"] == "array" else name,
                    "required": field.required,
                    "schema": schema,
                }

    @property
    def _is_read_from_query(self) -> bool:
        """Whether to put parameters there; they may stand in a body all the same."""
        return self.method not in ("POST", "PUT")

    def _body(self, operation: Operation) -> dict[str, Any] | None:
        if operation.is_signed:
            return {"content": {JSON: {"schema": {"type": "object"}}}}
        if not operation.reads or self._is_read_from_query:
            return None
        fields = dict(_fields(operation.reads))
        required = [name for name, field in fields.items() if field.required]
        schema: Shape = {
            "type": "object",
            "properties": {
                name: _schema_of(name, field) for name, field in fields.items()
            },
        }
        if required:
            schema["required"] = required
        content = {kind: {"schema": schema} for kind in (FORM, JSON)}
        return {"content": content, "required": bool(required)}

    def _register(self, operation: dict[str, Any]) -> None:
        for name in sorted(names_needed(operation)):
            self.registry.register_on_missing(
                ResolvedComponent(
                    name=name,
                    type=ResolvedComponent.SCHEMA,
                    schema=_in_this_dialect(ANSWER_SHAPES[name]),
                    object=name,
                )
            )


class TalkViews(OpenApiViewExtension):
    """Has `TalkSchema` describe our views, whatever the site's default is."""

    target_class = "talk.api.base.OCSViewSet"
    match_subclasses = True

    def view_replacement(self) -> type[APIView]:
        """Return the view with the schema that describes it."""
        view: type[OCSViewSet] = self.target
        return type(view.__name__, (view,), {"schema": TalkSchema()})


class SessionScheme(OpenApiAuthenticationExtension):
    """The cookie of Django's own login."""

    target_class = "talk.api.authentication.SessionAuthentication"
    name = "cookieAuth"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """Return what the document says of it."""
        name = settings.SESSION_COOKIE_NAME
        return {"type": "apiKey", "in": "cookie", "name": name}


class BasicScheme(OpenApiAuthenticationExtension):
    """A name and password with each request."""

    target_class = "talk.api.authentication.BasicAuthentication"
    name = "basicAuth"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """Return what the document says of it."""
        return {"type": "http", "scheme": "basic"}


class BearerScheme(OpenApiAuthenticationExtension):
    """An app password alone."""

    target_class = "talk.api.authentication.BearerAuthentication"
    name = "bearerAuth"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """Return what the document says of it."""
        return {"type": "http", "scheme": "bearer"}


def _fields(
    reads: tuple[type[Parameters], ...],
) -> Iterator[tuple[str, serializers.Field[Any, Any, Any, Any]]]:
    for parameters in reads:
        yield from parameters().fields.items()


def _schema_of(name: str, field: serializers.Field[Any, Any, Any, Any]) -> Shape:
    kind = next((kind for cls, kind in KINDS if isinstance(field, cls)), "integer")
    schema: Shape = {"type": kind, **PARAMETERS[name]}
    if not field.required and field.default is not None:
        default = field.default
        if kind == "integer":
            default = int(default)
        elif kind == "array":
            default = sorted(default)
        schema["default"] = default
    return schema


def _in_this_dialect(value: Any) -> Any:
    """Return a schema with its nullable parts as the OpenAPI version in use says it."""
    if isinstance(value, list):
        return [_in_this_dialect(item) for item in value]
    if not isinstance(value, dict):
        return value
    schema = {key: _in_this_dialect(item) for key, item in value.items()}
    return append_meta(schema, {}) if schema.get("nullable") is True else schema
