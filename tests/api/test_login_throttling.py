"""How often an account's password may be guessed by HTTP Basic."""

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
"""Two addresses that requests come from."""

RIGHT, WRONG = PASSWORD, "wrong"


@pytest.fixture(autouse=True)
def three_attempts(settings: Any, alice: Any) -> None:
    """Three wrong passwords in five minutes are enough."""
    settings.TALK = {"PASSWORD_ATTEMPTS_MAX": 3, "PASSWORD_ATTEMPTS_SECONDS": 300}


def ask(
    password: str, times: int = 1, name: str = "alice", address: str = HERE
) -> list[int]:
    """Ask who one is, and return the statuses of the answers."""
    headers = {**ACCEPT_JSON, "Authorization": basic(name, password)}
    client = Client(REMOTE_ADDR=address)
    return [client.get(PROFILE, headers=headers).status_code for _ in range(times)]


def test_after_so_many_wrong_ones_every_further_one_is_429() -> None:
    assert ask(WRONG, times=5) == [401, 401, 401, 429, 429]


def test_the_refusal_stands_in_an_envelope() -> None:
    ask(WRONG, times=3)
    headers = {**ACCEPT_JSON, "Authorization": basic("alice", WRONG)}
    response = Client(REMOTE_ADDR=HERE).get(PROFILE, headers=headers)
    ocs = response.json()["ocs"]
    assert (ocs["meta"]["statuscode"], ocs["data"]) == (429, [])


def test_the_right_one_is_429_then_too() -> None:
    ask(WRONG, times=3)
    assert ask(RIGHT) == [429]


def test_one_that_is_remembered_works_all_the_same() -> None:
    ask(RIGHT)
    assert ask(WRONG, times=4) == [401, 401, 401, 429]
    assert ask(RIGHT) == [200]


def test_no_back_end_is_asked_any_more() -> None:
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


def test_without_a_password_one_is_answered_as_ever() -> None:
    ask(WRONG, times=3)
    client = Client(REMOTE_ADDR=HERE)
    assert client.get(CAPABILITIES, headers=ACCEPT_JSON).status_code == 200


def test_a_session_works_all_the_same(browser: Client) -> None:
    ask(WRONG, times=3)
    assert browser.get(PROFILE, REMOTE_ADDR=HERE).status_code == 200


def test_right_ones_are_not_counted(settings: Any) -> None:
    settings.TALK = {**settings.TALK, "BASIC_MEMORY_SECONDS": 0}
    assert ask(RIGHT, times=5) == [200] * 5
    assert ask(WRONG, times=4) == [401, 401, 401, 429]


def test_another_address_is_not_affected() -> None:
    ask(WRONG, times=4)
    assert ask(RIGHT, address=THERE) == [200]


def test_another_account_is_not_affected(bob: Any) -> None:
    ask(WRONG, times=4)
    assert ask(RIGHT, name="bob") == [200]


def test_names_that_nobody_has_are_counted_as_well() -> None:
    assert ask(WRONG, times=4, name="nobody") == [401, 401, 401, 429]


@pytest.mark.parametrize("name", ["Alice", "álice", "alice ", "\u200balice"])
def test_another_way_to_write_the_name_is_no_new_start(name: str) -> None:
    ask(WRONG, times=3)
    assert ask(WRONG, name=name) == [429]


def test_any_name_can_be_counted() -> None:
    name = "jürgen ✓\n" * 200
    assert ask(WRONG, times=4, name=name) == [401, 401, 401, 429]


@pytest.mark.parametrize(("seconds", "status"), [(299, 429), (301, 200)])
def test_time_heals(clock: Any, seconds: int, status: int) -> None:
    ask(WRONG, times=3)
    clock.shift(seconds)
    assert ask(RIGHT) == [status]


def test_a_disabled_account_is_as_wrong() -> None:
    UserFactory(username="gone", is_active=False)
    assert ask(RIGHT, times=4, name="gone") == [401, 401, 401, 429]


def test_what_was_right_until_now_is_counted_when_it_is_wrong(alice: Any) -> None:
    ask(RIGHT)
    alice.set_password("new")
    alice.save()
    assert ask(RIGHT, times=4) == [401, 401, 401, 429]


def test_ten_wrong_ones_are_enough_where_nothing_is_set(settings: Any) -> None:
    settings.TALK = {}
    assert ask(WRONG, times=12) == [401] * 10 + [429] * 2
    memory.forget()
    assert ask(RIGHT) == [429]
