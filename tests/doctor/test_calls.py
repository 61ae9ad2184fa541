"""Probes of STUN, TURN and signaling servers, working and broken."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from talk.doctor import stun_client
from tests.doctor.verdicts import findings, verdicts
from tests.external_signaling import SECRET
from tests.programs import (
    TURN_SECRET,
    Program,
    free_port,
    start_signaling,
    start_turn,
)
from tests.signaling_receiver import Receiver


@pytest.fixture
def coturn(tmp_path: Path) -> Iterator[str]:
    """Return the address of a running coturn."""
    port = free_port()
    server = start_turn(tmp_path, port=port)

    def answers_datagrams() -> bool:
        try:
            return bool(stun_client.public_address("127.0.0.1", port))
        except OSError:
            return False

    # coturn accepts TCP connections before it answers datagrams.
    server.wait_until(answers_datagrams)
    yield f"127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def echo() -> Iterator[str]:
    """Return the address of a UDP server that sends every datagram back."""
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def answer() -> None:
            while (datagram := server.recvfrom(4096))[0] != b"end":
                server.sendto(*datagram)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        with socket.socket(type=socket.SOCK_DGRAM) as client:
            client.sendto(b"end", server.getsockname())
        thread.join()


class TestStun:
    """A STUN server must answer with our public address."""

    def test_a_working_server_is_ok(self, settings, coturn):
        settings.TALK = {"STUN_SERVERS": [coturn]}
        (found,) = findings("stun")
        assert (found.verdict, " at 127.0.0.1:" in found.message) == ("ok", True)

    def test_every_server_is_asked(self, settings, coturn, echo):
        settings.TALK = {"STUN_SERVERS": [echo, coturn]}
        assert verdicts("stun") == [("stun", "failed"), ("stun", "ok")]

    def test_an_unreachable_server_is_a_failure(self, settings):
        settings.TALK = {"STUN_SERVERS": [f"127.0.0.1:{free_port()}"]}
        (found,) = findings("stun")
        assert (found.verdict, "refused" in found.message) == ("failed", True)

    def test_a_server_that_does_not_answer_is_a_failure(self, settings, monkeypatch):
        monkeypatch.setattr(stun_client, "TIMEOUT_SECONDS", 0.05)
        with socket.socket(type=socket.SOCK_DGRAM) as server:
            server.bind(("127.0.0.1", 0))
            port = server.getsockname()[1]
            settings.TALK = {"STUN_SERVERS": [f"127.0.0.1:{port}"]}
            (found,) = findings("stun")
        assert (found.verdict, "no answer" in found.message) == ("failed", True)

    def test_the_probe_is_skipped_without_a_server(self):
        assert verdicts("stun") == [("stun", "skipped")]


class TestTurn:
    """A TURN server must relay for clients with our credentials, and no others."""

    def test_a_working_server_is_ok_by_both_protocols(self, settings, coturn):
        settings.TALK = {"TURN_SERVERS": [{"server": coturn, "secret": TURN_SECRET}]}
        found = findings("turn")
        assert [finding.verdict for finding in found] == ["ok", "ok"]
        assert ["(udp)" in found[0].message, "(tcp)" in found[1].message] == [True] * 2

    def test_relays_are_released(self, settings, coturn):
        settings.TALK = {"TURN_SERVERS": [{"server": coturn, "secret": TURN_SECRET}]}
        # coturn has 41 ports to relay at.
        found = [verdict for _ in range(25) for _, verdict in verdicts("turn")]
        assert set(found) == {"ok"}

    def test_a_wrong_secret_is_a_failure(self, settings, coturn):
        server = {"server": coturn, "secret": "wrong", "protocols": ["udp"]}
        settings.TALK = {"TURN_SERVERS": [server]}
        (found,) = findings("turn")
        assert (found.verdict, "401" in found.message) == ("failed", True)
        assert "static-auth-secret" in found.remedy

    @pytest.mark.parametrize("protocol", ["udp", "tcp"])
    def test_an_unreachable_server_is_a_failure(self, settings, protocol, monkeypatch):
        monkeypatch.setattr(stun_client, "TIMEOUT_SECONDS", 0.05)
        address = f"127.0.0.1:{free_port()}"
        server = {"server": address, "secret": "x", "protocols": [protocol]}
        settings.TALK = {"TURN_SERVERS": [server]}
        assert verdicts("turn") == [("turn", "failed")]

    def test_a_server_without_passwords_is_a_failure(self, settings, tmp_path):
        port = free_port()
        server = start_turn(tmp_path, port=port, needs_password=False)
        settings.TALK = {
            "TURN_SERVERS": [
                {"server": f"127.0.0.1:{port}", "secret": "x", "protocols": ["tcp"]}
            ]
        }
        (found,) = findings("turn")
        server.stop()
        assert (found.verdict, "without a password" in found.message) == (
            "failed",
            True,
        )

    def test_the_probe_is_skipped_without_a_server(self):
        assert verdicts("turn") == [("turn", "skipped")]

    def test_the_probes_are_skipped_without_the_extra(self, settings, monkeypatch):
        monkeypatch.setitem(sys.modules, "talk.doctor.stun_client", None)
        settings.TALK = {
            "STUN_SERVERS": ["127.0.0.1:1"],
            "TURN_SERVERS": [{"server": "127.0.0.1:1", "secret": "x"}],
        }
        found = [*findings("stun"), *findings("turn")]
        assert {finding.verdict for finding in found} == {"skipped"}
        assert all("django-talk[doctor]" in finding.message for finding in found)


class TestSignaling:
    """A signaling server must answer and accept our secret."""

    @pytest.fixture
    def server(self, tmp_path: Path) -> Iterator[str]:
        """Return the URL of a running signaling server."""
        port = free_port()
        program: Program = start_signaling(
            tmp_path, port=port, backend="http://127.0.0.1:1", secret=SECRET
        )
        yield f"ws://127.0.0.1:{port}"
        program.stop()

    def configure(self, settings, url: str, secret: str = SECRET) -> None:
        """Configure one signaling server."""
        settings.TALK = {"SIGNALING_SERVERS": [{"server": url, "secret": secret}]}

    def test_a_working_server_is_ok(self, settings, server):
        self.configure(settings, server)
        assert verdicts("signaling") == [("signaling", "ok")]

    def test_a_wrong_secret_is_a_failure(self, settings, server):
        self.configure(settings, server, secret="wrong")
        (found,) = findings("signaling")
        assert (found.verdict, "403" in found.message) == ("failed", True)
        assert "secret" in found.remedy

    def test_an_unreachable_server_is_a_failure(self, settings):
        self.configure(settings, f"ws://127.0.0.1:{free_port()}")
        (found,) = findings("signaling")
        assert (found.verdict, "does not answer" in found.message) == ("failed", True)

    def test_a_server_that_accepts_anything_is_a_failure(self, settings):
        with closing(Receiver()) as receiver:
            self.configure(settings, f"http://{receiver.address}")
            (found,) = findings("signaling")
        assert (found.verdict, "no signaling server" in found.message) == (
            "failed",
            True,
        )

    def test_the_probe_is_skipped_without_a_server(self):
        assert verdicts("signaling") == [("signaling", "skipped")]
