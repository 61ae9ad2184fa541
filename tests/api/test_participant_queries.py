"""Query counts of moderation: exact, and the same for many participants as for one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from talk.constants import ParticipantType
from talk.models import Room
from tests.api.helpers import SECRET, fill, put_in, set_password
from tests.api.moderation import join_as_guest
from tests.api.operations import delete_room as delete
from tests.api.operations import make_private, make_public, rename
from tests.api.operations import protect as give_password
from tests.client import TalkClient
from tests.factories import GroupFactory, UserFactory

pytestmark = pytest.mark.parametrize("people", [1, 49])
"""Users, and as many guests: fewer than the hundred rows that Django deletes at once."""

LOGIN_QUERIES = 2
"""The HTTP session and its user."""

GUEST_QUERIES = 1
"""The HTTP session."""

# Without the lock:
RENAME = LOGIN_QUERIES + 7
KEEP_NAME = LOGIN_QUERIES + 4
DELETE = LOGIN_QUERIES + 22
MAKE_PUBLIC = LOGIN_QUERIES + 7
KEEP_PUBLIC = LOGIN_QUERIES + 4
MAKE_PRIVATE = LOGIN_QUERIES + 14
PASSWORD = LOGIN_QUERIES + 7
PREFERENCE = LOGIN_QUERIES + 4
LIST = LOGIN_QUERIES + 3
LIST_AS_GUEST = GUEST_QUERIES + 3
ADD = LOGIN_QUERIES + 11
ADD_AGAIN = LOGIN_QUERIES + 6
ADD_GROUP = LOGIN_QUERIES + 12
ADD_GROUP_AGAIN = LOGIN_QUERIES + 7
REMOVE = LOGIN_QUERIES + 13
REMOVE_FROM_CALL = LOGIN_QUERIES + 16
REMOVE_SELF = LOGIN_QUERIES + 12
REMOVE_GUEST = LOGIN_QUERIES + 11
INVITE = LOGIN_QUERIES + 4
CHANGE_USER = LOGIN_QUERIES + 9
CHANGE_GUEST = LOGIN_QUERIES + 8


def lock_queries() -> int:
    """Locking a room is one query where the database can, two in SQLite."""
    return 1 if connection.features.has_select_for_update else 2


@pytest.fixture
def crowded(public: str, people: int) -> str:
    """A public room of Alice's with so many connected users, and as many guests."""
    fill(public, people)
    return public


@pytest.fixture
def costs(django_assert_num_queries: Any) -> Callable[..., None]:
    """Ask for something that is granted; there are so many queries, without the lock."""

    def ask(queries: int, action: Callable[[], Any], *, locks: int = 1) -> None:
        with django_assert_num_queries(queries + locks * lock_queries()):
            answer = action()
        assert answer.status == 200, answer

    return ask


class TestRoom:
    """`/room/{token}` and what moderators change there."""

    def test_to_rename(self, as_alice, crowded, costs):
        costs(RENAME, lambda: rename(as_alice, crowded, "New"))

    def test_to_keep_the_name(self, as_alice, crowded, costs):
        costs(KEEP_NAME, lambda: rename(as_alice, crowded, "Room"))

    def test_to_delete(self, as_alice, crowded, costs):
        costs(DELETE, lambda: delete(as_alice, crowded))

    def test_to_delete_a_long_timeline(self, as_alice, crowded, people, costs):
        for _ in range(people):
            as_alice.say(crowded, "hello")
        costs(DELETE, lambda: delete(as_alice, crowded))

    def test_to_make_public(self, as_alice, group, people, costs):
        for _ in range(people):
            put_in(group, UserFactory())
        costs(MAKE_PUBLIC, lambda: make_public(as_alice, group))

    def test_to_keep_public(self, as_alice, crowded, costs):
        costs(KEEP_PUBLIC, lambda: make_public(as_alice, crowded))

    def test_to_make_private(self, as_alice, crowded, costs):
        costs(MAKE_PRIVATE, lambda: make_private(as_alice, crowded))

    def test_to_keep_private(self, as_alice, group, people, costs):
        for _ in range(people):
            put_in(group, UserFactory())
        costs(KEEP_PUBLIC, lambda: make_private(as_alice, group))

    @pytest.mark.parametrize("password", [SECRET, ""])
    def test_to_set_the_password(self, as_alice, crowded, costs, password):
        set_password(crowded)
        costs(PASSWORD, lambda: give_password(as_alice, crowded, password))


class TestPreferences:
    """Preferences of participants."""

    @pytest.mark.parametrize("method", ["post", "delete"])
    def test_to_pin(self, as_alice, crowded, costs, method):
        ask = getattr(as_alice, method)
        costs(PREFERENCE, lambda: ask(f"/room/{crowded}/favorite"), locks=0)

    def test_to_set_the_notification_level(self, as_alice, crowded, costs):
        path = f"/room/{crowded}/notify"
        costs(PREFERENCE, lambda: as_alice.post(path, level=3), locks=0)


class TestParticipants:
    """`/room/{token}/participants`."""

    def test_to_list_them(self, as_alice, crowded, people, costs):
        path = f"/room/{crowded}/participants"
        costs(LIST, lambda: as_alice.get(path), locks=0)
        assert len(as_alice.get(path).data) == 1 + 2 * people

    def test_to_list_them_as_a_guest(self, as_guest, crowded, costs):
        as_guest.join(crowded)
        path = f"/room/{crowded}/participants"
        costs(LIST_AS_GUEST, lambda: as_guest.get(path), locks=0)

    def test_to_add_a_user(self, as_alice, bob, crowded, costs):
        path = f"/room/{crowded}/participants"
        costs(ADD, lambda: as_alice.post(path, newParticipant="bob"))

    def test_to_add_a_user_who_is_there(self, as_alice, bob, crowded, costs):
        put_in(crowded, bob)
        path = f"/room/{crowded}/participants"
        costs(ADD_AGAIN, lambda: as_alice.post(path, newParticipant="bob"))

    def test_to_add_a_group(self, as_alice, bob, crowded, costs):
        GroupFactory(name="staff").user_set.set([bob, UserFactory()])
        costs(ADD_GROUP, lambda: self.add_staff(as_alice, crowded))

    def test_to_add_a_large_group(self, as_alice, public, people, costs):
        members = UserFactory.create_batch(1 + people)
        GroupFactory(name="staff").user_set.set(members)
        costs(ADD_GROUP, lambda: self.add_staff(as_alice, public))

    def test_to_add_a_group_that_is_there(self, as_alice, public, people, costs):
        members = UserFactory.create_batch(1 + people)
        GroupFactory(name="staff").user_set.set(members)
        for member in members:
            put_in(public, member)
        costs(ADD_GROUP_AGAIN, lambda: self.add_staff(as_alice, public))

    def add_staff(self, client: TalkClient, token: str) -> Any:
        """Ask to add the group."""
        path = f"/room/{token}/participants"
        return client.post(path, newParticipant="staff", source="groups")

    def test_to_remove_a_user(self, as_alice, bob, crowded, costs):
        put_in(crowded, bob)
        path = f"/room/{crowded}/participants"
        costs(REMOVE, lambda: as_alice.delete(path, participant="bob"))

    def test_to_remove_a_user_from_a_call(self, as_alice, as_bob, bob, crowded, costs):
        put_in(crowded, bob)
        as_bob.join(crowded)
        self.start_call(crowded)
        path = f"/room/{crowded}/participants"
        costs(REMOVE_FROM_CALL, lambda: as_alice.delete(path, participant="bob"))

    def start_call(self, token: str) -> None:
        """Let everybody who is connected be in a call."""
        room = Room.objects.get(token=token)
        session = room.sessions.first()
        room.sessions.update(in_call=7)
        Room.objects.filter(pk=room.pk).update(active_since=session.last_ping)

    def test_to_leave_for_good(self, as_bob, bob, crowded, costs):
        put_in(crowded, bob)
        path = f"/room/{crowded}/participants/self"
        costs(REMOVE_SELF, lambda: as_bob.delete(path))

    def test_to_remove_a_guest(self, as_alice, crowded, costs):
        _, session_id = join_as_guest(crowded)
        path = f"/room/{crowded}/participants/guests"
        costs(REMOVE_GUEST, lambda: as_alice.delete(path, participant=session_id))


class TestEmail:
    """Inviting by mail."""

    @pytest.mark.parametrize("way", ["guests", "source"])
    def test_into_a_public_room(self, as_alice, crowded, costs, way):
        costs(INVITE, lambda: self.invite(as_alice, crowded, way))

    @pytest.mark.parametrize("way", ["guests", "source"])
    def test_into_a_group_room(self, as_alice, group, people, costs, way):
        for _ in range(people):
            put_in(group, UserFactory())
        costs(MAKE_PUBLIC, lambda: self.invite(as_alice, group, way))

    def invite(self, client: TalkClient, token: str, way: str) -> Any:
        """Ask to invite somebody."""
        path, new = f"/room/{token}/participants", "gwen@example.org"
        if way == "guests":
            return client.post(f"{path}/guests", newParticipant=new)
        return client.post(path, newParticipant=new, source="emails")


class TestModerators:
    """`/room/{token}/moderators`."""

    @pytest.mark.parametrize(
        ("method", "type"),
        [("post", ParticipantType.USER), ("delete", ParticipantType.MODERATOR)],
    )
    def test_a_user(self, as_alice, bob, crowded, costs, method, type):
        put_in(crowded, bob, type=type)
        ask = getattr(as_alice, method)
        path = f"/room/{crowded}/moderators"
        costs(CHANGE_USER, lambda: ask(path, participant="bob"))

    @pytest.mark.parametrize(
        ("method", "type"),
        [
            ("post", ParticipantType.GUEST),
            ("delete", ParticipantType.GUEST_MODERATOR),
        ],
    )
    def test_a_guest(self, as_alice, crowded, costs, method, type):
        _, session_id = join_as_guest(crowded, type=type)
        ask = getattr(as_alice, method)
        path = f"/room/{crowded}/moderators"
        costs(CHANGE_GUEST, lambda: ask(path, sessionId=session_id))

    def test_by_a_guest_moderator(self, bob, crowded, costs):
        client, _ = join_as_guest(crowded, type=ParticipantType.GUEST_MODERATOR)
        put_in(crowded, bob)
        path = f"/room/{crowded}/moderators"
        cost = CHANGE_USER - LOGIN_QUERIES + GUEST_QUERIES
        costs(cost, lambda: client.post(path, participant="bob"))
