"""Extensions of drf-spectacular that describe the operations of the API."""

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
from talk.api.schema.components import TOKEN, Schema, enum_of, string
from talk.api.schema.operations import (
    OPERATIONS,
    PARAMETER_SCHEMAS,
    SIGNATURE_HEADERS,
    Operation,
)
from talk.api.schema.responses import (
    COMPONENTS,
    SAFE_METHODS,
    component_names_needed,
    openapi_responses,
    response_specs_of,
)
from talk.api.views.people_search import NumbersField

V1_PATH = "ocs/v1.php"

FORMAT = enum_of(
    ["json", "xml"], "Format of the response; takes precedence over `Accept`."
)
OCS_API_REQUEST = enum_of(["true"], "Required if a cookie authenticates the request.")

FIELD_TYPES: tuple[tuple[type[serializers.Field[Any, Any, Any, Any]], str], ...] = (
    (serializers.BooleanField, "boolean"),
    (serializers.CharField, "string"),
    (NumbersField, "array"),
)
"""Types of parameters by field; other fields are integers."""


class TalkSchema(AutoSchema):
    """Describes endpoints by their entries in `OPERATIONS`."""

    def get_operation(
        self,
        path: str,
        path_regex: str,
        path_prefix: str,
        method: str,
        registry: ComponentRegistry,
    ) -> dict[str, Any] | None:
        """Return the operation; warn if it has no entry in `OPERATIONS`."""
        self.path, self.method, self.registry = path, method, registry
        view, action = type(self._endpoint).__bases__[0], self._endpoint.action
        name = view.__name__.removesuffix("ViewSet")
        operation_spec = OPERATIONS.get((view, action))
        if operation_spec is None:
            warn(f"talk: {name} {action} is not described.")
            return None
        version = V1 if V1_PATH in path else V2
        specs = response_specs_of(
            operation_spec,
            view=view,
            action=action,
            method=method,
            has_token="{token}" in path,
        )
        operation: dict[str, Any] = {
            "operationId": f"talk_v{version}_{name}_{action}",
            "description": self.get_description(),
            "parameters": list(self._parameters(operation_spec)),
            "tags": [f"talk {operation_spec.tag}"],
            "security": [] if operation_spec.is_signed else self.get_auth(),
            "responses": openapi_responses(specs, version=version),
        }
        body = self._body(operation_spec)
        if body is not None:
            operation["requestBody"] = body
        self._register(operation)
        return operation

    def get_auth(self) -> list[dict[str, Any]]:
        """Return the ways to authenticate; anonymous access too where it is allowed."""
        security: list[dict[str, Any]] = super().get_auth()
        if self._endpoint.action not in self._endpoint.users_only:
            security.append({})
        return security

    @property
    def _endpoint(self) -> OCSViewSet:
        return cast("OCSViewSet", self.view)

    def _parameters(self, operation: Operation) -> Iterator[dict[str, Any]]:
        if "{token}" in self.path:
            yield {"in": "path", "name": "token", "required": True, "schema": TOKEN}
        yield {"in": "query", "name": "format", "schema": FORMAT}
        if operation.is_signed:
            for name, description in SIGNATURE_HEADERS.items():
                schema = string(description)
                yield {"in": "header", "name": name, "schema": schema}
        elif self.method not in SAFE_METHODS:
            yield {"in": "header", "name": "OCS-APIRequest", "schema": OCS_API_REQUEST}
        if self._is_read_from_query:
            for name, field in _fields(operation.parameters):
                schema = _schema_of(name, field)
                yield {
                    "in": "query",
                    # Clients send lists as PHP does.
                    "name": f"{name}[]" if schema["type"] == "array" else name,
                    "required": field.required,
                    "schema": schema,
                }

    @property
    def _is_read_from_query(self) -> bool:
        """Whether to document parameters in the query; the body works as well."""
        return self.method not in ("POST", "PUT")

    def _body(self, operation: Operation) -> dict[str, Any] | None:
        if operation.is_signed:
            return {"content": {JSON: {"schema": {"type": "object"}}}}
        if not operation.parameters or self._is_read_from_query:
            return None
        fields = dict(_fields(operation.parameters))
        required = [name for name, field in fields.items() if field.required]
        schema: Schema = {
            "type": "object",
            "properties": {
                name: _schema_of(name, field) for name, field in fields.items()
            },
        }
        if required:
            schema["required"] = required
        content = {media_type: {"schema": schema} for media_type in (FORM, JSON)}
        return {"content": content, "required": bool(required)}

    def _register(self, operation: dict[str, Any]) -> None:
        for name in sorted(component_names_needed(operation)):
            self.registry.register_on_missing(
                ResolvedComponent(
                    name=name,
                    type=ResolvedComponent.SCHEMA,
                    schema=_in_openapi_version(COMPONENTS[name]),
                    object=name,
                )
            )


class TalkViews(OpenApiViewExtension):
    """Describes our views by `TalkSchema`, regardless of the site's default."""

    target_class = "talk.api.base.OCSViewSet"
    match_subclasses = True

    def view_replacement(self) -> type[APIView]:
        """Return a subclass of the view with `TalkSchema`."""
        view: type[OCSViewSet] = self.target
        return type(view.__name__, (view,), {"schema": TalkSchema()})


class SessionScheme(OpenApiAuthenticationExtension):
    """The session cookie of Django's login."""

    target_class = "talk.api.authentication.SessionAuthentication"
    name = "cookieAuth"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """Return the security scheme."""
        name = settings.SESSION_COOKIE_NAME
        return {"type": "apiKey", "in": "cookie", "name": name}


class BasicScheme(OpenApiAuthenticationExtension):
    """User name and password in each request."""

    target_class = "talk.api.authentication.BasicAuthentication"
    name = "basicAuth"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """Return the security scheme."""
        return {"type": "http", "scheme": "basic"}


class BearerScheme(OpenApiAuthenticationExtension):
    """An app password without a user name."""

    target_class = "talk.api.authentication.BearerAuthentication"
    name = "bearerAuth"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """Return the security scheme."""
        return {"type": "http", "scheme": "bearer"}


def _fields(
    parameter_classes: tuple[type[Parameters], ...],
) -> Iterator[tuple[str, serializers.Field[Any, Any, Any, Any]]]:
    for parameters in parameter_classes:
        yield from parameters().fields.items()


def _schema_of(name: str, field: serializers.Field[Any, Any, Any, Any]) -> Schema:
    types = (type_name for cls, type_name in FIELD_TYPES if isinstance(field, cls))
    field_type = next(types, "integer")
    schema: Schema = {"type": field_type, **PARAMETER_SCHEMAS[name]}
    if not field.required and field.default is not None:
        default = field.default
        if field_type == "integer":
            default = int(default)
        elif field_type == "array":
            default = sorted(default)
        schema["default"] = default
    return schema


def _in_openapi_version(value: Any) -> Any:
    """Return a schema whose nullable parts suit the OpenAPI version in use."""
    if isinstance(value, list):
        return [_in_openapi_version(item) for item in value]
    if not isinstance(value, dict):
        return value
    schema = {key: _in_openapi_version(item) for key, item in value.items()}
    return append_meta(schema, {}) if schema.get("nullable") is True else schema
