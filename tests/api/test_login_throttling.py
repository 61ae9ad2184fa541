"""The throttle of wrong passwords by HTTP Basic."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.signals import user_login_failed
from django.test import Client

from talk.api.password_memory import memory
from tests.api.wire import ACCEPT_JSON, CAPABILITIES, PROFILE, basic
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

HERE, THERE = "192.0.2.1", "198.51.100.7"
"""Two addresses of clients."""

RIGHT, WRONG = PASSWORD, "wrong"


@pytest.fixture(autouse=True)
def three_attempts(settings: Any, alice: Any) -> None:
    """Allow three wrong passwords in five minutes."""
    settings.TALK = {"PASSWORD_ATTEMPTS_MAX": 3, "PASSWORD_ATTEMPTS_SECONDS": 300}


def ask(
    password: str, times: int = 1, name: str = "alice", address: str = HERE
) -> list[int]:
    """Request the own profile; return the statuses."""
    headers = {**ACCEPT_JSON, "Authorization": basic(name, password)}
    client = Client(REMOTE_ADDR=address)
    return [client.get(PROFILE, headers=headers).status_code for _ in range(times)]


def test_wrong_passwords_beyond_the_limit_are_429() -> None:
    assert ask(WRONG, times=5) == [401, 401, 401, 429, 429]


def test_the_refusal_has_an_envelope() -> None:
    ask(WRONG, times=3)
    headers = {**ACCEPT_JSON, "Authorization": basic("alice", WRONG)}
    response = Client(REMOTE_ADDR=HERE).get(PROFILE, headers=headers)
    ocs = response.json()["ocs"]
    assert (ocs["meta"]["statuscode"], ocs["data"]) == (429, [])


def test_beyond_the_limit_the_right_password_is_429_too() -> None:
    ask(WRONG, times=3)
    assert ask(RIGHT) == [429]


def test_a_remembered_password_still_works() -> None:
    ask(RIGHT)
    assert ask(WRONG, times=4) == [401, 401, 401, 429]
    assert ask(RIGHT) == [200]


def test_no_authentication_backend_is_asked() -> None:
    ask(WRONG, times=3)
    failures = []

    def note(**arguments: Any) -> None:
        failures.append(arguments)

    user_login_failed.connect(note)
    try:
        ask(WRONG)
    finally:
        user_login_failed.disconnect(note)
    assert failures == []


def test_public_endpoints_are_429_as_well() -> None:
    ask(WRONG, times=3)
    headers = {**ACCEPT_JSON, "Authorization": basic("alice", WRONG)}
    client = Client(REMOTE_ADDR=HERE)
    assert client.get(CAPABILITIES, headers=headers).status_code == 429


def test_anonymous_requests_are_not_affected() -> None:
    ask(WRONG, times=3)
    client = Client(REMOTE_ADDR=HERE)
    assert client.get(CAPABILITIES, headers=ACCEPT_JSON).status_code == 200


def test_sessions_are_not_affected(browser: Client) -> None:
    ask(WRONG, times=3)
    assert browser.get(PROFILE, REMOTE_ADDR=HERE).status_code == 200


def test_right_passwords_are_not_counted(settings: Any) -> None:
    settings.TALK = {**settings.TALK, "BASIC_MEMORY_SECONDS": 0}
    assert ask(RIGHT, times=5) == [200] * 5
    assert ask(WRONG, times=4) == [401, 401, 401, 429]


def test_another_address_is_not_affected() -> None:
    ask(WRONG, times=4)
    assert ask(RIGHT, address=THERE) == [200]


def test_another_account_is_not_affected(bob: Any) -> None:
    ask(WRONG, times=4)
    assert ask(RIGHT, name="bob") == [200]


def test_unknown_names_are_counted_as_well() -> None:
    assert ask(WRONG, times=4, name="nobody") == [401, 401, 401, 429]


@pytest.mark.parametrize("name", ["Alice", "álice", "alice ", "\u200balice"])
def test_another_spelling_of_the_name_is_the_same_counter(name: str) -> None:
    ask(WRONG, times=3)
    assert ask(WRONG, name=name) == [429]


def test_any_name_can_be_counted() -> None:
    name = "jürgen ✓\n" * 200
    assert ask(WRONG, times=4, name=name) == [401, 401, 401, 429]


@pytest.mark.parametrize(("seconds", "status"), [(299, 429), (301, 200)])
def test_the_throttle_ends_after_its_time(
    clock: Any, seconds: int, status: int
) -> None:
    ask(WRONG, times=3)
    clock.shift(seconds)
    assert ask(RIGHT) == [status]


def test_a_disabled_account_counts_as_wrong() -> None:
    UserFactory(username="gone", is_active=False)
    assert ask(RIGHT, times=4, name="gone") == [401, 401, 401, 429]


def test_a_remembered_password_counts_once_it_is_wrong(alice: Any) -> None:
    ask(RIGHT)
    alice.set_password("new")
    alice.save()
    assert ask(RIGHT, times=4) == [401, 401, 401, 429]


def test_the_default_is_ten_wrong_passwords(settings: Any) -> None:
    settings.TALK = {}
    assert ask(WRONG, times=12) == [401] * 10 + [429] * 2
    memory.forget()
    assert ask(RIGHT) == [429]
