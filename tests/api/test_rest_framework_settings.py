"""A site that has set up Django REST framework otherwise for its own API."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client, override_settings
from rest_framework.settings import api_settings

from talk.api.capabilities import FEATURES
from tests.api.wire import ACCEPT_JSON, CAPABILITIES, NOT_LOGGED_IN, PROFILE, ocs_of
from tests.client import TalkClient

pytestmark = pytest.mark.django_db


HOSTILE = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["tests.hostile.NoUser"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.BrowsableAPIRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.FileUploadParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "rest_framework.negotiation.DefaultContentNegotiation",
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.AnonRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"anon": "1/day", "user": "1/day"},
    "DEFAULT_VERSIONING_CLASS": "rest_framework.versioning.AcceptHeaderVersioning",
    "ALLOWED_VERSIONS": ["none"],
    "EXCEPTION_HANDLER": "tests.hostile.unwanted_handler",
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
    "URL_FORMAT_OVERRIDE": "kind",
    "FORMAT_SUFFIX_KWARG": "token",
    "UNICODE_JSON": False,
    "COMPACT_JSON": False,
    "STRICT_JSON": False,
    "COERCE_DECIMAL_TO_STRING": False,
}


@pytest.fixture
def hostile() -> Iterator[None]:
    """A site whose `REST_FRAMEWORK` has everything that could harm."""
    with override_settings(REST_FRAMEWORK=HOSTILE):
        yield


class TestHostileSettings:
    """`REST_FRAMEWORK` belongs to the site's own API and changes nothing here."""

    @pytest.mark.parametrize("name", ["AUTHENTICATION", "PERMISSION", "THROTTLE"])
    def test_the_site_would_use_them(self, hostile: None, name: str) -> None:
        path = f"DEFAULT_{name}_CLASSES"
        (found,) = getattr(api_settings, path)
        assert [f"{found.__module__}.{found.__name__}"] == HOSTILE[path]

    def test_success(self, hostile: None) -> None:
        response = Client().get(f"{CAPABILITIES}?format=json")

        assert response.status_code == 200
        ocs = ocs_of(response)
        assert ocs["data"]["capabilities"]["spreed"]["features"] == list(FEATURES)

    def test_failure(self, hostile: None) -> None:
        response = Client().get(PROFILE, headers=ACCEPT_JSON)

        assert response.status_code == 401
        assert ocs_of(response) == {"meta": NOT_LOGGED_IN, "data": []}

    def test_user(self, hostile: None, as_alice: TalkClient) -> None:
        answer = as_alice.get(PROFILE)

        assert (answer.status, answer.data["id"]) == (200, "alice")

    def test_guest(self, as_alice: TalkClient, hostile: None) -> None:
        token = as_alice.create_room()
        guest = TalkClient()
        guest.join(token)
        answer = guest.post(f"/chat/{token}", message="hello")

        assert (answer.status, answer.data["actorType"]) == (201, "guests")


PROGRAM = """
import json, sys
import django
from django.conf import settings
from tests import settings as base
options = {name: getattr(base, name) for name in dir(base) if name.isupper()}
options["REST_FRAMEWORK"] = json.loads(sys.argv[1])
settings.configure(**options)
django.setup()
from django.test import Client
for path in ("capabilities", "user", "nothing"):
    response = Client().get(f"/ocs/v2.php/cloud/{path}?format=json")
    statuscode = response.json()["ocs"]["meta"]["statuscode"]
    print(response.status_code, statuscode, response["Content-Type"])
"""


def test_hostile_settings_from_the_start_change_nothing() -> None:
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(HOSTILE)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.stdout.splitlines() == [
        "200 200 application/json; charset=utf-8",
        "401 997 application/json; charset=utf-8",
        "404 404 application/json; charset=utf-8",
    ], result.stderr
