"""App passwords over HTTP: logging in with them, creating and revoking them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.signals import user_login_failed
from django.test import Client
from django.utils import timezone

from talk.domain.app_passwords import create_app_password
from talk.models import AppPassword
from tests.api.helpers import assert_done, assert_login_needed, assert_refused
from tests.api.wire import PROFILE, V1, V2, basic, who
from tests.client import Answer, TalkClient
from tests.factories import (
    PASSWORD,
    AppPasswordFactory,
    ParticipantFactory,
    RoomFactory,
)

pytestmark = pytest.mark.django_db

GET, REVOKE = "/core/getapppassword", "/core/apppassword"

SHAPE = r"[A-Za-z0-9]{5}(-[A-Za-z0-9]{5}){4}"

UNKNOWN = "aaaaa-bbbbb-ccccc-ddddd-eeeee"
"""A token of the right shape that does not exist."""


def make_token(user: Any) -> str:
    """Create an app password and return its token."""
    created = create_app_password(user=user, label="Bot", now=timezone.now())
    return created.token


@pytest.fixture
def token(alice: Any) -> str:
    """The token of an app password of Alice."""
    return make_token(alice)


@pytest.fixture
def bot(alice: Any, token: str) -> TalkClient:
    """A bot of Alice that sends the token with each request."""
    return TalkClient(alice, basic=token)


@pytest.fixture
def client(alice: Any) -> TalkClient:
    """A client that sends Alice's ordinary password with each request."""
    return TalkClient(alice, basic=PASSWORD)


def ask_for_one(client: TalkClient, version: str = V2) -> Answer:
    """Request an app password."""
    return client.get(f"{version}{GET}")


def revoke(client: TalkClient, version: str = V2) -> Answer:
    """Revoke the app password that the client sends."""
    return client.delete(f"{version}{REVOKE}")


class TestLogin:
    """HTTP Basic with a name and an app password."""

    def test_it_authenticates(self, alice: Any, token: str) -> None:
        assert who(Client(), Authorization=basic("alice", token)) == "alice"

    def test_its_user_can_join_and_write(self, alice: Any, bot: TalkClient) -> None:
        participant = ParticipantFactory(user=alice, room=RoomFactory())
        answer = bot.post(f"/chat/{participant.room.token}", message="hello")
        assert (answer.status, answer.data["actorId"]) == (201, "alice")

    def test_another_name_is_anonymous(self, token: str, bob: Any) -> None:
        assert who(Client(), Authorization=basic("bob", token)) is None

    def test_a_disabled_account_is_anonymous(self, alice: Any, token: str) -> None:
        alice.is_active = False
        alice.save()
        assert who(Client(), Authorization=basic("alice", token)) is None

    @pytest.mark.parametrize("change", [str.swapcase, lambda t: t.replace("-", "")])
    def test_another_spelling_is_anonymous(self, token: str, change: Any) -> None:
        assert who(Client(), Authorization=basic("alice", change(token))) is None

    def test_a_revoked_one_is_anonymous(self, token: str) -> None:
        AppPassword.objects.all().delete()
        assert who(Client(), Authorization=basic("alice", token)) is None

    def test_an_ordinary_password_of_its_shape_still_works(self, alice: Any) -> None:
        alice.set_password(UNKNOWN)
        alice.save()
        assert who(Client(), Authorization=basic("alice", UNKNOWN)) == "alice"

    def test_it_survives_a_change_of_the_ordinary_password(
        self, alice: Any, token: str
    ) -> None:
        alice.set_password("another")
        alice.save()
        assert who(Client(), Authorization=basic("alice", token)) == "alice"

    def test_no_authentication_backend_is_asked(
        self, settings: Any, token: str
    ) -> None:
        settings.AUTHENTICATION_BACKENDS = []
        assert who(Client(), Authorization=basic("alice", token)) == "alice"

    def test_it_sends_no_signal_of_a_failed_login(self, token: str) -> None:
        failures = []

        def note(**arguments: Any) -> None:
            failures.append(arguments)

        user_login_failed.connect(note)
        try:
            who(Client(), Authorization=basic("alice", token))
        finally:
            user_login_failed.disconnect(note)
        assert failures == []

    def test_throttled_logins_do_not_block_it(self, token: str) -> None:
        for number in range(12):
            Client().get(
                PROFILE, headers={"Authorization": basic("alice", f"{number}")}
            )
        assert who(Client(), Authorization=basic("alice", token)) == "alice"

    def test_it_costs_one_query(
        self, bot: TalkClient, django_assert_num_queries: Any
    ) -> None:
        bot.get(PROFILE)
        with django_assert_num_queries(2):  # the other one is for the groups
            bot.get(PROFILE)

    def test_other_app_passwords_cost_nothing(
        self, alice: Any, bot: TalkClient, django_assert_num_queries: Any
    ) -> None:
        AppPasswordFactory.create_batch(10, user=alice)
        bot.get(PROFILE)
        with django_assert_num_queries(2):
            bot.get(PROFILE)

    def test_its_last_use_is_updated_after_a_minute(
        self, clock: Any, bot: TalkClient, django_assert_num_queries: Any
    ) -> None:
        bot.get(PROFILE)
        clock.shift(61)
        with django_assert_num_queries(3):
            bot.get(PROFILE)
        assert AppPassword.objects.get().last_used_at == timezone.now()


class TestBearer:
    """An app password as a bearer token, without a name."""

    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Bearer "])
    def test_it_authenticates(self, token: str, scheme: str) -> None:
        assert who(Client(), Authorization=f"{scheme} {token}") == "alice"

    def test_an_ordinary_password_is_no_bearer_token(self, alice: Any) -> None:
        alice.set_password(UNKNOWN)
        alice.save()
        assert who(Client(), Authorization=f"Bearer {UNKNOWN}") is None

    def test_a_disabled_account_is_anonymous(self, alice: Any, token: str) -> None:
        alice.is_active = False
        alice.save()
        assert who(Client(), Authorization=f"Bearer {token}") is None

    def test_another_scheme_is_anonymous(self, token: str) -> None:
        assert who(Client(), Authorization=f"Token {token}") is None

    def test_its_user_can_join_and_write(self, alice: Any, token: str) -> None:
        participant = ParticipantFactory(user=alice, room=RoomFactory())
        client = TalkClient()
        client.headers = {
            "Accept": "application/json",
            "Authorization": f"Bearer {token}",
        }
        answer = client.post(f"/chat/{participant.room.token}", message="hello")
        assert (answer.status, answer.data["actorId"]) == (201, "alice")

    def test_it_can_be_revoked(self, token: str) -> None:
        client = TalkClient()
        client.headers["Authorization"] = f"Bearer {token}"
        assert_done(revoke(client))
        assert not AppPassword.objects.exists()

    def test_it_cannot_create_another_one(self, token: str) -> None:
        client = TalkClient()
        client.headers["Authorization"] = f"Bearer {token}"
        assert_refused(ask_for_one(client), 403)

    def test_it_costs_one_query(
        self, token: str, django_assert_num_queries: Any
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        Client().get(PROFILE, headers=headers)
        with django_assert_num_queries(2):  # the other one is for the groups
            Client().get(PROFILE, headers=headers)

    def test_another_token_costs_no_query(
        self, db: None, django_assert_num_queries: Any
    ) -> None:
        with django_assert_num_queries(0):
            assert who(Client(), Authorization="Bearer abc.def.ghi") is None


class TestGet:
    """`GET core/getapppassword`."""

    def test_a_password_creates_one(self, client: TalkClient) -> None:
        answer = ask_for_one(client)
        assert answer.status == 200
        assert list(answer.data) == ["apppassword"]
        assert re.fullmatch(SHAPE, answer.data["apppassword"])

    def test_v1(self, client: TalkClient) -> None:
        answer = ask_for_one(client, V1)
        assert (answer.status, answer.meta["statuscode"]) == (200, 100)

    def test_it_can_be_used_to_log_in(self, client: TalkClient) -> None:
        token = ask_for_one(client).data["apppassword"]
        assert who(Client(), Authorization=basic("alice", token)) == "alice"

    def test_each_one_is_different(self, client: TalkClient) -> None:
        tokens = {ask_for_one(client).data["apppassword"] for _ in range(3)}
        assert len(tokens) == AppPassword.objects.count() == 3

    def test_it_must_not_be_cached(self, client: TalkClient) -> None:
        assert "no-store" in ask_for_one(client).headers["Cache-Control"]

    @pytest.mark.parametrize(
        ("agent", "label"),
        [
            (
                "Mozilla/5.0 (iOS) Nextcloud-Talk v1",
                "Mozilla/5.0 (iOS) Nextcloud-Talk v1",
            ),
            (" a\0b\nc\x7fd ", "abcd"),
            ("x" * 5000, "x" * 128),
            ("", ""),
        ],
        ids=["app", "unprintable", "long", "empty"],
    )
    def test_its_label_is_the_user_agent(
        self, client: TalkClient, agent: str, label: str
    ) -> None:
        client.headers["User-Agent"] = agent
        ask_for_one(client)
        assert AppPassword.objects.get().label == label

    def test_an_app_password_cannot_create_one(self, bot: TalkClient) -> None:
        assert_refused(ask_for_one(bot), 403)
        assert AppPassword.objects.count() == 1

    def test_v1_responds_with_code_403(self, bot: TalkClient) -> None:
        assert ask_for_one(bot, V1).meta["statuscode"] == 403

    def test_a_session_cannot_create_one(self, as_alice: TalkClient) -> None:
        assert_refused(ask_for_one(as_alice), 403)
        assert not AppPassword.objects.exists()

    def test_a_session_with_a_password_cannot_create_one(
        self, as_alice: TalkClient
    ) -> None:
        """The session takes precedence, as everywhere."""
        as_alice.headers["Authorization"] = basic("alice", PASSWORD)
        assert_refused(ask_for_one(as_alice), 403)

    def test_an_anonymous_caller_gets_401(self, as_guest: TalkClient) -> None:
        assert_login_needed(ask_for_one(as_guest))

    def test_a_wrong_password_gets_401(self, alice: Any) -> None:
        assert_login_needed(ask_for_one(TalkClient(alice, basic="wrong")))
        assert not AppPassword.objects.exists()

    def test_head_creates_none(self, client: TalkClient) -> None:
        response = client.http.head(f"{V2}{GET}", headers=client.headers)
        assert response.status_code == 405
        assert not AppPassword.objects.exists()

    def test_one_too_many_is_403(self, settings: Any, client: TalkClient) -> None:
        settings.TALK = {"APP_PASSWORDS_MAX": 2}
        statuses = [ask_for_one(client).status for _ in range(4)]
        assert statuses == [200, 200, 403, 403]
        assert AppPassword.objects.count() == 2

    def test_revoking_one_makes_room_for_another(
        self, settings: Any, alice: Any, client: TalkClient
    ) -> None:
        settings.TALK = {"APP_PASSWORDS_MAX": 1}
        token = ask_for_one(client).data["apppassword"]
        revoke(TalkClient(alice, basic=token))
        assert ask_for_one(client).status == 200

    @pytest.mark.parametrize("others", [0, 20])
    def test_it_costs_six_queries(
        self,
        alice: Any,
        client: TalkClient,
        others: int,
        django_assert_num_queries: Any,
    ) -> None:
        """Account; savepoint, insert, account again, count; release."""
        AppPasswordFactory.create_batch(others, user=alice)
        with django_assert_num_queries(6):
            ask_for_one(client)


class TestRevoke:
    """`DELETE core/apppassword`."""

    def test_it_stops_working(self, bot: TalkClient) -> None:
        assert_done(revoke(bot))
        assert bot.get(PROFILE).status == 401
        assert not AppPassword.objects.exists()

    def test_v1(self, bot: TalkClient) -> None:
        answer = revoke(bot, V1)
        assert (answer.status, answer.meta["statuscode"]) == (200, 100)

    def test_a_second_time_is_401(self, bot: TalkClient) -> None:
        revoke(bot)
        assert_login_needed(revoke(bot))

    def test_others_of_the_user_stay(self, alice: Any, bot: TalkClient) -> None:
        other = make_token(alice)
        revoke(bot)
        assert who(Client(), Authorization=basic("alice", other)) == "alice"

    def test_the_authorization_header_suffices_against_csrf(
        self, bot: TalkClient
    ) -> None:
        del bot.headers["OCS-APIRequest"]
        assert_done(revoke(bot))

    @pytest.mark.usefixtures("token")
    def test_a_password_is_403(self, client: TalkClient) -> None:
        assert_refused(revoke(client), 403)
        assert AppPassword.objects.count() == 1

    @pytest.mark.usefixtures("token")
    def test_a_session_is_403(self, as_alice: TalkClient) -> None:
        assert_refused(revoke(as_alice), 403)
        assert AppPassword.objects.count() == 1

    def test_an_anonymous_caller_is_401(self, as_guest: TalkClient) -> None:
        assert_login_needed(revoke(as_guest))

    @pytest.mark.parametrize("others", [0, 20])
    def test_it_costs_five_queries(
        self, alice: Any, bot: TalkClient, others: int, django_assert_num_queries: Any
    ) -> None:
        """Account; savepoint, owner, delete; release."""
        AppPasswordFactory.create_batch(others, user=alice)
        AppPassword.objects.update(last_used_at=timezone.now() - timedelta(seconds=1))
        with django_assert_num_queries(5):
            revoke(bot)


class TestOtherMethods:
    """405, before the login."""

    @pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "OPTIONS"])
    def test_revoking(self, db: None, method: str) -> None:
        assert Client().generic(method, f"{V2}{REVOKE}").status_code == 405

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
    def test_getting(self, db: None, method: str) -> None:
        assert Client().generic(method, f"{V2}{GET}").status_code == 405
