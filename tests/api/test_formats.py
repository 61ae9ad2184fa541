"""OCS: the format of responses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from tests.api.wire import CAPABILITIES, FORM, JSON_ANSWER, XML_ANSWER

pytestmark = pytest.mark.django_db


def type_of(headers: dict[str, str] | None = None, query: str = "") -> str:
    """Return the content type of the capabilities."""
    response = Client().get(f"{CAPABILITIES}{query}", headers=headers)
    assert response.status_code == 200
    return response["Content-Type"]


class TestAccept:
    """The header decides without the parameter `format`."""

    def test_no_accept_means_xml(self) -> None:
        assert type_of() == XML_ANSWER

    @pytest.mark.parametrize(
        ("accept", "expected"),
        [
            ("", XML_ANSWER),
            ("*/*", XML_ANSWER),
            ("application/*", XML_ANSWER),
            ("application/json", JSON_ANSWER),
            ("application/xml", XML_ANSWER),
            ("application/json, text/javascript, */*; q=0.01", JSON_ANSWER),
            ("text/xml", XML_ANSWER),
            ("text/json", XML_ANSWER),
            ("text/html", XML_ANSWER),
        ],
    )
    def test_the_header_chooses(self, accept: str, expected: str) -> None:
        assert type_of({"Accept": accept}) == expected

    @pytest.mark.parametrize(
        "accept",
        [
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "application/json;q=1.0",
            "application/json;q=0.9, */*",
        ],
    )
    def test_a_part_with_a_quality_never_matches(self, accept: str) -> None:
        assert type_of({"Accept": accept}) == XML_ANSWER

    def test_a_part_with_a_quality_does_not_end_the_search(self) -> None:
        accept = "application/xml;q=0.9, application/json"
        assert type_of({"Accept": accept}) == JSON_ANSWER

    def test_a_part_with_a_charset_never_matches(self) -> None:
        assert type_of({"Accept": "application/json; charset=utf-8"}) == XML_ANSWER

    @pytest.mark.parametrize(
        ("accept", "expected"),
        [
            ("application/json,application/xml", JSON_ANSWER),
            ("application/xml,application/json", XML_ANSWER),
            ("text/html, application/xml, application/json", XML_ANSWER),
        ],
    )
    def test_the_first_exact_part_wins(self, accept: str, expected: str) -> None:
        assert type_of({"Accept": accept}) == expected

    @pytest.mark.parametrize("accept", ["APPLICATION/JSON", "Application/Json"])
    def test_case_does_not_matter(self, accept: str) -> None:
        assert type_of({"Accept": accept}) == JSON_ANSWER

    def test_blanks_around_a_part_do_not_matter(self) -> None:
        assert type_of({"Accept": "text/html ,  application/json  ,*/*"}) == JSON_ANSWER

    @pytest.mark.parametrize(
        "accept", ["image/png", "nonsense;;,,/", "\x7f", "a" * 5000]
    )
    def test_no_header_is_refused(self, accept: str) -> None:
        assert type_of({"Accept": accept}) == XML_ANSWER


class TestFormatParameter:
    """`format` takes precedence over `Accept`, wherever it is sent."""

    def test_json_in_the_query_wins_over_accept(self) -> None:
        assert type_of({"Accept": "application/xml"}, "?format=json") == JSON_ANSWER

    def test_xml_in_the_query_wins_over_accept(self) -> None:
        assert type_of({"Accept": "application/json"}, "?format=xml") == XML_ANSWER

    @pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
    @pytest.mark.parametrize(
        ("body", "content_type"),
        [("format=json", FORM), ('{"format": "json"}', "application/json")],
        ids=["form", "json"],
    )
    def test_it_counts_in_a_body_of_any_method(
        self, method: str, body: str, content_type: str
    ) -> None:
        response = Client().generic(method, CAPABILITIES, body, content_type)

        assert response["Content-Type"] == JSON_ANSWER

    def test_it_counts_in_a_multipart_post(self) -> None:
        response = Client().post(CAPABILITIES, {"format": "json"})

        assert response["Content-Type"] == JSON_ANSWER

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
    def test_it_counts_in_the_query_of_any_method(self, method: str) -> None:
        response = Client().generic(method, f"{CAPABILITIES}?format=json")

        assert response["Content-Type"] == JSON_ANSWER

    def test_a_body_wins_over_the_query(self) -> None:
        url = f"{CAPABILITIES}?format=xml"
        response = Client().generic("POST", url, "format=json", FORM)

        assert response["Content-Type"] == JSON_ANSWER

    @pytest.mark.parametrize("accept", ["*/*", "application/json"])
    @pytest.mark.parametrize("value", ["JSON", "Json", "html", "", "json ", "yaml"])
    def test_an_unknown_format_is_xml_whatever_accept_says(
        self, value: str, accept: str
    ) -> None:
        response = Client().get(
            CAPABILITIES, {"format": value}, headers={"Accept": accept}
        )

        assert (response.status_code, response["Content-Type"]) == (200, XML_ANSWER)

    @pytest.mark.parametrize("value", [["json"], {"a": "json"}, 7, True])
    def test_a_format_that_is_no_text_is_xml(self, value: Any) -> None:
        response = Client().generic(
            "GET", CAPABILITIES, json.dumps({"format": value}), "application/json"
        )

        assert (response.status_code, response["Content-Type"]) == (200, XML_ANSWER)

    def test_a_null_format_leaves_the_choice_to_accept(self) -> None:
        response = Client().generic(
            "GET",
            CAPABILITIES,
            '{"format": null}',
            "application/json",
            headers={"Accept": "application/json"},
        )

        assert response["Content-Type"] == JSON_ANSWER

    @pytest.mark.parametrize(
        ("path", "status"), [("/cloud/user", 401), ("/nothing/here", 404)]
    )
    @pytest.mark.parametrize(
        ("query", "accept", "expected"),
        [
            ("", "*/*", XML_ANSWER),
            ("", "application/json", JSON_ANSWER),
            ("?format=json", "application/xml", JSON_ANSWER),
            ("?format=xml", "application/json", XML_ANSWER),
        ],
    )
    def test_errors_choose_their_format_as_well(
        self, path: str, status: int, query: str, accept: str, expected: str
    ) -> None:
        response = Client().get(f"/ocs/v2.php{path}{query}", headers={"Accept": accept})

        assert (response.status_code, response["Content-Type"]) == (status, expected)
