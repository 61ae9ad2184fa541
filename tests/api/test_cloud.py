"""The server's capabilities, and the user's own profile."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from talk.api.capabilities import FEATURES
from tests.api.wire import CAPABILITIES, PROFILE, V1, V2
from tests.client import TalkClient
from tests.factories import PASSWORD, GroupFactory, UserFactory

pytestmark = pytest.mark.django_db

PROFILE_TYPES = {
    "id": str,
    "display-name": str,
    "displayname": str,
    "email": str,
    "storageLocation": str,
    "backend": str,
    "lastLogin": int,
    "subadmin": list,
    "groups": list,
    "quota": dict,
    "phone": str,
    "address": str,
    "website": str,
    "twitter": str,
    "language": str,
}


class TestCapabilities:
    """`GET cloud/capabilities`."""

    @pytest.fixture
    def data(self, as_guest: TalkClient) -> Any:
        """The response to an anonymous caller."""
        return as_guest.get(CAPABILITIES).data

    def test_v2(self, as_guest: TalkClient) -> None:
        answer = as_guest.get(CAPABILITIES)

        assert answer.status == 200
        assert answer.meta == {"status": "ok", "statuscode": 200, "message": "OK"}

    def test_v1(self, as_guest: TalkClient) -> None:
        answer = as_guest.get(f"{V1}/cloud/capabilities")

        assert answer.status == 200
        assert answer.meta == {
            "status": "ok",
            "statuscode": 100,
            "message": "OK",
            "totalitems": "",
            "itemsperpage": "",
        }

    def test_both_versions_say_the_same(self, as_guest: TalkClient, data: Any) -> None:
        assert as_guest.get(f"{V1}/cloud/capabilities").data == data

    def test_users_get_the_same_as_anonymous_callers(
        self, as_alice: TalkClient, data: Any
    ) -> None:
        told = as_alice.get(CAPABILITIES).data
        assert told["capabilities"]["spreed"] == data["capabilities"]["spreed"]

    def test_parts(self, data: Any) -> None:
        assert set(data) == {"version", "capabilities"}

    def test_every_capability_is_an_object_with_something_in_it(
        self, data: Any
    ) -> None:
        capabilities = data["capabilities"]

        assert "spreed" in capabilities
        assert [
            name for name, value in capabilities.items() if type(value) is not dict
        ] == []
        assert [name for name, value in capabilities.items() if not value] == []

    def test_every_capability_is_an_object_for_users_as_well(
        self, as_alice: TalkClient
    ) -> None:
        capabilities = as_alice.get(CAPABILITIES).data["capabilities"]

        assert all(type(value) is dict for value in capabilities.values())

    def test_version(self, data: Any) -> None:
        assert data["version"] == {
            "major": 15,
            "minor": 0,
            "micro": 0,
            "string": "15.0.0",
            "edition": "",
            "extendedSupport": False,
        }

    @pytest.mark.parametrize("key", ["major", "minor", "micro"])
    def test_numbers_of_the_version_are_integers(self, data: Any, key: str) -> None:
        assert type(data["version"][key]) is int

    def test_features_are_the_advertised_names(self, data: Any) -> None:
        assert data["capabilities"]["spreed"]["features"] == list(FEATURES)

    def test_a_feature_is_named_once(self) -> None:
        assert len(set(FEATURES)) == len(FEATURES)

    def test_the_old_chat_is_not_advertised_with_the_new_one(self) -> None:
        assert "chat-v2" in FEATURES
        assert "chat" not in FEATURES

    @pytest.mark.parametrize(
        "name",
        [
            "conversation-v4",
            "signaling-v3",
            "chat-read-marker",
            "locked-one-to-one-rooms",
            "bots-v1",
        ],
    )
    def test_a_feature_that_changes_urls_is_not_advertised(self, name: str) -> None:
        assert name not in FEATURES

    def test_only_names_of_talk_5_are_advertised(self) -> None:
        known = {
            "audio",
            "video",
            "chat-v2",
            "guest-signaling",
            "empty-group-room",
            "guest-display-names",
            "multi-room-users",
            "favorites",
            "last-room-activity",
            "no-ping",
            "system-messages",
            "mention-flag",
            "in-call-flags",
            "notification-levels",
            "invite-groups-and-mails",
            "invite-by-mail",
            "invite-group",
        }
        assert set(FEATURES) <= known

    def test_the_maximum_message_length(self, data: Any) -> None:
        config = data["capabilities"]["spreed"]["config"]
        assert config["chat"]["max-length"] == 1000

    def test_the_poll_interval(self, data: Any) -> None:
        assert data["capabilities"]["core"]["pollinterval"] == 60

    def test_anonymous_callers_cost_no_query(
        self, django_assert_num_queries: Any
    ) -> None:
        with django_assert_num_queries(0):
            assert Client().get(CAPABILITIES).status_code == 200

    def test_users_cost_the_login_only(
        self, as_alice: TalkClient, django_assert_num_queries: Any
    ) -> None:
        with django_assert_num_queries(2):
            as_alice.get(CAPABILITIES)


class TestOwnProfile:
    """`GET cloud/user`."""

    @pytest.fixture
    def dora(self) -> Any:
        """A user with all fields set."""
        user = UserFactory(
            username="dora",
            first_name="Dora",
            last_name="Dürr",
            email="dora@example.org",
            last_login=datetime(2018, 12, 16, 12, 0, 0, 500_000, tzinfo=UTC),
        )
        user.groups.add(GroupFactory(name="team"), GroupFactory(name="Küche 1"))
        return user

    def ask(self, user: Any, version: str = V2) -> Any:
        """Return the profile of the user."""
        answer = TalkClient(user, basic=PASSWORD).get(f"{version}/cloud/user")
        assert answer.status == 200
        return answer.data

    @pytest.mark.parametrize(("base", "code"), [(V1, 100), (V2, 200)])
    def test_success(self, as_alice: TalkClient, base: str, code: int) -> None:
        answer = as_alice.get(f"{base}/cloud/user")

        assert (answer.status, answer.meta["statuscode"]) == (200, code)
        assert (answer.meta["status"], answer.meta["message"]) == ("ok", "OK")

    @pytest.mark.parametrize("base", [V1, V2])
    def test_an_anonymous_caller_is_refused(
        self, as_guest: TalkClient, base: str
    ) -> None:
        answer = as_guest.get(f"{base}/cloud/user")

        assert (answer.status, answer.meta["statuscode"]) == (401, 997)
        assert answer.meta["status"] == "failure"
        assert answer.meta["message"] == "Current user is not logged in"
        assert answer.data == []

    def test_a_guest_of_a_room_is_refused(
        self, as_alice: TalkClient, as_guest: TalkClient
    ) -> None:
        as_guest.join(as_alice.create_room())

        assert as_guest.get(PROFILE).status == 401

    def test_both_versions_say_the_same(self, dora: Any) -> None:
        assert self.ask(dora, V1) == self.ask(dora, V2)

    @pytest.mark.parametrize(("key", "kind"), PROFILE_TYPES.items())
    def test_type(self, dora: Any, key: str, kind: type) -> None:
        assert type(self.ask(dora)[key]) is kind

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("id", "dora"),
            ("display-name", "Dora Dürr"),
            ("displayname", "Dora Dürr"),
            ("email", "dora@example.org"),
            ("lastLogin", 1544961600500),
            ("language", "en"),
            ("subadmin", []),
        ],
    )
    def test_value(self, dora: Any, key: str, value: Any) -> None:
        assert self.ask(dora)[key] == value

    def test_groups_are_their_names(self, dora: Any) -> None:
        assert sorted(self.ask(dora)["groups"]) == ["Küche 1", "team"]

    def test_a_user_without_groups_has_an_empty_list(self, alice: Any) -> None:
        assert self.ask(alice)["groups"] == []

    @pytest.mark.parametrize("key", ["free", "used", "total", "relative", "quota"])
    def test_the_quota_has_numbers(self, dora: Any, key: str) -> None:
        assert type(self.ask(dora)["quota"][key]) in (int, float)

    def test_a_user_without_an_address_has_none(self, alice: Any) -> None:
        assert self.ask(alice)["email"] is None

    def test_a_user_who_never_logged_in_has_a_zero(self, alice: Any) -> None:
        assert self.ask(alice)["lastLogin"] == 0

    def test_the_display_name_of_a_user_without_a_name_is_the_id(self) -> None:
        user = UserFactory(username="plain", first_name="", last_name="")
        profile = self.ask(user)

        assert (profile["display-name"], profile["displayname"]) == ("plain", "plain")

    @pytest.mark.parametrize("user_id", ["0", "ünï", "a@example.org", "<b>", "a b"])
    def test_an_odd_id_is_unchanged(self, user_id: str) -> None:
        client = TalkClient(UserFactory(username=user_id))

        assert client.get(PROFILE).data["id"] == user_id

    def test_the_language_is_that_of_the_request(self, as_alice: TalkClient) -> None:
        as_alice.headers["Accept-Language"] = "de"

        assert as_alice.get(PROFILE).data["language"] == "de"

    def test_a_superuser_has_the_key_enabled(self) -> None:
        admin = UserFactory(username="root", is_staff=True, is_superuser=True)

        assert self.ask(admin)["enabled"] is True

    def test_others_do_not_have_the_key_enabled(self, alice: Any) -> None:
        assert "enabled" not in self.ask(alice)

    def test_the_profile_has_no_password(self, dora: Any) -> None:
        assert dora.password not in repr(self.ask(dora))

    def test_a_session_costs_three_queries(
        self, as_alice: TalkClient, django_assert_num_queries: Any
    ) -> None:
        with django_assert_num_queries(3):
            as_alice.get(PROFILE)

    def test_a_password_costs_two_queries(
        self, alice: Any, django_assert_num_queries: Any
    ) -> None:
        client = TalkClient(alice, basic=PASSWORD)
        with django_assert_num_queries(2):
            client.get(PROFILE)

    def test_more_groups_cost_no_more_queries(
        self, dora: Any, django_assert_num_queries: Any
    ) -> None:
        dora.groups.add(*GroupFactory.create_batch(5))
        client = TalkClient(dora, basic=PASSWORD)
        with django_assert_num_queries(2):
            client.get(PROFILE)

    def test_an_anonymous_caller_costs_no_query(
        self, django_assert_num_queries: Any
    ) -> None:
        with django_assert_num_queries(0):
            assert Client().get(PROFILE).status_code == 401
