"""Counting attempts: by whom, in which time, and in which cache."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.core.cache import caches
from django.test import RequestFactory

from talk.api.throttling import (
    client_network,
    throttle_guest_joins,
    throttle_room_passwords,
)
from talk.exceptions import NotAllowed, Throttled
from talk.models import Guest, Participant, Session
from tests.api.helpers import SECRET, START, assert_refused, rows
from tests.client import TalkClient

DUMMY = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
LOCMEM = "django.core.cache.backends.locmem.LocMemCache"

TOKEN = "abcdefgh"


def request_from(address: str, forwarded: str | None = None) -> Any:
    """Return a request over a connection from `address`."""
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return RequestFactory().get("/", headers=headers, REMOTE_ADDR=address)


def network(address: str, forwarded: str | None = None) -> str:
    """Return whom a request is counted for."""
    return client_network(request_from(address, forwarded))


def fail(address: str = "192.0.2.1", token: str = TOKEN) -> None:
    """Try a wrong password."""
    with (
        pytest.raises(NotAllowed),
        throttle_room_passwords(request_from(address), token),
    ):
        raise NotAllowed


def join(address: str = "192.0.2.1") -> None:
    """Join as a guest."""
    with throttle_guest_joins(request_from(address)):
        pass


class TestNetwork:
    """The network for which a request is counted."""

    @pytest.mark.parametrize("address", ["192.0.2.1", "10.0.0.7", "127.0.0.1"])
    def test_an_ipv4_address_counts_as_a_whole(self, address):
        assert network(address) == address

    def test_neighbours_in_ipv4_are_told_apart(self):
        assert network("192.0.2.1") != network("192.0.2.2")

    @pytest.mark.parametrize(
        "address",
        [
            "2001:db8:1:2::",
            "2001:db8:1:2::1",
            "2001:db8:1:2:ffff:ffff:ffff:ffff",
            "2001:0DB8:0001:0002:0000:0000:0000:0042",
        ],
    )
    def test_ipv6_addresses_of_one_network_count_as_one(self, address):
        assert network(address) == network("2001:db8:1:2::7")

    @pytest.mark.parametrize("address", ["2001:db8:1:3::7", "2001:db9:1:2::7", "::1"])
    def test_ipv6_networks_are_told_apart(self, address):
        assert network(address) != network("2001:db8:1:2::7")

    def test_an_ipv6_address_with_a_zone_is_one_too(self):
        assert network("fe80::1%eth0") == network("fe80::2%eth1")

    def test_an_ipv4_address_in_ipv6_is_that_ipv4_address(self):
        assert network("::ffff:192.0.2.1") == network("192.0.2.1")
        assert network("::ffff:192.0.2.2") != network("192.0.2.1")

    @pytest.mark.parametrize(
        "address", ["", "unix:", "localhost", "192.0.2.256", "192.0.2.1, x", "\0", "é"]
    )
    def test_all_that_is_no_address_counts_as_one(self, address):
        assert network(address) == "unknown"

    @pytest.mark.parametrize(
        "address", ["192.0.2.1", "2001:db8:1:2::7", "::1", "::ffff:192.0.2.1", ""]
    )
    def test_it_may_be_part_of_a_key_in_any_cache(self, address):
        found = network(address)
        assert found.isascii()
        assert not set(found) & set(": \t\n")
        assert 0 < len(found) < 50


class TestProxies:
    """Which part of `X-Forwarded-For` is believed."""

    PROXY = "10.0.0.1"
    CHAIN = "203.0.113.9, 198.51.100.7, 192.0.2.1"
    """Made up by the client, written by the outer proxy, written by the inner one."""

    @pytest.mark.parametrize(
        ("proxies", "expected"),
        [(0, PROXY), (1, "192.0.2.1"), (2, "198.51.100.7"), (3, "203.0.113.9")],
    )
    def test_as_many_as_the_site_has_proxies(self, settings, proxies, expected):
        settings.TALK = {"TRUSTED_PROXIES": proxies}
        assert network(self.PROXY, self.CHAIN) == expected

    def test_by_default_none(self):
        assert network(self.PROXY, self.CHAIN) == self.PROXY

    @pytest.mark.parametrize("spaces", ["", " ", "\t", "   "])
    def test_spaces_do_not_matter(self, settings, spaces):
        settings.TALK = {"TRUSTED_PROXIES": 1}
        forwarded = f"198.51.100.7,{spaces}192.0.2.1{spaces}"
        assert network(self.PROXY, forwarded) == "192.0.2.1"

    @pytest.mark.parametrize("forwarded", [None, "", " "])
    @pytest.mark.parametrize("proxies", [1, 2])
    def test_without_the_header_it_is_the_connection(
        self, settings, proxies, forwarded
    ):
        settings.TALK = {"TRUSTED_PROXIES": proxies}
        assert network("192.0.2.1", forwarded) == "192.0.2.1"

    def test_a_shorter_chain_is_believed_as_far_as_it_reaches(self, settings):
        settings.TALK = {"TRUSTED_PROXIES": 2}
        assert network(self.PROXY, "192.0.2.1") == "192.0.2.1"

    def test_ipv6_is_cut_there_too(self, settings):
        settings.TALK = {"TRUSTED_PROXIES": 1}
        assert network(self.PROXY, "2001:db8:1:2::7") == network("2001:db8:1:2::8")

    @pytest.mark.parametrize("rubbish", ["unknown", "_hidden", "x" * 5000, "1.2.3"])
    def test_rubbish_counts_as_one(self, settings, rubbish):
        settings.TALK = {"TRUSTED_PROXIES": 1}
        assert network(self.PROXY, rubbish) == "unknown"

    def test_rubbish_of_the_client_does_not_matter(self, settings):
        settings.TALK = {"TRUSTED_PROXIES": 1}
        assert network(self.PROXY, ",,\x01 , , 192.0.2.1") == "192.0.2.1"


class TestWindows:
    """In which time is counted."""

    @pytest.fixture(autouse=True)
    def limits(self, settings: Any) -> None:
        """Two of each kind in a hundred seconds."""
        settings.TALK = {
            "PASSWORD_ATTEMPTS_MAX": 2,
            "PASSWORD_ATTEMPTS_SECONDS": 100,
            "GUEST_JOINS_MAX": 2,
            "GUEST_JOINS_SECONDS": 100,
        }

    @pytest.fixture
    def clock(self) -> Iterator[Any]:
        """A clock that stands still until a test shifts it."""
        with time_machine.travel(START, tick=False) as traveller:
            yield traveller

    def test_after_too_many_wrong_passwords_none_is_checked(self, clock):
        fail()
        fail()
        attempt = throttle_room_passwords(request_from("192.0.2.1"), TOKEN)
        with pytest.raises(Throttled), attempt:
            pytest.fail("It was looked at.")

    def test_right_ones_leave_no_trace(self, clock):
        for _ in range(10):
            with throttle_room_passwords(request_from("192.0.2.1"), TOKEN):
                pass
        fail()
        fail()

    def test_rooms_are_counted_apart(self, clock):
        for token in ("abcdefgh", "bcdefghi"):
            fail(token=token)
            fail(token=token)

    def test_networks_are_counted_apart(self, clock):
        for address in ("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8:0:1::"):
            fail(address)
            fail(address)

    def test_passwords_and_joins_are_counted_apart(self, clock):
        fail()
        fail()
        join()

    def test_a_join_beyond_the_limit_is_refused(self, clock):
        for _ in range(2):
            join()
        joining = throttle_guest_joins(request_from("192.0.2.1"))
        with pytest.raises(Throttled), joining:
            pytest.fail("Somebody joined.")

    def test_a_join_that_is_refused_leaves_no_trace(self, clock):
        for _ in range(10):
            with (
                pytest.raises(NotAllowed),
                throttle_guest_joins(request_from("192.0.2.1")),
            ):
                raise NotAllowed
        join()
        join()

    def test_a_join_that_fails_for_another_reason_is_counted(self, clock):
        for _ in range(2):
            with (
                pytest.raises(LookupError),
                throttle_guest_joins(request_from("192.0.2.1")),
            ):
                raise LookupError
        with pytest.raises(Throttled):
            join()

    def test_refused_attempts_do_not_prolong_the_wait(self, clock):
        for _ in range(2):
            join()
        for _ in range(10):
            clock.shift(9)
            with pytest.raises(Throttled):
                join()
        clock.shift(11)
        join()

    @pytest.mark.parametrize("seconds", [0, 33, 66, 99])
    def test_the_time_begins_with_the_first_one(self, clock, seconds):
        clock.shift(seconds)
        join()
        clock.shift(50)
        join()
        clock.shift(49)
        with pytest.raises(Throttled):
            join()
        clock.shift(2)
        join()

    def test_after_the_time_has_passed_all_is_forgotten(self, clock):
        for _ in range(2):
            fail()
            join()
        clock.shift(101)
        for _ in range(2):
            fail()
            join()


class TestCaches:
    """Where is counted."""

    def test_a_cache_that_keeps_nothing_refuses_nobody(self, settings):
        settings.CACHES = DUMMY
        settings.TALK = {"PASSWORD_ATTEMPTS_MAX": 1, "GUEST_JOINS_MAX": 1}
        for _ in range(3):
            fail()
            join()
            with throttle_room_passwords(request_from("192.0.2.1"), TOKEN):
                pass

    def test_a_counter_that_was_thrown_out_meanwhile_is_no_error(self):
        with throttle_room_passwords(request_from("192.0.2.1"), TOKEN):
            caches["default"].clear()

    def test_it_is_the_cache_that_the_site_names(self, settings):
        settings.CACHES = {**DUMMY, "shared": {"BACKEND": LOCMEM, "LOCATION": "count"}}
        settings.TALK = {"CACHE": "shared", "GUEST_JOINS_MAX": 1}
        caches["shared"].clear()
        join()
        with pytest.raises(Throttled):
            join()


class TestGuestJoins:
    """Joins of anonymous people, over HTTP."""

    @pytest.fixture(autouse=True)
    def one_join(self, settings: Any) -> None:
        """One guest a minute is enough."""
        settings.TALK = {"GUEST_JOINS_MAX": 1}

    def test_a_request_beyond_the_limit_is_429_and_makes_no_rows(self, public):
        TalkClient().join(public)
        before = rows(Participant, Session, Guest)
        answer = TalkClient().ask_to_join(public)
        assert_refused(answer, 429)
        assert rows(Participant, Session, Guest) == before

    def test_a_guest_who_joins_again_is_counted_again_and_stays(self, public):
        client = TalkClient()
        session_id = client.join(public)
        assert_refused(client.ask_to_join(public), 429)
        assert client.room(public)["sessionId"] == session_id

    def test_the_password_makes_no_difference(self, locked):
        TalkClient().join(locked, SECRET)
        assert_refused(TalkClient().ask_to_join(locked, password=SECRET), 429)

    def test_guests_behind_a_trusted_proxy_are_told_apart(self, settings, public):
        settings.TALK = {"GUEST_JOINS_MAX": 1, "TRUSTED_PROXIES": 1}
        for address in ("192.0.2.1", "192.0.2.2", "2001:db8::1"):
            client = TalkClient()
            client.headers["X-Forwarded-For"] = address
            assert client.ask_to_join(public).status == 200
        client = TalkClient()
        client.headers["X-Forwarded-For"] = "6.6.6.6, 192.0.2.1"
        assert_refused(client.ask_to_join(public), 429)

    def test_a_cache_that_keeps_nothing_lets_everybody_in(self, settings, public):
        settings.CACHES = DUMMY
        for _ in range(3):
            TalkClient().join(public)
