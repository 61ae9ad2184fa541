"""Random sequences of requests: the invariants hold after each step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from talk.constants import GUEST_TYPES, ParticipantType, RoomType
from talk.models import Participant, Room, Session
from tests.api import invariants
from tests.api import operations as do
from tests.api.helpers import rows
from tests.client import Answer, TalkClient
from tests.factories import GroupFactory, UserFactory

Operation = Callable[..., Answer]

PEOPLE = ["alice", "bob", "carol", "dora"]
BROWSERS = [*PEOPLE, "alice's phone", "one guest", "another guest", "a third guest"]
"""The callers. Those without an account are non-participants until they join."""

LONG_AGO = timedelta(hours=1)


# Requests without a helper.


def read_room(client: TalkClient, token: str) -> Answer:
    return client.get(f"/room/{token}")


def read_history(client: TalkClient, token: str) -> Answer:
    return client.history(token)


def poll(client: TalkClient, token: str) -> Answer:
    return client.poll(token, after=0)


def leave(client: TalkClient, token: str) -> Answer:
    return client.leave(token)


def join(client: TalkClient, token: str, password: str) -> Answer:
    return client.ask_to_join(token, password=password)


def say(client: TalkClient, token: str, text: str) -> Answer:
    return client.post(f"/chat/{token}", message=text)


def add_from_nowhere(client: TalkClient, token: str, name: str) -> Answer:
    return client.post(
        f"/room/{token}/participants", newParticipant=name, source="nowhere"
    )


def create(client: TalkClient, type: int, name: str, invite: str) -> Answer:
    return client.post("/room", roomType=type, roomName=name, invite=invite)


def list_rooms(client: TalkClient) -> Answer:
    return client.get("/room")


DOCUMENTED: dict[Operation, set[int]] = {
    list_rooms: {200, 401},
    create: {200, 201, 400, 401, 403, 404},
    read_room: {200, 404},
    do.rename: {200, 400, 403, 404, 405},
    do.delete_room: {200, 403, 404},
    do.make_public: {200, 401, 403, 404},
    do.make_private: {200, 401, 403, 404},
    do.protect: {200, 400, 403, 404},
    do.mark_as_favorite: {200, 404},
    do.unmark_as_favorite: {200, 404},
    do.notify: {200, 400, 404},
    do.list_participants: {200, 404},
    do.add: {200, 401, 403, 404},
    do.add_group: {200, 401, 403, 404},
    do.add_address: {200, 400, 401, 403, 404},
    add_from_nowhere: {400, 401, 403, 404},
    do.invite: {200, 400, 403, 404},
    do.remove: {200, 403, 404},
    do.remove_guest: {200, 403, 404},
    do.leave_for_good: {200, 401, 404},
    join: {200, 403, 404},
    leave: {200, 404},
    do.promote: {200, 403, 404, 412},
    do.promote_guest: {200, 403, 404, 412},
    do.demote: {200, 403, 404, 412},
    do.demote_guest: {200, 403, 404, 412},
    do.name_oneself: {200, 400, 403, 404},
    read_history: {200, 304, 404},
    poll: {200, 304, 404},
    say: {201, 400, 404, 413},
}
"""The statuses of each request."""

IN_ROOM = [
    read_room,
    read_history,
    poll,
    leave,
    do.list_participants,
    do.make_public,
    do.make_private,
    do.mark_as_favorite,
    do.unmark_as_favorite,
]
ENDINGS = [do.leave_for_good, do.leave_for_good, do.delete_room]
TO_USERS = [do.add, do.add, do.promote, do.demote, do.remove, add_from_nowhere]
TO_GUESTS = [do.promote_guest, do.promote_guest, do.demote_guest, do.remove_guest]
TO_ADDRESSES = [do.invite, do.add_address]

browsers = st.sampled_from([*BROWSERS, "alice", "bob"])
tokens = st.runner().flatmap(lambda people: st.sampled_from(people.find_tokens()))
session_ids = st.runner().flatmap(
    lambda people: st.sampled_from(people.find_session_ids())
)
user_ids = st.sampled_from([*PEOPLE, "nobody", ""])
groups = st.sampled_from(["crew", "empty", "nobody", ""])
passwords = st.sampled_from(["", "open", "sesame"])
addresses = st.sampled_from(["a@example.org", "none", "", "a@b\nBcc: c@example.org"])
types = st.sampled_from([1, 2, 3, 4])
chances = st.integers(0, 3)
levels = st.sampled_from([0, 1, 2, 3, 4, "x"])
texts = st.one_of(
    st.sampled_from(["", " ", "a" * 200, "a" * 201, "a" * 64, "a" * 1001, "a\0b"]),
    st.text(st.characters(codec="utf-8"), max_size=8),
)


# Checks of responses against each other and against the timeline.


def assert_listed_rooms_can_be_fetched(client: TalkClient) -> set[str]:
    """Check that listed rooms equal single rooms; return their tokens."""
    answer = list_rooms(client)
    assert answer.status == 200
    for room in answer.data:
        assert read_room(client, room["token"]).data == room
    return {room["token"] for room in answer.data}


def assert_places_are_listed(client: TalkClient, user: Any) -> None:
    """Check that a user lists exactly the rooms in which they participate."""
    participants = Participant.objects.filter(user=user)
    tokens = set(participants.values_list("room__token", flat=True))
    assert assert_listed_rooms_can_be_fetched(client) == tokens


class Timeline:
    """The state of a room, as its messages describe it."""

    def __init__(self, created_as: int, messages: list[dict[str, Any]]) -> None:
        self.created_as = created_as
        self.is_public = created_as == RoomType.PUBLIC
        self.has_password = False
        self.members: dict[str, int] = {}
        self.moderating_guests: set[str] = set()
        for message in messages:
            if message["systemMessage"]:
                self.read(message)
        self.members.pop("deleted_users", None)

    def read(self, message: dict[str, Any]) -> None:
        """Apply one message to the state."""
        key = message["systemMessage"]
        user = message["messageParameters"].get("user", {}).get("id", "")
        if key == "conversation_created":
            self.members[message["actorId"]] = ParticipantType.OWNER
        elif key == "user_added":
            self.members[user] = self.type_of_newcomer()
        elif key == "user_removed":
            self.members.pop(user, None)
        elif key.startswith("moderator_"):
            is_promoted = key == "moderator_promoted"
            self.members[user] = 2 if is_promoted else 3
        elif key == "guest_moderator_promoted":
            self.moderating_guests.add(user)
        elif key == "guest_moderator_demoted":
            self.moderating_guests.discard(user)
        elif key.startswith("guests_"):
            self.is_public = key == "guests_allowed"
        elif key.startswith("password_"):
            self.has_password = key == "password_set"

    def type_of_newcomer(self) -> int:
        """Return the type of an added user: owner as the second one of a one-to-one room."""
        is_second = len(self.members) == 1 and not self.has_had_newcomers
        if self.created_as == RoomType.ONE_TO_ONE and is_second:
            self.has_had_newcomers = True
            return ParticipantType.OWNER
        return ParticipantType.USER

    has_had_newcomers = False


def assert_timeline_tells_the_truth(
    room: Room, created_as: int, messages: list[dict[str, Any]]
) -> None:
    """Members, moderators, type and password are as the messages describe."""
    timeline = Timeline(created_as, messages)
    participants = Participant.objects.filter(room=room)
    members = participants.filter(type__in=[1, 2, 3])
    found = dict(members.values_list("user__username", "type"))
    assert found == timeline.members
    assert (room.type == RoomType.PUBLIC) == timeline.is_public
    assert bool(room.password) == timeline.has_password
    guests = dict(
        participants.filter(type__in=GUEST_TYPES).values_list("guest__actor_id", "type")
    )
    moderating = {guest for guest, type in guests.items() if type == 6}
    assert moderating == timeline.moderating_guests & guests.keys()


class People(RuleBasedStateMachine):
    """Four users, one of them with two devices, and three anonymous browsers."""

    def __init__(self) -> None:
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        cache.clear()  # nobody is throttled for what happened in another example
        self.users = {name: UserFactory(username=name) for name in PEOPLE}
        crew = GroupFactory(name="crew")
        crew.user_set.add(self.users["bob"], self.users["carol"])
        GroupFactory(name="empty")
        self.clients = {name: TalkClient() for name in BROWSERS}
        for name, user in self.users.items():
            self.clients[name].http.force_login(user)
        self.clients["alice's phone"].http.force_login(self.users["alice"])
        self.created_as: dict[str, int] = {}
        self.is_sound = True

    def teardown(self) -> None:
        """Run the last checks, unless a check has failed already."""
        try:
            if self.is_sound:
                self.look_around()
        finally:
            transaction.set_rollback(True)
            self.transaction.__exit__(None, None, None)

    def ask(self, who: str, operation: Operation, *args: Any) -> Answer:
        """Send a request; its status is documented, and a refusal changes nothing."""
        self.is_sound = False
        before = rows()
        answer = operation(self.clients[who], *args)
        assert answer.status in DOCUMENTED[operation], (operation, args, answer)
        if answer.status >= 400:
            assert answer.data == []
            assert rows() == before
        return answer

    def find_tokens(self) -> list[str]:
        """Return the tokens of all rooms, or else an unknown one."""
        rooms = Room.objects.order_by("-type", "pk")
        return list(rooms.values_list("token", flat=True)) or ["nowhere9"]

    def find_session_ids(self) -> list[str]:
        """Return session ids of guests, of others, and an unknown one."""
        sessions = Session.objects.order_by("-participant__type", "pk")
        return [*sessions.values_list("session_id", flat=True), "0", ""]

    # Initial state.

    @initialize()
    def begin(self) -> None:
        """Create a one-to-one room, and a public room with participants of each kind."""
        self.create_room("bob", RoomType.ONE_TO_ONE, "", "dora")
        room = self.create_room("alice", RoomType.PUBLIC, "Room", "")
        token = room.data["token"]
        for name in ("bob", "carol"):
            self.ask("alice", do.add, token, name)
        self.ask("alice", do.promote, token, "bob")
        for who in ("dora", "one guest", "another guest"):
            session_id = self.ask(who, join, token, "").data["sessionId"]
        self.ask("bob", do.promote_guest, token, session_id)

    # Steps.

    @precondition(lambda self: len(self.created_as) < 4)
    @rule(who=browsers, type=types, name=texts, invite=user_ids | groups)
    def create(self, who: str, type: int, name: str, invite: str) -> None:
        self.create_room(who, type, name, invite)

    def create_room(self, who: str, type: int, name: str, invite: str) -> Answer:
        answer = self.ask(who, create, type, name, invite)
        if answer.status == 201:
            self.created_as[answer.data["token"]] = type
        return answer

    @rule(who=browsers, token=tokens, password=passwords)
    def join(self, who: str, token: str, password: str) -> None:
        self.ask(who, join, token, password)

    @rule(who=browsers, token=tokens)
    def come_and_go_twice(self, who: str, token: str) -> None:
        for _ in range(2):
            self.ask(who, join, token, "")
            self.ask(who, leave, token)

    @rule(by=browsers, token=tokens, whom=user_ids)
    def be_taken_in_and_thrown_out_twice(self, by: str, token: str, whom: str) -> None:
        for _ in range(2):
            self.ask(by, do.add, token, whom)
            self.ask(by, do.remove, token, whom)

    @rule(who=browsers, token=tokens, operation=st.sampled_from(IN_ROOM))
    def act(self, who: str, token: str, operation: Operation) -> None:
        self.ask(who, operation, token)

    @rule(
        who=browsers, token=tokens, operation=st.sampled_from(ENDINGS), chance=chances
    )
    def end(self, who: str, token: str, operation: Operation, chance: int) -> None:
        if not chance:
            self.ask(who, operation, token)

    @rule(
        who=browsers, token=tokens, operation=st.sampled_from(TO_USERS), whom=user_ids
    )
    def act_on_user(
        self, who: str, token: str, operation: Operation, whom: str
    ) -> None:
        self.ask(who, operation, token, whom)

    @rule(who=browsers, token=tokens, name=groups)
    def add_group(self, who: str, token: str, name: str) -> None:
        self.ask(who, do.add_group, token, name)

    @rule(
        who=browsers,
        token=tokens,
        operation=st.sampled_from(TO_GUESTS),
        whom=session_ids,
    )
    def act_on_guest(
        self, who: str, token: str, operation: Operation, whom: str
    ) -> None:
        self.ask(who, operation, token, whom)

    @rule(
        who=browsers,
        token=tokens,
        operation=st.sampled_from(TO_ADDRESSES),
        address=addresses,
    )
    def invite(self, who: str, token: str, operation: Operation, address: str) -> None:
        self.ask(who, operation, token, address)

    @rule(
        who=browsers,
        token=tokens,
        operation=st.sampled_from([do.rename, do.name_oneself, say, say]),
        text=texts,
    )
    def write(self, who: str, token: str, operation: Operation, text: str) -> None:
        self.ask(who, operation, token, text)

    @rule(who=browsers, token=tokens, password=passwords)
    def protect(self, who: str, token: str, password: str) -> None:
        self.ask(who, do.protect, token, password)

    @rule(who=browsers, token=tokens, level=levels)
    def notify(self, who: str, token: str, level: object) -> None:
        self.ask(who, do.notify, token, level)

    @rule(session_id=session_ids)
    def fall_silent(self, session_id: str) -> None:
        """Make the last ping of a session old."""
        sessions = Session.objects.filter(session_id=session_id)
        sessions.update(last_ping=timezone.now() - LONG_AGO)

    @precondition(lambda self: "dora" in self.users)
    @rule(chance=chances)
    def delete_account(self, chance: int) -> None:
        """Delete the account of Dora, whose browser is anonymous from then on."""
        if not chance:
            self.is_sound = False
            self.users.pop("dora").delete()
            assert not get_user_model().objects.filter(username="dora").exists()

    @rule(chance=chances)
    def look(self, chance: int) -> None:
        if not chance:
            self.look_around()

    def look_around(self) -> None:
        """Compare responses to all callers with each other and with the rows."""
        for name, user in self.users.items():
            assert_places_are_listed(self.clients[name], user)
        for room in Room.objects.all():
            readers = Participant.objects.filter(room=room).exclude(user=None)
            reader = readers.values_list("user__username", flat=True).first()
            if reader:
                page = self.clients[reader].history(room.token, limit=200)
                messages = list(reversed(page.data))
                created_as = self.created_as[room.token]
                assert_timeline_tells_the_truth(room, created_as, messages)

    # Invariants.

    @invariant()
    def is_consistent(self) -> None:
        """The invariants hold after every step."""
        self.is_sound = False
        invariants.assert_consistent()
        self.is_sound = True


@pytest.mark.django_db
def test_any_sequence_keeps_the_invariants() -> None:
    run_state_machine_as_test(
        People,
        settings=settings(
            max_examples=15,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
