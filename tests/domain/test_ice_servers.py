"""STUN and TURN servers, and credentials that coturn understands."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from talk.domain.ice_servers import (
    choose_stun_server,
    choose_turn_server,
    turn_credential,
)

NOW = datetime.fromtimestamp(1700000000, UTC)
SERVER = {"server": "turn.example.org:3478", "secret": "example-turn-secret"}


def test_a_credential_equals_a_known_one():
    credential = turn_credential(
        secret="example-turn-secret", username="1700086400:abcdefgh23456789"
    )
    assert credential == "sK2V34s8G41PrUco/eFcIm33ebk="


class TestStun:
    """The STUN server."""

    @pytest.mark.parametrize("servers", [{}, {"STUN_SERVERS": []}])
    def test_without_a_setting_there_is_none(self, settings, servers):
        settings.TALK = servers
        assert choose_stun_server() is None

    def test_one_of_several_is_chosen_at_random(self, settings):
        servers = ["one.example.org:3478", "two.example.org:443"]
        settings.TALK = {"STUN_SERVERS": servers}
        # The probability that one of them is never chosen is 1 in 10^60.
        assert {choose_stun_server() for _ in range(200)} == set(servers)


class TestTurn:
    """The TURN server."""

    @pytest.mark.parametrize(
        "servers",
        [
            {},
            {"TURN_SERVERS": []},
            {"TURN_SERVERS": [{**SERVER, "secret": ""}]},
            {"TURN_SERVERS": [{"server": "turn.example.org"}]},
        ],
    )
    def test_a_server_without_a_secret_is_ignored(self, settings, servers):
        settings.TALK = servers
        assert choose_turn_server(now=NOW) is None

    def test_the_username_expires_after_a_day(self, settings):
        settings.TALK = {"TURN_SERVERS": [SERVER]}
        turn = choose_turn_server(now=NOW)
        assert turn is not None
        assert re.fullmatch("1700086400:[A-Za-z0-9]{16}", turn.username)
        assert turn.credential == turn_credential(
            secret="example-turn-secret", username=turn.username
        )

    def test_the_time_of_expiry_is_a_setting(self, settings):
        settings.TALK = {"TURN_SERVERS": [SERVER], "TURN_CREDENTIAL_SECONDS": 60}
        turn = choose_turn_server(now=NOW)
        assert turn is not None
        assert turn.username.startswith("1700000060:")

    def test_each_request_gets_another_username(self, settings):
        settings.TALK = {"TURN_SERVERS": [SERVER]}
        turns = [choose_turn_server(now=NOW) for _ in range(20)]
        assert len({turn.username for turn in turns if turn}) == 20

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ({}, ("udp", "tcp")),
            ({"protocols": ["tcp"]}, ("tcp",)),
            ({"protocols": ("tcp", "udp")}, ("tcp", "udp")),
        ],
    )
    def test_its_protocols(self, settings, given, expected):
        settings.TALK = {"TURN_SERVERS": [{**SERVER, **given}]}
        turn = choose_turn_server(now=NOW)
        assert turn is not None
        assert turn.protocols == expected

    def test_one_of_several_is_chosen_at_random_with_its_own_secret(self, settings):
        other = {"server": "other.example.org", "secret": "another-secret"}
        settings.TALK = {"TURN_SERVERS": [SERVER, other]}
        turns = [choose_turn_server(now=NOW) for _ in range(200)]
        secrets = {entry["server"]: entry["secret"] for entry in (SERVER, other)}
        assert {turn.server for turn in turns if turn} == set(secrets)
        for turn in turns:
            assert turn is not None
            assert turn.credential == turn_credential(
                secret=secrets[turn.server], username=turn.username
            )
