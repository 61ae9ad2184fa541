"""Authentication by HTTP Basic."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client

from talk.models import Participant
from tests.api.wire import (
    ACCEPT_JSON,
    CAPABILITIES,
    NOT_LOGGED_IN,
    OCS,
    PROFILE,
    basic,
    profile,
    who,
)
from tests.client import BASE, TalkClient
from tests.factories import PASSWORD, ParticipantFactory, RoomFactory, UserFactory

pytestmark = pytest.mark.django_db


class TestBasic:
    """Right, wrong and odd credentials."""

    def test_name_and_password(self, alice: Any) -> None:
        assert who(Client(), Authorization=basic("alice", PASSWORD)) == "alice"

    @pytest.mark.parametrize("scheme", ["basic", "BASIC"])
    def test_the_case_of_the_scheme_does_not_matter(
        self, alice: Any, scheme: str
    ) -> None:
        value = basic("alice", PASSWORD).replace("Basic", scheme)
        assert who(Client(), Authorization=value) == "alice"

    def test_it_is_utf_8(self) -> None:
        UserFactory(username="jürgen✓", password="schlüssel ✓")
        value = basic("jürgen✓", "schlüssel ✓")
        assert who(Client(), Authorization=value) == "jürgen✓"

    def test_the_password_may_have_colons(self) -> None:
        UserFactory(username="dora", password="a:b::c")
        assert who(Client(), Authorization=basic("dora", "a:b::c")) == "dora"

    def test_an_address_is_no_user_name(self) -> None:
        UserFactory(username="dora", email="dora@example.org")
        value = basic("dora@example.org", PASSWORD)
        assert who(Client(), Authorization=value) is None

    @pytest.mark.parametrize(
        "value",
        [
            basic("alice", "wrong"),
            basic("alice", ""),
            basic("", ""),
            basic("", PASSWORD),
            basic("nobody", PASSWORD),
            basic("alice", PASSWORD + "\x00"),
            basic("ali\x00ce", PASSWORD),
            basic("alice\x00", PASSWORD),
            basic("a" * 10_000, PASSWORD),
            basic("jürgen", "ü", charset="latin-1"),
            "Basic",
            "Basic ",
            "Basic !!!",
            "Basic YWxpY2U=",
            "Basic a b c",
            "Basic /////w==",
            f"Basic {'A' * 20_000}",
            "Bearer abc",
            "Bearer",
            "Digest username=alice",
            "nonsense",
            "",
            "Basic ü",
        ],
        ids=lambda value: ascii(value)[:30],
    )
    def test_wrong_credentials_are_anonymous(self, alice: Any, value: str) -> None:
        header = value.encode().decode("latin-1")
        response = Client().get(PROFILE, headers=ACCEPT_JSON, HTTP_AUTHORIZATION=header)

        assert response.status_code == 401
        assert response.json()["ocs"] == {"meta": NOT_LOGGED_IN, "data": []}

    def test_a_disabled_account_is_anonymous(self) -> None:
        UserFactory(username="gone", is_active=False)
        assert who(Client(), Authorization=basic("gone", PASSWORD)) is None

    def test_a_wrong_password_does_not_end_a_public_request(self, alice: Any) -> None:
        headers = {**OCS, "Authorization": basic("alice", "wrong")}
        assert Client().get(CAPABILITIES, headers=headers).status_code == 200

    def test_a_wrong_password_is_a_404_where_guests_get_one(self, alice: Any) -> None:
        room = RoomFactory(type=2)
        ParticipantFactory(room=room, user=alice)
        headers = {**OCS, "Authorization": basic("alice", "wrong")}
        response = Client().get(f"{BASE}/room/{room.token}", headers=headers)

        assert response.status_code == 404

    def test_a_wrong_password_joins_as_a_guest(self, alice: Any) -> None:
        room = RoomFactory()
        headers = {**OCS, "Authorization": basic("alice", "wrong")}
        url = f"{BASE}/room/{room.token}/participants/active"

        assert Client().post(url, headers=headers).status_code == 200
        assert not Participant.objects.filter(user=alice).exists()

    def test_no_cookie_is_needed_to_take_part(self, alice: Any) -> None:
        room = RoomFactory()
        ParticipantFactory(room=room, user=alice)
        client = TalkClient(alice, basic=PASSWORD)
        answer = client.post(f"/chat/{room.token}", message="hello")

        assert (answer.status, answer.data["actorId"]) == (201, "alice")

    def test_no_session_is_started_by_reading(self, alice: Any) -> None:
        client = Client()
        profile(client, Authorization=basic("alice", PASSWORD))

        assert django_settings.SESSION_COOKIE_NAME not in client.cookies

    @pytest.mark.parametrize("requested_with", ["XMLHttpRequest", ""])
    def test_no_login_dialog_is_opened(self, alice: Any, requested_with: str) -> None:
        headers = {
            "Authorization": basic("alice", "wrong"),
            "X-Requested-With": requested_with,
        }
        response = profile(Client(), **headers)

        challenge = response.get("WWW-Authenticate", "").lower()
        assert not challenge.startswith("basic")
