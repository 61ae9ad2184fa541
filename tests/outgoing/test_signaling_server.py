"""Requests to a signaling server, sent to a real HTTP server."""

from __future__ import annotations

import json
import logging
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from talk.outgoing import signaling_server
from talk.outgoing.queue import OutgoingQueue, Undeliverable
from talk.outgoing.signaling_requests import message
from talk.outgoing.signaling_server import (
    BODY_MAX,
    TRIES,
    SignalingServer,
    bodies_of,
    checksum,
    choose_server,
    post,
    queue_requests,
    signaling_servers,
)
from tests.external_signaling import SECRET
from tests.servers import ROOT
from tests.signaling_receiver import PATIENCE, Receiver

pytest.importorskip("urllib3")

TOKEN = "abcd2345"
BODY = json.dumps(message()).encode()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A running signaling server."""
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> OutgoingQueue:
    """The queue of the requests, without pauses between attempts."""
    queue = OutgoingQueue(threads=1, pauses=(0.0,), tries=TRIES)
    monkeypatch.setattr(signaling_server, "signaling_queue", queue)
    return queue


@pytest.fixture
def configure(settings: Any) -> Callable[..., None]:
    """Return a function that sets the signaling servers of the site."""

    def configure(*addresses: str, **talk: Any) -> None:
        servers = [{"server": url, "secret": SECRET} for url in addresses]
        settings.TALK = {"SIGNALING_SERVERS": servers, **talk}

    return configure


def server_at(address: str, **changes: Any) -> SignalingServer:
    """Return a server by its address."""
    values = {"url": f"ws://{address}", "secret": SECRET}
    return SignalingServer(**{**values, **changes})


def free_address() -> str:
    """Return an address without a server."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{listener.getsockname()[1]}"


def say(text: str) -> None:
    """Queue a request with a text."""
    queue_requests(token=TOKEN, make=lambda: [{"type": "x", "x": {"text": text}}])


def texts(receiver: Receiver) -> list[str]:
    """Return the texts of the received requests."""
    return [content["x"]["text"] for content in receiver.contents]


class TestServers:
    """The configured servers."""

    def test_none_by_default(self):
        assert signaling_servers() == []
        assert choose_server() is None

    def test_certificates_are_verified_unless_a_setting_forbids_it(self, settings):
        url = "wss://example.org"
        servers = [
            {"server": url, "secret": "a"},
            {"server": url, "secret": "b", "verify": False},
            {"server": url, "secret": "c", "verify": True},
        ]
        settings.TALK = {"SIGNALING_SERVERS": servers}
        assert [server.is_verified for server in signaling_servers()] == [
            True,
            False,
            True,
        ]

    @pytest.mark.parametrize("entry", [{"secret": ""}, {}])
    def test_a_server_without_a_secret_is_ignored(self, settings, entry):
        settings.TALK = {"SIGNALING_SERVERS": [{"server": "ws://a", **entry}]}
        assert signaling_servers() == []

    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("wss://example.org", "https://example.org"),
            ("ws://example.org:8080", "http://example.org:8080"),
            ("https://example.org/", "https://example.org"),
            ("http://example.org//", "http://example.org"),
            ("WSS://example.org/sub/dir/", "https://example.org/sub/dir"),
            ("wss://[::1]:8443", "https://[::1]:8443"),
        ],
    )
    def test_the_address_of_requests(self, url, expected):
        assert SignalingServer(url=url, secret="s").http_url == expected


class TestSignature:
    """Signatures of requests."""

    def test_a_checksum_equals_a_known_one(self):
        body = (
            b'{"type":"ping","ping":{"version":"1.0","roomid":"abcd2345",'
            b'"entries":[{"sessionid":"s1"}]}}'
        )
        known = "e3e7a2b30703b9df4b65994efd0d81cfa0ef259e15cb9431d8f74001f3277553"
        random = "0123456789abcdef" * 4
        assert checksum(secret=SECRET, random=random, body=body) == known

    def test_path_headers_and_body(self, receiver):
        post(server=server_at(receiver.address), token=TOKEN, body=BODY)
        (received,) = receiver.received
        assert received.path == f"/api/v1/room/{TOKEN}"
        assert received.headers["Content-Type"] == "application/json"
        assert received.headers["Content-Length"] == str(len(BODY))
        assert received.body == BODY
        random = received.headers["Spreed-Signaling-Random"]
        assert len(random) == 64
        expected = checksum(secret=SECRET, random=random, body=BODY)
        assert received.headers["Spreed-Signaling-Checksum"] == expected
        assert expected == expected.lower()

    def test_the_random_text_differs_each_time(self, receiver):
        server = server_at(receiver.address)
        for _ in range(5):
            post(server=server, token=TOKEN, body=BODY)
        headers = [received.headers for received in receiver.received]
        assert len({one["Spreed-Signaling-Random"] for one in headers}) == 5

    def test_a_server_below_a_path(self, receiver):
        server = server_at(f"{receiver.address}/standalone/")
        post(server=server, token=TOKEN, body=BODY)
        assert receiver.received[0].path == f"/standalone/api/v1/room/{TOKEN}"


class TestAnswers:
    """Answers of a server."""

    @pytest.mark.parametrize("status", [302, 400, 403, 404, 405, 411, 413])
    def test_a_refused_request_is_undeliverable(self, receiver, status):
        receiver.statuses = [status]
        with pytest.raises(Undeliverable, match=str(status)):
            post(server=server_at(receiver.address), token=TOKEN, body=BODY)
        assert len(receiver.received) == 1

    @pytest.mark.parametrize("status", [500, 502, 503])
    def test_an_internal_error_may_pass(self, receiver, status):
        receiver.statuses = [status]
        with pytest.raises(OSError, match=str(status)):
            post(server=server_at(receiver.address), token=TOKEN, body=BODY)

    def test_a_server_that_is_down_is_an_error(self):
        from urllib3.exceptions import HTTPError

        with pytest.raises(HTTPError):
            post(server=server_at(free_address()), token=TOKEN, body=BODY)

    def test_a_server_that_does_not_answer_is_an_error(self, receiver, configure):
        from urllib3.exceptions import TimeoutError as NoAnswer

        receiver.hang = threading.Event()
        configure(SIGNALING_TIMEOUT_SECONDS=0.05)
        with pytest.raises(NoAnswer):
            post(server=server_at(receiver.address), token=TOKEN, body=BODY)


class TestCertificates:
    """TLS, with a self-signed certificate."""

    @pytest.fixture
    def secure(self, tmp_path: Path) -> Iterator[Receiver]:
        """A server with TLS."""
        paths = {"-keyout": tmp_path / "key.pem", "-out": tmp_path / "cert.pem"}
        files = [str(part) for pair in paths.items() for part in pair]
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes"]
        subject = ["-days", "1", "-subj", "/CN=localhost"]
        subprocess.run([*command, *files, *subject], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(paths["-out"], paths["-keyout"])
        receiver = Receiver(context=context)
        yield receiver
        receiver.close()

    def test_it_is_refused(self, secure):
        from urllib3.exceptions import SSLError

        server = server_at(secure.address, url=f"wss://{secure.address}")
        with pytest.raises(SSLError):
            post(server=server, token=TOKEN, body=BODY)
        assert secure.received == []

    def test_a_site_may_skip_the_verification(self, secure):
        server = server_at(
            secure.address, url=f"wss://{secure.address}", is_verified=False
        )
        for _ in range(2):
            post(server=server, token=TOKEN, body=BODY)
        assert [received.body for received in secure.received] == [BODY, BODY]

    def test_skipping_it_for_one_server_does_not_skip_it_for_another(self, secure):
        from urllib3.exceptions import SSLError

        url = f"wss://{secure.address}"
        post(
            server=server_at(secure.address, url=url, is_verified=False),
            token=TOKEN,
            body=BODY,
        )
        with pytest.raises(SSLError):
            post(server=server_at(secure.address, url=url), token=TOKEN, body=BODY)


class TestSize:
    """Requests that are too large for one body."""

    def test_a_small_request_is_one_body(self):
        expected = b'{"type":"message","message":{"data":{"type":"chat","chat":%s}}}'
        assert bodies_of(message()) == [expected % b'{"refresh":true}']

    @pytest.mark.parametrize("count", [100, 200, 1000])
    def test_a_list_is_split(self, count):
        users = [{"sessionId": f"{n:0512}", "inCall": 7} for n in range(count)]
        request = {
            "type": "incall",
            "incall": {"incall": 7, "changed": users[:1], "users": users},
        }
        bodies = bodies_of(request)
        assert all(len(body) <= BODY_MAX for body in bodies)
        parts = [json.loads(body)["incall"] for body in bodies]
        assert all(part["incall"] == 7 for part in parts)
        assert [user for part in parts for user in part["users"]] == users
        assert [user for part in parts for user in part["changed"]] == users[:1]

    def test_several_lists_are_split_together(self):
        all_ids = [f"user-{n:06}" for n in range(10_000)]
        properties = {"name": "Room", "type": 2}
        request = {
            "type": "invite",
            "invite": {
                "userids": all_ids[:5000],
                "alluserids": all_ids,
                "properties": properties,
            },
        }
        parts = [json.loads(body)["invite"] for body in bodies_of(request)]
        assert [i for part in parts for i in part["userids"]] == all_ids[:5000]
        assert [i for part in parts for i in part["alluserids"]] == all_ids
        assert all(part["properties"] == properties for part in parts)

    @pytest.mark.parametrize("users", [[], ["x" * BODY_MAX]])
    def test_a_large_request_without_lists_is_undeliverable(self, users):
        request = {"type": "x", "x": {"users": users, "text": "x" * BODY_MAX}}
        with pytest.raises(Undeliverable, match="too many"):
            bodies_of(request)


class TestQueue:
    """Sending in a background thread."""

    def test_without_a_server_no_request_is_made(self, queue):
        made = threading.Event()
        queue_requests(token=TOKEN, make=lambda: made.set() or [])
        assert queue.flush(PATIENCE)
        assert not made.is_set()

    def test_all_requests_are_sent_in_order_by_one_thread(
        self, queue, configure, receiver
    ):
        configure(f"ws://{receiver.address}")
        expected = [str(number) for number in range(100)]
        for text in expected:
            say(text)
        assert queue.flush(PATIENCE)
        assert texts(receiver) == expected

    def test_queueing_does_not_wait(self, queue, configure, receiver):
        receiver.hang = threading.Event()
        configure(f"ws://{receiver.address}")
        for _ in range(10):
            say("x")
        receiver.wait_for(1)
        assert not queue.flush(0)
        receiver.hang.set()
        assert queue.flush(PATIENCE)
        assert len(receiver.received) == 10

    def test_requests_are_made_just_before_they_are_sent(
        self, queue, configure, receiver
    ):
        receiver.hang = threading.Event()
        configure(f"ws://{receiver.address}")
        say("first")
        receiver.wait_for(1)
        now = {"text": "then"}
        queue_requests(token=TOKEN, make=lambda: [{"type": "x", "x": dict(now)}])
        now["text"] = "later"
        receiver.hang.set()
        assert queue.flush(PATIENCE)
        assert texts(receiver) == ["first", "later"]

    def test_a_failed_request_is_tried_again_before_later_ones(
        self, queue, configure, receiver, caplog
    ):
        receiver.statuses = [500, 503]
        configure(f"ws://{receiver.address}")
        with caplog.at_level(logging.WARNING, logger="talk.outgoing"):
            for text in ("a", "b", "c"):
                say(text)
            assert queue.flush(PATIENCE)
        assert texts(receiver) == ["a", "a", "a", "b", "c"]
        assert [record.levelname for record in caplog.records] == ["WARNING"] * 2
        assert TOKEN in caplog.text

    def test_after_the_last_attempt_it_is_given_up_and_logged(
        self, queue, configure, caplog
    ):
        configure(f"ws://{free_address()}")
        with caplog.at_level(logging.WARNING, logger="talk.outgoing"):
            say("x")
            assert queue.flush(PATIENCE)
        levels = [record.levelname for record in caplog.records]
        assert levels == ["WARNING"] * (TRIES - 1) + ["ERROR"]
        assert TOKEN in caplog.records[-1].getMessage()

    @pytest.mark.parametrize("status", [400, 403, 413])
    def test_a_refused_request_is_logged_and_not_tried_again(
        self, queue, configure, receiver, caplog, status
    ):
        receiver.statuses = [status]
        configure(f"ws://{receiver.address}")
        with caplog.at_level(logging.WARNING, logger="talk.outgoing"):
            say("a")
            say("b")
            assert queue.flush(PATIENCE)
        assert texts(receiver) == ["a", "b"]
        (record,) = caplog.records
        assert record.levelname == "ERROR"
        assert str(status) in record.getMessage()
        assert SECRET not in caplog.text

    def test_another_server_is_tried_when_one_is_down(self, queue, configure, receiver):
        configure(f"ws://{free_address()}", f"ws://{receiver.address}")
        # The probability that the broken one is always chosen is 1 in 10^15.
        for _ in range(12):
            say("x")
        assert queue.flush(PATIENCE)
        assert receiver.received

    def test_a_request_that_has_waited_too_long_is_dropped_and_logged(
        self, queue, configure, receiver, monkeypatch, caplog
    ):
        configure(f"ws://{receiver.address}")
        monkeypatch.setattr(signaling_server, "STALE_SECONDS", -1.0)
        with caplog.at_level(logging.ERROR, logger="talk.outgoing"):
            say("old")
            assert queue.flush(PATIENCE)
        assert receiver.received == []
        assert TOKEN in caplog.text

    def test_a_server_that_comes_back_receives_the_waiting_requests(
        self, queue, configure, receiver, monkeypatch
    ):
        receiver.statuses = [503] * (TRIES - 1)
        configure(f"ws://{receiver.address}")
        for text in ("a", "b"):
            say(text)
        assert queue.flush(PATIENCE)
        assert texts(receiver) == ["a"] * TRIES + ["b"]

    def test_a_full_queue_drops_and_logs(self, queue, configure, receiver, caplog):
        receiver.hang = threading.Event()
        configure(f"ws://{receiver.address}", OUTGOING_QUEUE_MAX=2)
        say("a")
        receiver.wait_for(1)
        with caplog.at_level(logging.ERROR, logger="talk.outgoing"):
            say("b")
            say("c")
        receiver.hang.set()
        assert queue.flush(PATIENCE)
        assert texts(receiver) == ["a", "b"]
        assert "dropped" in caplog.text


def test_the_library_is_not_needed_without_a_server() -> None:
    code = (
        "import sys; sys.modules['urllib3'] = None\n"
        "import django; django.setup()\n"
        "import talk.urls\n"
        "from talk.outgoing.signaling_server import queue_requests, signaling_queue\n"
        "queue_requests(token='abcd2345', make=lambda: [{}])\n"
        "assert signaling_queue.flush(30)\n"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.bare_settings"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
