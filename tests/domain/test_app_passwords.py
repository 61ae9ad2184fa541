"""App passwords: creating, checking and revoking them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection

from talk.adapters import DefaultAdapter
from talk.domain.app_passwords import (
    ALPHABET,
    GROUP_LENGTH,
    GROUPS,
    NewAppPassword,
    create_app_password,
    find_app_password,
    may_create_app_password,
    revoke_app_passwords,
)
from talk.exceptions import Invalid, NotAllowed, NotFound
from talk.models import AppPassword
from tests.factories import AppPasswordFactory, UserFactory
from tests.threads import at_once

accounts_are_locked = pytest.mark.skipif(
    connection.vendor == "mysql",
    reason="a lock on accounts would collide with what references take there",
)

pytestmark = pytest.mark.django_db

NOW = datetime(2025, 1, 1, 12, tzinfo=UTC)


class OtherIds(DefaultAdapter):
    """A site whose user ids are not usernames."""

    def user_id(self, user: Any) -> str:
        return f"id-{user.get_username()}"


def make(user: Any, label: str = "Bot") -> NewAppPassword:
    return create_app_password(user=user, label=label, now=NOW)


def find(name: str, token: str, seconds: float = 0) -> AppPassword | None:
    now = NOW + timedelta(seconds=seconds)
    return find_app_password(name=name, token=token, now=now)


class TestCreate:
    """`create_app_password`."""

    def test_it_has_enough_randomness(self) -> None:
        assert len(set(ALPHABET)) == len(ALPHABET)
        assert len(ALPHABET) ** (GROUPS * GROUP_LENGTH) > 2**120

    def test_the_text_is_not_stored(self, alice: Any) -> None:
        created = make(alice)
        row = AppPassword.objects.values().get()
        assert created.token not in repr(row)
        assert created.token.replace("-", "") not in repr(row)

    def test_it_has_not_been_used(self, alice: Any) -> None:
        made = make(alice).app_password
        assert (made.created_at, made.last_used_at) == (NOW, None)

    @pytest.mark.parametrize("label", ["x" * 129, "a\0b", "a\ud800b"])
    def test_a_label_that_cannot_be_stored_is_refused(
        self, alice: Any, label: str
    ) -> None:
        with pytest.raises(Invalid):
            make(alice, label)

    def test_one_too_many_is_refused(self, settings: Any, alice: Any) -> None:
        settings.TALK = {"APP_PASSWORDS_MAX": 1}
        make(alice)
        with pytest.raises(NotAllowed):
            make(alice)
        assert AppPassword.objects.count() == 1

    def test_app_passwords_of_other_users_do_not_count(
        self, settings: Any, alice: Any, bob: Any
    ) -> None:
        settings.TALK = {"APP_PASSWORDS_MAX": 1}
        make(bob)
        assert may_create_app_password(user=alice)
        make(alice)
        assert not may_create_app_password(user=alice)

    @accounts_are_locked
    def test_a_deleted_account_gets_none(self, alice: Any, settings: Any) -> None:
        gone = UserFactory()
        type(gone).objects.filter(pk=gone.pk).delete()
        with pytest.raises(NotFound):
            make(gone)

    @accounts_are_locked
    @pytest.mark.django_db(transaction=True)
    def test_concurrent_requests_create_no_more_than_allowed(
        self, settings: Any, alice: Any
    ) -> None:
        settings.TALK = {"APP_PASSWORDS_MAX": 2}
        found = at_once(*[partial(make, alice)] * 6)
        refused = [result for result in found if isinstance(result, NotAllowed)]
        assert (len(refused), AppPassword.objects.count()) == (4, 2)


class TestFind:
    """`find_app_password`."""

    def test_it_is_found_with_its_user(
        self, alice: Any, django_assert_num_queries: Any
    ) -> None:
        created = make(alice)
        find("alice", created.token)
        with django_assert_num_queries(1):
            found = find("alice", created.token)
            assert found == created.app_password
            assert found.user == alice

    @pytest.mark.parametrize(
        "token",
        [
            "",
            "password",
            "aaaaa-bbbbb-ccccc-ddddd",
            "aaaaa-bbbbb-ccccc-ddddd-eeeee-fffff",
            "aaaaa-bbbbb-ccccc-ddddd-eeee0",
            "aaaaa-bbbbb-ccccc-ddddd-eeeee\n",
            "aaaaa_bbbbb_ccccc_ddddd_eeeee",
        ],
    )
    def test_a_text_of_another_shape_costs_no_query(
        self, db: None, token: str, django_assert_num_queries: Any
    ) -> None:
        with django_assert_num_queries(0):
            assert find("alice", token) is None

    def test_the_name_must_belong_to_it(self, alice: Any, bob: Any) -> None:
        assert find("bob", make(alice).token) is None

    @pytest.mark.parametrize(
        "name", ["id-alice", "alice", "Alice", "alice@example.org"]
    )
    def test_it_is_found_by_user_id_username_and_address(
        self, settings: Any, alice: Any, name: str
    ) -> None:
        settings.TALK = {"ADAPTER": f"{__name__}.OtherIds"}
        alice.email = "Alice@example.org"
        alice.save()
        assert find(name, make(alice).token) is not None

    def test_it_is_not_found_by_an_empty_name(self, alice: Any) -> None:
        """Alice has no address, which is empty as well."""
        assert find("", make(alice).token) is None

    def test_a_disabled_account_has_none(self) -> None:
        user = UserFactory(username="gone", is_active=False)
        assert find("gone", make(user).token) is None

    def test_its_use_is_stored(self, alice: Any) -> None:
        find("alice", make(alice).token, seconds=5)
        used_at = AppPassword.objects.get().last_used_at
        assert used_at == NOW + timedelta(seconds=5)

    @pytest.mark.parametrize(("seconds", "written"), [(59, 0), (61, 61)])
    def test_its_use_is_stored_once_a_minute(
        self, alice: Any, seconds: int, written: int
    ) -> None:
        token = make(alice).token
        find("alice", token)
        find("alice", token, seconds=seconds)
        used_at = AppPassword.objects.get().last_used_at
        assert used_at == NOW + timedelta(seconds=written)

    def test_the_latest_of_concurrent_uses_stays(self, alice: Any) -> None:
        """One that has read the row before another wrote it writes nothing."""
        created = make(alice)
        early = AppPassword.objects.get()
        find("alice", created.token, seconds=30)
        since = NOW - timedelta(seconds=60)
        own = AppPassword.objects.filter(pk=early.pk)
        assert own.unused_since(since).update(last_used_at=NOW) == 0

    def test_an_attempt_under_another_name_does_not_count_as_use(
        self, alice: Any, bob: Any
    ) -> None:
        find("bob", make(alice).token)
        assert AppPassword.objects.get().last_used_at is None


class TestRevoke:
    """`revoke_app_passwords`."""

    def test_it_is_not_found_any_more(self, alice: Any) -> None:
        created = make(alice)
        assert revoke_app_passwords(ids=[created.app_password.pk]) == 1
        assert find("alice", created.token) is None

    def test_others_stay(self, alice: Any) -> None:
        other = make(alice)
        revoke_app_passwords(ids=[make(alice).app_password.pk])
        assert find("alice", other.token) is not None

    def test_unknown_ids_are_not_counted(self, alice: Any) -> None:
        made = AppPasswordFactory(user=alice)
        assert revoke_app_passwords(ids=[made.pk, made.pk + 1]) == 1

    def test_a_deleted_account_loses_its_app_passwords(self, alice: Any) -> None:
        make(alice)
        alice.delete()
        assert not AppPassword.objects.exists()
