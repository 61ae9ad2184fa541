"""OCS: paths that are no endpoint, and slashes, prefixes and percent signs."""

from __future__ import annotations

import pytest
from django.test import Client, override_settings

from tests.api.wire import (
    ACCEPT_JSON,
    ALL_METHODS,
    CAPABILITIES,
    UNKNOWN,
    UNKNOWN_ROUTE,
    V1,
    V2,
    at,
    ocs_of,
)
from tests.client import BASE, TalkClient

pytestmark = pytest.mark.django_db


class TestUnknownRoute:
    """404, or 998 on v1, for every path that is no endpoint."""

    PATHS = (
        "",
        "/",
        "/nothing",
        "/cloud",
        "/cloud/user/",
        "/cloud/capabilities/",
        "/cloud/userx",
        "/apps/other/api/v1/room",
        "/apps/spreed/api/v2/room",
        "/apps/spreed/api/v4/room",
        "/apps/spreed/api/room",
        "/apps/spreed/api/v1/room/",
        "/apps/spreed/api/v1/room/abc",
        f"/apps/spreed/api/v1/room/{'a' * 31}",
        "/apps/spreed/api/v1/room/ABCD1234",
        "/apps/spreed/api/v1/room/abcd-1234",
        "/apps/spreed/api/v1/room/äbcde",
        "/apps/spreed/api/v1/room/٣٣٣٣٣",
        "/apps/spreed/api/v1/room/abcd1234/participants/active/",
        "/cloud/user\n",
        "/cloud/capa\nbilities",
        "/cloud/\r\n",
        "/\x00",
        "/cloud/user\u2028",
        "/..",
        "/cloud/../cloud/user",
    )

    @pytest.mark.parametrize("tail", PATHS)
    @pytest.mark.parametrize(
        ("base", "status", "code"), [(V1, 200, 998), (V2, 404, 404)], ids=["v1", "v2"]
    )
    def test_it_is_unknown(self, base: str, status: int, code: int, tail: str) -> None:
        response = at(f"{base}{tail}")

        assert response.status_code == status
        ocs = ocs_of(response)
        assert (ocs["meta"]["statuscode"], ocs["data"]) == (code, [])
        assert ocs["meta"]["status"] == "failure"
        assert ocs["meta"]["message"].startswith(UNKNOWN)

    @pytest.mark.parametrize("method", ALL_METHODS)
    def test_any_method(self, method: str) -> None:
        response = Client().generic(method, UNKNOWN_ROUTE, headers=ACCEPT_JSON)

        assert response.status_code == 404
        assert ocs_of(response)["meta"]["message"].startswith(UNKNOWN)

    def test_a_path_that_is_no_utf_8(self) -> None:
        response = Client().get("/ocs/v2.php/cloud/%ff%fe", headers=ACCEPT_JSON)

        assert response.status_code == 404
        assert ocs_of(response)["meta"]["statuscode"] == 404

    def test_it_comes_before_csrf(self, browser: Client) -> None:
        assert browser.post(UNKNOWN_ROUTE).status_code == 404


class TestPaths:
    """Slashes, prefixes and percent signs."""

    @pytest.mark.parametrize(
        "raw_path",
        [
            "//ocs/v2.php/cloud/capabilities",
            "/ocs//v2.php/cloud/capabilities",
            "/ocs/v2.php//cloud/capabilities",
            "/ocs/v2.php/cloud////capabilities",
            "///ocs///v2.php///cloud///capabilities",
        ],
    )
    def test_runs_of_slashes_count_as_one(self, raw_path: str) -> None:
        assert at(raw_path).status_code == 200

    def test_a_double_slash_before_the_token_counts_as_one(
        self, as_alice: TalkClient
    ) -> None:
        token = as_alice.create_room()
        response = at(f"{BASE}//chat//{token}", as_alice.http)

        assert response.status_code == 200

    def test_a_run_of_slashes_at_the_end_is_unknown(self) -> None:
        assert at(f"{CAPABILITIES}//").status_code == 404

    @pytest.mark.parametrize("append_slash", [True, False])
    @pytest.mark.parametrize("url", [CAPABILITIES, f"{CAPABILITIES}/", "/ocs/v2.php"])
    def test_there_is_no_redirect(self, url: str, append_slash: bool) -> None:
        with override_settings(APPEND_SLASH=append_slash):
            response = Client().get(url)

        assert response.status_code in (200, 404)
        assert "Location" not in response.headers

    @override_settings(APPEND_SLASH=True, DEBUG=True)
    def test_a_post_to_an_unknown_path_is_an_answer(self) -> None:
        assert Client().post(UNKNOWN_ROUTE).status_code == 404

    def test_segments_are_percent_decoded(self) -> None:
        url = "/ocs/v2.php/cloud/%63apabilities"
        assert Client().get(url).status_code == 200

    @override_settings(ROOT_URLCONF="tests.urls_below_prefix")
    @pytest.mark.parametrize("prefix", ["/cloud", "/cloud/"])
    def test_a_site_may_have_it_below_a_prefix(self, prefix: str) -> None:
        assert at(f"{prefix}{CAPABILITIES}").status_code == 200

    @override_settings(ROOT_URLCONF="tests.urls_below_prefix", APPEND_SLASH=True)
    def test_unknown_routes_below_a_prefix_have_an_envelope(self) -> None:
        response = at("/cloud/ocs/v2.php/nothing")

        assert response.status_code == 404
        assert ocs_of(response)["meta"]["message"].startswith(UNKNOWN)
