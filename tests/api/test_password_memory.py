"""Passwords that were right a moment ago are not hashed again."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.signals import user_login_failed
from django.core.cache import cache
from django.test import Client
from rest_framework.exceptions import AuthenticationFailed

from talk.api import password_memory
from talk.api.password_memory import PasswordMemory, memory
from tests.api.wire import PROFILE, basic, who
from tests.client import TalkClient
from tests.factories import PASSWORD, UserFactory
from tests.threads import TIMEOUT, at_once

pytestmark = pytest.mark.django_db


class CountingHasher(MD5PasswordHasher):
    """Tells how often it was asked whether a password is right."""

    verified = 0

    def verify(self, password: str, encoded: str) -> bool:
        type(self).verified += 1
        return super().verify(password, encoded)


class Directory(BaseBackend):
    """A back end that knows people by a second name, and keeps their passwords itself."""

    asked = 0

    def authenticate(
        self, request: Any, username: str = "", password: str = "", **_: Any
    ) -> Any:
        type(self).asked += 1
        if (username, password) != ("dora@example.org", "of the directory"):
            return None
        return get_user_model().objects.filter(username="dora").first()


@pytest.fixture(autouse=True)
def counting(settings: Any) -> Iterator[None]:
    """Count hashes."""
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    CountingHasher.verified = Directory.asked = 0
    yield
    memory.forget()


@pytest.fixture
def directory(settings: Any) -> Any:
    """An account whose password a directory has, and which can be found there."""
    settings.AUTHENTICATION_BACKENDS = [f"{__name__}.Directory"]
    user = UserFactory(username="dora")
    user.set_unusable_password()
    user.save()
    return user


def ask(password: str = PASSWORD, name: str = "alice") -> str | None:
    """Ask who one is, as a program that sends a password with each request."""
    return who(Client(), Authorization=basic(name, password))


def hashed() -> int:
    """Return how often a password was hashed to check it."""
    return CountingHasher.verified


class TestRequests:
    """HTTP Basic with an account's own password."""

    def test_the_second_request_costs_no_hash(self, alice: Any) -> None:
        assert [ask() for _ in range(5)] == ["alice"] * 5
        assert hashed() == 1

    def test_they_cost_the_same_one_query(
        self, alice: Any, django_assert_num_queries: Any
    ) -> None:
        for _ in range(2):
            with django_assert_num_queries(2):  # the other one is for the groups
                ask()

    def test_never_means_each_time(self, settings: Any, alice: Any) -> None:
        settings.TALK = {"BASIC_MEMORY_SECONDS": 0}
        assert [ask() for _ in range(3)] == ["alice"] * 3
        assert hashed() == 3

    def test_a_new_password_counts_at_once(self, alice: Any) -> None:
        ask()
        alice.set_password("new")
        alice.save()
        assert (ask(), ask("new")) == (None, "alice")

    def test_a_new_hash_of_the_same_password_is_checked(self, alice: Any) -> None:
        ask()
        alice.set_password(PASSWORD)
        alice.save()
        assert ask() == "alice"
        assert hashed() == 2

    def test_a_disabled_account_is_nobody_at_once(self, alice: Any) -> None:
        ask()
        get_user_model().objects.update(is_active=False)
        assert ask() is None

    def test_a_deleted_account_is_nobody_at_once(self, alice: Any) -> None:
        ask()
        alice.delete()
        assert ask() is None

    def test_a_renamed_account_keeps_its_old_name_no_longer(self, alice: Any) -> None:
        ask()
        get_user_model().objects.update(username="ally")
        assert ask(name="ally") == "ally"
        assert ask() is None

    def test_a_wrong_password_is_hashed_each_time(self, alice: Any) -> None:
        assert [ask("wrong") for _ in range(3)] == [None] * 3
        assert hashed() == 3

    def test_a_wrong_one_makes_nobody_forget_the_right_one(self, alice: Any) -> None:
        ask()
        ask("wrong")
        assert ask() == "alice"
        assert hashed() == 2

    def test_a_right_one_is_none_of_somebody_elses(self, alice: Any, bob: Any) -> None:
        UserFactory(username="dora", password="of dora")
        ask("of dora", name="dora")
        assert ask("of dora") is None

    def test_a_name_and_a_password_are_not_one_text(self, alice: Any) -> None:
        UserFactory(username="do", password="ra:x")
        ask("ra:x", name="do")
        assert ask("a:x", name="dor") is None

    def test_every_failure_is_announced(self, alice: Any) -> None:
        failures: list[str] = []

        def note(credentials: Any, **_: Any) -> None:
            failures.append(credentials["username"])

        user_login_failed.connect(note)
        try:
            ask()
            ask()
            ask("wrong")
            ask("wrong")
        finally:
            user_login_failed.disconnect(note)
        assert failures == ["alice", "alice"]

    def test_nothing_goes_into_the_cache(self, alice: Any) -> None:
        ask()
        assert cache._cache == {}

    @pytest.mark.usefixtures("directory")
    def test_a_directory_is_asked_once(self) -> None:
        names = [ask("of the directory", "dora@example.org") for _ in range(3)]
        assert (names, Directory.asked) == (["dora"] * 3, 1)

    def test_an_account_that_the_directory_disabled_here_is_nobody(
        self, directory: Any
    ) -> None:
        ask("of the directory", "dora@example.org")
        directory.is_active = False
        directory.save()
        assert ask("of the directory", "dora@example.org") is None

    @pytest.mark.django_db(transaction=True)
    def test_many_at_once_hash_once(self, alice: Any) -> None:
        names = at_once(*[ask] * 8)
        assert names == ["alice"] * 8
        assert hashed() == 1

    @pytest.mark.django_db(transaction=True)
    def test_many_wrong_ones_at_once_are_all_nobody(self, alice: Any) -> None:
        assert at_once(*[partial(ask, "wrong")] * 6) == [None] * 6
        assert hashed() == 6

    @pytest.mark.django_db(transaction=True)
    def test_right_and_wrong_ones_at_once_are_told_apart(self, alice: Any) -> None:
        names = at_once(*[ask, partial(ask, "wrong")] * 4)
        assert names == ["alice", None] * 4


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class TestMemory:
    """`PasswordMemory`."""

    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def own(self, clock: Clock) -> PasswordMemory:
        return PasswordMemory(clock)

    @pytest.fixture
    def checked(self) -> list[str]:
        """The passwords that were checked."""
        return []

    @pytest.fixture
    def verify(self, own: PasswordMemory, alice: Any, checked: list[str]) -> Any:
        """A function that verifies names of Alice's, all with the right password."""

        def verify(name: str = "alice", password: str = PASSWORD) -> Any:
            def check() -> Any:
                checked.append(name)
                if password != PASSWORD:
                    raise AuthenticationFailed
                return alice

            return own.verify(name, password, check)

        return verify

    @pytest.mark.parametrize(("seconds", "checks"), [(59.9, 1), (60, 2)])
    def test_it_lasts_a_minute(
        self, verify: Any, clock: Clock, checked: list[str], seconds: float, checks: int
    ) -> None:
        verify()
        clock.now += seconds
        verify()
        assert len(checked) == checks

    def test_no_use_makes_it_last_longer(
        self, verify: Any, clock: Clock, checked: list[str]
    ) -> None:
        for _ in range(7):
            verify()
            clock.now += 20
        assert len(checked) == 3

    def test_a_site_says_how_long(
        self, settings: Any, verify: Any, clock: Clock, checked: list[str]
    ) -> None:
        settings.TALK = {"BASIC_MEMORY_SECONDS": 5}
        verify()
        clock.now += 5
        verify()
        assert len(checked) == 2

    def test_the_key_goes_with_what_was_made_with_it(
        self, own: PasswordMemory, verify: Any, clock: Clock
    ) -> None:
        verify()
        old = own._period
        clock.now += 60
        verify("other")
        assert own._period is not old
        assert own._period._key != old._key
        assert list(own._period._names) == ["other"]

    def test_two_processes_have_different_keys(self) -> None:
        one, other = (PasswordMemory()._current(60) for _ in range(2))
        assert one.stretch("a", "b") != other.stretch("a", "b")

    def test_it_holds_no_password(self, own: PasswordMemory, verify: Any) -> None:
        verify()
        held = everything_in(own)
        assert "alice" in held
        assert PASSWORD not in held
        assert PASSWORD.encode() not in held

    def test_it_holds_nothing_that_tells_one_without_the_stored_hash(
        self, own: PasswordMemory, alice: Any, verify: Any
    ) -> None:
        """With the key, who guesses right still does not see that it was right."""
        verify()
        held = everything_in(own)
        assert own._period._key in held
        assert alice.password not in held
        assert own._period.stretch("alice", PASSWORD) not in held

    def test_it_is_bounded(
        self, monkeypatch: Any, own: PasswordMemory, verify: Any
    ) -> None:
        monkeypatch.setattr(password_memory, "NAMES_MAX", 3)
        for number in range(5):
            verify(f"name {number}")
        assert list(own._period._names) == ["name 2", "name 3", "name 4"]

    def test_wrong_ones_take_no_place(self, own: PasswordMemory, verify: Any) -> None:
        with pytest.raises(AuthenticationFailed):
            verify(password="wrong")
        assert (own._period._names, len(own._period.checks)) == ({}, 0)

    def test_a_check_that_began_under_an_old_key_is_not_remembered(
        self, own: PasswordMemory, alice: Any, clock: Clock
    ) -> None:
        def check() -> Any:
            clock.now += 60
            own.verify("other", PASSWORD, lambda: alice)
            return alice

        assert own.verify("alice", PASSWORD, check) == alice
        assert list(own._period._names) == ["other"]

    @pytest.mark.django_db(transaction=True)
    def test_others_wait_for_the_first_and_are_not_checked(
        self, own: PasswordMemory, alice: Any
    ) -> None:
        waiting, checks = threading.Semaphore(0), []
        period = own._current(60)

        def check() -> Any:
            checks.append(1)
            # The others have asked by now, and found nothing.
            for _ in range(3):
                assert waiting.acquire(timeout=TIMEOUT)
            return alice

        recall = period.recall

        def note(name: str, stretched: bytes) -> Any:
            found = recall(name, stretched)
            waiting.release()
            return found

        period.recall = note
        verify = partial(own.verify, "alice", PASSWORD, check)
        assert at_once(*[verify] * 3) == [alice] * 3
        assert len(checks) == 1

    def test_a_password_is_checked_after_the_longest_wait(
        self, monkeypatch: Any, own: PasswordMemory, alice: Any
    ) -> None:
        monkeypatch.setattr(password_memory, "WAIT_SECONDS", 0)

        def check() -> Any:
            # As if from another thread: the first one has not come back yet.
            return own.verify("alice", PASSWORD, lambda: alice)

        assert own.verify("alice", PASSWORD, check) == alice

    def test_when_the_first_breaks_nobody_waits_for_it(
        self, own: PasswordMemory, alice: Any
    ) -> None:
        def fail() -> Any:
            raise ConnectionError

        with pytest.raises(ConnectionError):
            own.verify("alice", PASSWORD, fail)
        assert len(own._period.checks) == 0
        assert own.verify("alice", PASSWORD, lambda: alice) == alice

    def test_the_back_end_is_remembered_with_the_account(
        self, own: PasswordMemory, alice: Any
    ) -> None:
        alice.backend = "some.Backend"
        own.verify("alice", PASSWORD, lambda: alice)
        assert own.verify("alice", PASSWORD, lambda: None).backend == "some.Backend"


class TestPolls:
    """Long polls log in as other requests do."""

    def test_they_cost_no_hash_either(self, alice: Any) -> None:
        client = TalkClient(alice, basic=PASSWORD)
        token = client.create_room()
        for _ in range(3):
            assert client.poll(token, after=0).status == 200
        assert hashed() == 1
        assert client.get(PROFILE).status == 200


def everything_in(own: PasswordMemory) -> list[Any]:
    """Return all texts and bytes that a memory holds, however deep."""
    found: list[Any] = []
    seen: set[int] = set()
    rest: list[Any] = [own._period]
    while rest:
        value = rest.pop()
        if id(value) in seen or isinstance(value, type):
            continue
        seen.add(id(value))
        if isinstance(value, str | bytes):
            found.append(value)
        elif isinstance(value, dict):
            rest += [*value.keys(), *value.values()]
        else:
            rest += gc.get_referents(value)
    return found
