"""Sending messages to other sessions of a room, of which nothing is ever refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from talk.constants import SIGNALING_MESSAGE_MAX, SIGNALING_QUEUE_MAX
from talk.models import Room, Session, SignalingMessage
from tests.api.callers import (
    Caller,
    anonymous,
    guest_of_a_room_made_private,
    guest_of_another_room,
    guest_who_left,
    guest_who_logged_in,
    invited,
    invited_and_left,
    invited_with_ended_session,
    removed_guest,
    self_joined_and_left,
    uninvited,
)
from tests.api.helpers import (
    TIMESTAMP,
    WithoutCookies,
    assert_done,
    make_pinged_before,
    put_in,
)
from tests.api.signaling import (
    ask_for_news,
    envelope,
    fetch,
    no_waiting,
    queued,
    send,
)
from tests.client import TalkClient
from tests.external_signaling import TALK

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures(no_waiting.__name__)]

NOT_THERE = [
    anonymous,
    guest_of_another_room,
    guest_who_left,
    guest_who_logged_in,
    removed_guest,
    guest_of_a_room_made_private,
    invited,
    invited_and_left,
    invited_with_ended_session,
    uninvited,
    self_joined_and_left,
]

NONSENSE = [
    pytest.param("", id="nothing"),
    pytest.param(" ", id="a space"),
    pytest.param("null", id="null"),
    pytest.param("true", id="a boolean"),
    pytest.param("17", id="a number"),
    pytest.param('"text"', id="a text"),
    pytest.param("{}", id="an object"),
    pytest.param("[]", id="an empty list"),
    pytest.param("[", id="broken JSON"),
    pytest.param("hello", id="no JSON"),
    pytest.param('[null, 1, true, "x", [], {}]', id="no envelopes"),
    pytest.param("[" * 100_000, id="deep"),
    pytest.param("[" * 900 + "]" * 900, id="deep and closed"),
    pytest.param("[" + "9" * 5000 + "]", id="a long number"),
    pytest.param("[NaN, Infinity, 1e999]", id="no finite numbers"),
    pytest.param('["\\ud800", "\\u0000"]', id="what no database keeps"),
]

ODD_VALUES = [None, True, 0, 17, 1.5, "", "other", [], ["message"], {}, {"a": 1}]


class Room2:
    """Alice and Bob in a room: their session ids, and the room's token."""

    def __init__(self, token: str, alice: str, bob: str) -> None:
        self.token, self.alice, self.bob = token, alice, bob


@pytest.fixture
def room(as_alice: TalkClient, as_bob: TalkClient, shared: str) -> Room2:
    """Alice and Bob have joined."""
    return Room2(shared, as_alice.join(shared), as_bob.join(shared))


class TestNonsense:
    """A 200 without data for whatever makes no sense, which changes nothing."""

    @pytest.mark.parametrize("messages", NONSENSE)
    @pytest.mark.parametrize("who", ["alice", "guest"])
    def test_in_a_form(self, request, public, who, messages):
        client = request.getfixturevalue(f"as_{who}")
        client.join(public)
        assert_done(client.post(f"/signaling/{public}", messages=messages))
        assert queued() == 0

    @pytest.mark.parametrize("messages", NONSENSE)
    def test_in_json(self, as_alice, room, messages):
        path = f"/signaling/{room.token}"
        assert_done(as_alice.post_json(path, {"messages": messages}))
        assert queued() == 0

    @pytest.mark.parametrize("messages", ODD_VALUES)
    def test_something_else_in_json(self, as_alice, room, messages):
        path = f"/signaling/{room.token}"
        assert_done(as_alice.post_json(path, {"messages": messages}))
        assert queued() == 0

    def test_nothing_at_all(self, as_alice, room):
        assert_done(as_alice.post(f"/signaling/{room.token}"))
        assert queued() == 0

    @pytest.mark.parametrize("ev", ODD_VALUES)
    def test_another_event(self, as_alice, room, ev):
        odd = {**envelope(room.alice, room.bob), "ev": ev}
        assert_done(send(as_alice, room.token, odd))
        assert queued() == 0

    @pytest.mark.parametrize(
        "fn", [*ODD_VALUES, "{", "[]", "null", '"x"', "1", "[" * 100_000]
    )
    def test_another_payload(self, as_alice, room, fn):
        odd = {**envelope(room.alice, room.bob), "fn": fn}
        assert_done(send(as_alice, room.token, odd))
        assert queued() == 0

    @pytest.mark.parametrize("to", [*ODD_VALUES, "x" * 512, "a\0b", "\ud800", "0"])
    def test_another_recipient(self, as_alice, room, to):
        assert_done(send(as_alice, room.token, envelope(room.alice, to)))
        assert queued() == 0

    @pytest.mark.parametrize("sender", ODD_VALUES)
    def test_another_sender(self, as_alice, room, sender):
        assert_done(send(as_alice, room.token, envelope(sender, room.bob)))
        assert queued() == 0

    @pytest.mark.parametrize("key", ["ev", "fn", "sessionId"])
    def test_an_envelope_without_one_of_its_keys(self, as_alice, room, key):
        odd = envelope(room.alice, room.bob)
        del odd[key]
        assert_done(send(as_alice, room.token, odd))
        assert queued() == 0

    def test_a_payload_without_recipient(self, as_alice, room):
        odd = {"ev": "message", "sessionId": room.alice, "fn": '{"type":"offer"}'}
        assert_done(send(as_alice, room.token, odd))
        assert queued() == 0

    @pytest.mark.parametrize("value", ["NaN", "-Infinity", "1e999"])
    def test_nobody_is_sent_what_browsers_cannot_parse(
        self, as_alice, as_bob, room, value
    ):
        odd = envelope(room.alice, room.bob)
        odd["fn"] = f'{{"to": "{room.bob}", "value": {value}}}'
        assert_done(send(as_alice, room.token, odd))
        for entry in ask_for_news(as_bob, room.token).data[:-1]:
            assert "NaN" not in entry["data"]
            assert "Infinity" not in entry["data"]

    def test_payloads_of_every_depth(self, as_alice, room):
        many = []
        for depth in range(500, 1100):
            fn = f'{{"to": "{room.bob}", "deep": {"[" * depth}{"]" * depth}}}'
            many.append({"ev": "message", "sessionId": room.alice, "fn": fn})
        assert_done(send(as_alice, room.token, *many))

    def test_valid_messages_among_invalid_ones_are_delivered(
        self, as_alice, as_bob, room
    ):
        good = [envelope(room.alice, room.bob, n=number) for number in range(3)]
        odd = {**good[0], "fn": "{"}
        answer = send(as_alice, room.token, None, good[0], odd, good[1], [], good[2])
        assert_done(answer)
        assert [message["n"] for message in fetch(as_bob, room.token)] == [0, 1, 2]


class TestConnect:
    """The messages that a browser sends to set up a connection."""

    @pytest.mark.parametrize("token", ["null", "k7pz3mqd"])
    def test_an_unknown_token(self, non_participant, token):
        assert_done(send(non_participant, token, {"ev": "connect"}))

    @pytest.mark.parametrize("who", ["alice", "bob", "carol", "guest"])
    def test_a_room(self, request, shared, who):
        client = request.getfixturevalue(f"as_{who}")
        assert_done(send(client, shared, {"ev": "connect"}))

    def test_a_participant_who_has_joined(self, as_alice, room):
        assert_done(send(as_alice, room.token, {"ev": "connect"}))
        assert queued() == 0


class TestSender:
    """Only one's own session sends, and that is what everybody is told."""

    def test_the_sender_is_named(self, as_alice, as_bob, room):
        assert_done(send(as_alice, room.token, envelope(room.alice, room.bob)))
        assert fetch(as_bob, room.token) == [{"to": room.bob, "from": room.alice}]

    @pytest.mark.parametrize("lie", ["bob", None, "someone", 17, ["x"]])
    def test_the_sender_is_overwritten(self, as_alice, as_bob, room, lie):
        lie = room.bob if lie == "bob" else lie
        message = envelope(room.alice, room.bob, **{"from": lie})
        assert_done(send(as_alice, room.token, message))
        (received,) = fetch(as_bob, room.token)
        assert received["from"] == room.alice

    def test_a_guest_sends_and_receives(self, as_alice, as_guest, room):
        own = as_guest.join(room.token)
        assert_done(send(as_guest, room.token, envelope(own, room.alice)))
        assert_done(send(as_alice, room.token, envelope(room.alice, own)))
        assert fetch(as_alice, room.token) == [{"to": room.alice, "from": own}]
        assert fetch(as_guest, room.token) == [{"to": own, "from": room.alice}]

    def test_nobody_sends_for_somebody_else(self, as_alice, room):
        assert_done(send(as_alice, room.token, envelope(room.bob, room.alice)))
        assert_done(send(as_alice, room.token, envelope(room.bob, room.bob)))
        assert queued() == 0

    def test_nobody_sends_for_another_device_of_theirs(self, alice, room):
        phone = TalkClient(alice)
        phone.join(room.token)
        assert_done(send(phone, room.token, envelope(room.alice, room.bob)))
        assert queued() == 0

    def test_nobody_sends_with_a_session_of_another_room(self, as_alice, room, group):
        other = as_alice.join(group)
        assert_done(send(as_alice, room.token, envelope(other, room.bob)))
        assert_done(send(as_alice, group, envelope(room.alice, room.bob)))
        assert queued() == 0

    def test_nobody_sends_with_a_session_that_has_been_replaced(self, as_alice, room):
        as_alice.join(room.token)
        assert_done(send(as_alice, room.token, envelope(room.alice, room.bob)))
        assert queued() == 0

    def test_nobody_sends_without_cookies(self, alice, room):
        program = WithoutCookies(alice)
        assert_done(send(program, room.token, envelope(room.alice, room.bob)))
        assert queued() == 0

    @pytest.mark.parametrize("caller", NOT_THERE)
    def test_a_caller_without_a_session_sends_nothing(
        self, as_alice, alice, bob, caller: Caller
    ):
        token = as_alice.create_room(type=3)
        put_in(token, bob)
        client = caller(token)
        Session.objects.filter(room__token=token).delete()
        Room.objects.filter(token=token).update(type=3)
        own = as_alice.join(token)
        assert_done(send(client, token, envelope(own, own)))
        assert queued() == 0

    def test_a_removed_participant_sends_nothing(self, as_alice, as_bob, room):
        path = f"/room/{room.token}/participants"
        assert_done(as_alice.delete(path, participant="bob"))
        assert_done(send(as_bob, room.token, envelope(room.bob, room.alice)))
        assert queued() == 0

    def test_a_room_that_was_deleted(self, as_alice, room):
        assert_done(as_alice.delete(f"/room/{room.token}"))
        assert_done(send(as_alice, room.token, envelope(room.alice, room.bob)))

    def test_an_unknown_token(self, as_alice, room):
        assert_done(send(as_alice, "k7pz3mqd", envelope(room.alice, room.bob)))
        assert queued() == 0

    def test_sending_pings_nobody(self, clock, as_alice, as_bob, room):
        clock.shift(10)
        send(as_alice, room.token, envelope(room.alice, room.bob))
        assert as_alice.room(room.token)["lastPing"] == TIMESTAMP


class TestRecipient:
    """Sessions that are connected to the same room."""

    def test_nobody_else_gets_it(self, as_alice, as_bob, as_carol, room):
        as_carol.join(room.token)
        send(as_alice, room.token, envelope(room.alice, room.bob))
        assert fetch(as_carol, room.token) == []
        assert fetch(as_alice, room.token) == []
        assert len(fetch(as_bob, room.token)) == 1

    def test_only_the_addressed_device_gets_it(self, as_alice, as_bob, bob, room):
        phone = TalkClient(bob)
        other = phone.join(room.token)
        send(as_alice, room.token, envelope(room.alice, other))
        assert fetch(as_bob, room.token) == []
        assert fetch(phone, room.token) == [{"to": other, "from": room.alice}]

    def test_another_device_of_ones_own_gets_it(self, as_alice, alice, room):
        phone = TalkClient(alice)
        other = phone.join(room.token)
        send(as_alice, room.token, envelope(room.alice, other))
        assert len(fetch(phone, room.token)) == 1

    def test_a_session_of_another_room_gets_nothing(self, as_alice, bob, room, group):
        put_in(group, bob)
        elsewhere = TalkClient(bob)
        other = elsewhere.join(group)
        own = as_alice.join(group)
        send(as_alice, room.token, envelope(room.alice, other))
        send(as_alice, group, envelope(own, room.bob))
        assert queued() == 0

    def test_a_session_that_is_silent_for_100_seconds_gets_nothing(
        self, as_alice, room
    ):
        make_pinged_before(room.token, seconds=100)
        own = as_alice.join(room.token)
        send(as_alice, room.token, envelope(own, room.bob))
        assert queued() == 0

    def test_a_session_that_is_silent_for_50_seconds_gets_it(self, as_alice, room):
        make_pinged_before(room.token, seconds=50)
        own = as_alice.join(room.token)
        send(as_alice, room.token, envelope(own, room.bob))
        assert queued() == 1

    def test_a_session_that_has_ended_gets_nothing(self, as_alice, as_bob, room):
        as_bob.leave(room.token)
        send(as_alice, room.token, envelope(room.alice, room.bob))
        assert queued() == 0

    def test_nobody_needs_to_be_in_the_call(self, as_alice, as_bob, room):
        send(as_alice, room.token, envelope(room.alice, room.bob, type="offer"))
        assert fetch(as_bob, room.token)[0]["type"] == "offer"

    def test_messages_of_a_recipient_who_leaves_are_deleted(
        self, as_alice, as_bob, room
    ):
        send(as_alice, room.token, envelope(room.alice, room.bob))
        as_bob.leave(room.token)
        assert queued() == 0


class TestContent:
    """Messages arrive."""

    @pytest.mark.parametrize(
        "payload",
        [
            {
                "sid": "1700000000123",
                "roomType": "video",
                "type": "offer",
                "prefix": "webkit",
                "payload": {"type": "offer", "sdp": "v=0\r\no=- 1\r\n", "nick": "Zoë"},
            },
            {
                "type": "candidate",
                "payload": {
                    "candidate": {
                        "candidate": "candidate:1 1 udp 2113937151 192.0.2.1 5 typ host",
                        "sdpMid": "0",
                        "sdpMLineIndex": 0,
                    }
                },
            },
            {"type": "endOfCandidates", "broadcaster": None},
            {"type": "mute", "payload": {"name": "audio"}},
            {"text": "emoji 👋, ‮right to left, \u2028 and \0 and \ud800"},
            {"numbers": [0, -1, 1.5, 2**53, 2**70, True, False]},
            {"markup": "<script>&amp;</script>"},
            {"deep": [[[[[[[[{"er": [{}]}]]]]]]]]},
        ],
    )
    def test_payloads(self, as_alice, as_bob, room, payload):
        send(as_alice, room.token, envelope(room.alice, room.bob, **payload))
        expected = {"to": room.bob, **payload, "from": room.alice}
        assert fetch(as_bob, room.token) == [expected]

    @pytest.mark.parametrize("is_text", [True, False])
    def test_in_json(self, as_alice, as_bob, room, is_text):
        messages: Any = [envelope(room.alice, room.bob, n=n) for n in range(2)]
        if is_text:
            messages = json.dumps(messages)
        path = f"/signaling/{room.token}"
        assert_done(as_alice.post_json(path, {"messages": messages}))
        assert [message["n"] for message in fetch(as_bob, room.token)] == [0, 1]

    def test_in_the_order_sent(self, as_alice, as_bob, as_carol, room):
        carols = as_carol.join(room.token)
        for ten in range(10):
            some = [
                envelope(room.alice, to, n=10 * ten + one)
                for one in range(10)
                for to in (room.bob, carols)
            ]
            send(as_alice, room.token, *some)
        expected = list(range(100))
        assert [message["n"] for message in fetch(as_bob, room.token)] == expected
        assert [message["n"] for message in fetch(as_carol, room.token)] == expected


class TestBounds:
    """Nobody fills the database."""

    def test_a_long_message_is_delivered(self, as_alice, as_bob, room):
        text = "x" * (SIGNALING_MESSAGE_MAX - 2 * 600)
        send(as_alice, room.token, envelope(room.alice, room.bob, text=text))
        assert fetch(as_bob, room.token)[0]["text"] == text

    def test_a_longer_one_is_not_and_others_are(self, as_alice, as_bob, room):
        text = "x" * SIGNALING_MESSAGE_MAX
        answer = send(
            as_alice,
            room.token,
            envelope(room.alice, room.bob, n=1),
            envelope(room.alice, room.bob, text=text),
            envelope(room.alice, room.bob, n=2),
        )
        assert_done(answer)
        assert [message["n"] for message in fetch(as_bob, room.token)] == [1, 2]

    @pytest.fixture
    def almost_full(self, room: Room2) -> Callable[[], int]:
        """Bob's queue has room for two more; how many are in it."""
        bob = Session.objects.get(session_id=room.bob)
        SignalingMessage.objects.bulk_create(
            SignalingMessage(
                recipient=bob,
                sender_session_id=room.alice,
                text='{"n": -1}',
                created_at=bob.last_ping,
            )
            for _ in range(SIGNALING_QUEUE_MAX - 2)
        )
        return SignalingMessage.objects.filter(recipient=bob).count

    def test_a_queue_takes_so_many(self, as_alice, room, almost_full):
        for _ in range(3):
            assert_done(send(as_alice, room.token, envelope(room.alice, room.bob)))
        assert almost_full() == SIGNALING_QUEUE_MAX

    def test_a_queue_takes_so_many_at_once_and_the_first(
        self, as_alice, room, almost_full
    ):
        many = [envelope(room.alice, room.bob, n=number) for number in range(5)]
        assert_done(send(as_alice, room.token, *many))
        assert almost_full() == SIGNALING_QUEUE_MAX
        newest = SignalingMessage.objects.order_by("-pk")[:2]
        assert [json.loads(message.text)["n"] for message in newest] == [1, 0]

    def test_a_full_queue_keeps_nothing_from_others(
        self, as_alice, as_carol, room, almost_full
    ):
        carols = as_carol.join(room.token)
        many = [envelope(room.alice, to) for to in [room.bob] * 5 + [carols]]
        send(as_alice, room.token, *many)
        assert len(fetch(as_carol, room.token)) == 1

    def test_a_queue_that_was_fetched_takes_more(
        self, as_alice, as_bob, room, almost_full
    ):
        fetch(as_bob, room.token)
        many = [envelope(room.alice, room.bob, n=number) for number in range(5)]
        send(as_alice, room.token, *many)
        found = [message["n"] for message in fetch(as_bob, room.token)]
        found += [message["n"] for message in fetch(as_bob, room.token)]
        assert [number for number in found if number >= 0] == [0, 1, 2, 3, 4]


class TestExternalServer:
    """With a signaling server of its own, a site carries nothing itself."""

    @pytest.mark.parametrize("who", ["alice", "bob", "carol", "guest"])
    def test_sending(self, request, settings, shared, who):
        client = request.getfixturevalue(f"as_{who}")
        settings.TALK = TALK
        answer = send(client, shared, {"ev": "connect"})
        assert (answer.status, answer.meta["statuscode"]) == (400, 400)
        assert isinstance(answer.data, str)
        assert answer.data

    def test_nothing_is_delivered(self, as_alice, settings, room):
        settings.TALK = TALK
        answer = send(as_alice, room.token, envelope(room.alice, room.bob))
        assert answer.status == 400
        assert queued() == 0

    def test_an_unknown_token(self, non_participant, settings):
        settings.TALK = TALK
        answer = send(non_participant, "k7pz3mqd", {"ev": "connect"})
        assert answer.status == 400
        assert isinstance(answer.data, str)
