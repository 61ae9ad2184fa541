"""The OpenAPI document names every endpoint, every parameter and every status."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import get_resolver
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import patched_settings
from drf_spectacular.validation import validate_schema

from talk.api.errors import ERRORS
from talk.api.schema.operations import OPERATIONS, PARAMETER_SCHEMAS
from talk.api.schema.responses import DOCUMENTED_STATUSES
from tests.document import assert_documented, document, find_operation

TALK = "/ocs/v2.php/apps/spreed/api/v1"


PAGES_AND_PICTURES = {"avatar", "guest-avatar", "page-room", "page-rooms"}


def _endpoint_of(pattern: Any) -> Any:
    """Return the view class of an endpoint; None for other views."""
    viewset = getattr(pattern.callback, "cls", None)
    return viewset if getattr(viewset, "schema", None) else None


def routed() -> list[tuple[str, str]]:
    """Return method and path of every endpoint that the URLs have."""
    found = []
    for pattern in get_resolver("talk.urls").url_patterns:
        if _endpoint_of(pattern) is None:
            continue
        actions = pattern.callback.actions
        path = "/" + pattern.pattern.path.replace("\\", "")
        before, _, rest = path.partition("(?P<token>")
        path = before + "{token}" + rest.partition(")")[2] if rest else path
        found += [(method, path) for method in actions if method != "head"]
    return sorted(found)


ROUTED = routed()


def test_every_endpoint_is_there() -> None:
    described = [
        (method, path) for path, item in document()["paths"].items() for method in item
    ]
    assert sorted(described) == ROUTED


def test_the_urls_have_many_endpoints() -> None:
    assert len(ROUTED) == len(set(ROUTED)) == 2 * len(OPERATIONS) > 60


def test_nothing_is_missing_but_pages_and_pictures() -> None:
    """They are no part of the API of JSON and XML, nor is what no endpoint has."""
    missing = {
        pattern.name
        for pattern in get_resolver("talk.urls").url_patterns
        if _endpoint_of(pattern) is None
    }
    assert missing == {*PAGES_AND_PICTURES, None}


def test_both_bases_have_the_same_endpoints() -> None:
    bases = ("/ocs/v1.php", "/ocs/v2.php")
    first, second = (
        {(m, path.removeprefix(base)) for m, path in ROUTED if path.startswith(base)}
        for base in bases
    )
    assert first == second


def test_it_is_valid() -> None:
    validate_schema(document())


def test_making_it_warns_of_nothing() -> None:
    SchemaGenerator(urlconf="talk.urls").get_schema(public=True)
    assert not GENERATOR_STATS


def test_an_endpoint_that_is_not_described_is_a_warning(monkeypatch: Any) -> None:
    key = next(iter(OPERATIONS))
    monkeypatch.delitem(OPERATIONS, key)
    SchemaGenerator(urlconf="talk.urls").get_schema(public=True)
    assert GENERATOR_STATS


@pytest.mark.parametrize("version", ["3.0.3", "3.1.1"])
def test_the_command_makes_it(tmp_path: Any, version: str) -> None:
    path = tmp_path / "openapi.yaml"
    with patched_settings({"OAS_VERSION": version}):
        call_command(
            "spectacular",
            urlconf="talk.urls",
            validate=True,
            fail_on_warn=True,
            file=str(path),
        )
    assert f"openapi: {version}" in path.read_text(encoding="utf-8")


@pytest.mark.django_db
def test_a_site_serves_it() -> None:
    response = Client().get("/openapi?format=json")
    assert response.status_code == 200
    assert f"{TALK}/room" in response.json()["paths"]


@pytest.mark.urls("tests.urls_below_prefix")
def test_it_knows_a_prefix() -> None:
    paths = SchemaGenerator().get_schema(public=True)["paths"]
    assert all("/ocs/v" in path for path in paths)
    assert not any(path.startswith("/ocs") for path in paths)


@pytest.mark.parametrize(("method", "path"), ROUTED)
class TestOperation:
    """Every one of them."""

    def operation(self, method: str, path: str) -> dict[str, Any]:
        found: dict[str, Any] = document()["paths"][path][method]
        return found

    def test_it_says_what_it_is_for(self, method: str, path: str) -> None:
        assert self.operation(method, path)["description"].endswith(".")

    def test_its_parameters_are_explained(self, method: str, path: str) -> None:
        operation = self.operation(method, path)
        schemas = [parameter["schema"] for parameter in operation["parameters"]]
        for body in operation.get("requestBody", {"content": {}})["content"].values():
            schemas += body["schema"].get("properties", {}).values()
        assert all(schema.get("description") for schema in schemas)

    def test_it_has_an_answer_that_is_no_refusal(self, method: str, path: str) -> None:
        assert {"200", "201"} & self.operation(method, path)["responses"].keys()

    def test_v1_has_no_other_statuses_than_200_and_401(
        self, method: str, path: str
    ) -> None:
        responses = self.operation(method, path)["responses"].keys()
        assert "v1.php" not in path or responses <= {"200", "401"}

    def test_anonymous_callers_are_refused_exactly_where_it_says_so(
        self, method: str, path: str
    ) -> None:
        operation = self.operation(method, path)
        is_open = operation["security"] == [] or {} in operation["security"]
        assert ("401" in operation["responses"]) == (not is_open)


def test_every_refusal_of_the_api_may_be_documented() -> None:
    assert {error.status for error in ERRORS.values()} <= set(DOCUMENTED_STATUSES)


def test_no_parameter_is_explained_that_is_not_read() -> None:
    read = {
        name
        for operation in OPERATIONS.values()
        for parameters in operation.parameters
        for name in parameters().fields
    }
    assert read == set(PARAMETER_SCHEMAS)


META = {"status": "ok", "statuscode": 200, "message": "OK"}


class TestTheCheckOfAnswers:
    """The check of each answer by the tests' client can fail."""

    @pytest.fixture(autouse=True)
    def nothing_validated(self, monkeypatch: Any) -> None:
        monkeypatch.setattr("tests.document._VALID", set())

    def check(self, data: Any, *, status: int = 200, **meta: Any) -> None:
        body = {"ocs": {"meta": {**META, **meta}, "data": data}}
        path = f"{TALK}/room/abcd1234/participants/active?password=x"
        assert_documented(path=path, method="POST", status=status, body=body)

    def test_a_documented_answer_passes(self) -> None:
        self.check({"sessionId": "a" * 512})

    @pytest.mark.parametrize(
        "data",
        [
            [],
            {},
            {"sessionId": "a" * 511},
            {"sessionId": 5},
            {"sessionId": "a" * 512, "more": 1},
        ],
    )
    def test_other_data_fail(self, data: Any) -> None:
        with pytest.raises(AssertionError):
            self.check(data)

    @pytest.mark.parametrize(
        "meta", [{"statuscode": 100}, {"status": "failure"}, {"totalitems": ""}]
    )
    def test_other_meta_parts_fail(self, meta: dict[str, Any]) -> None:
        with pytest.raises(AssertionError):
            self.check({"sessionId": "a" * 512}, **meta)

    @pytest.mark.parametrize("data", [[], {"sessionId": 5}, {"sessionId": ""}])
    def test_others_fail_after_one_that_has_passed(self, data: Any) -> None:
        self.check({"sessionId": "a" * 512})
        with pytest.raises(AssertionError):
            self.check(data)

    def test_a_status_that_is_not_documented_fails(self) -> None:
        with pytest.raises(AssertionError, match="405"):
            self.check([], status=405)

    @pytest.mark.parametrize(
        "path", ["/ocs//v2.php/cloud///user", "/a/ocs/v2.php/cloud/user"]
    )
    def test_odd_paths_are_found(self, path: str) -> None:
        assert find_operation(path, "GET") is not None

    def test_settings_are_no_token(self) -> None:
        found = find_operation(f"{TALK}/signaling/settings", "GET")
        assert found is not None
        assert found["operationId"] == "talk_v2_Settings_retrieve"
