"""Creating rooms: tokens, pair keys and concurrent requests."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from talk.constants import RESERVED_TOKENS, TOKEN_ALPHABET, ParticipantType, RoomType
from talk.domain import room_creation
from talk.exceptions import Invalid, NotAllowed, NotFound
from talk.models import Message, Participant, Room
from tests.factories import GroupFactory, RoomFactory, UserFactory
from tests.threads import TIMEOUT, at_once

NOW = datetime(2025, 1, 1, 12, tzinfo=UTC)
FREE = "k7pz3mqd"


def create_public(user: Any) -> Room:
    """Create a public room."""
    return room_creation.create_room(
        user=user, type=RoomType.PUBLIC, name="Plan", now=NOW
    )


def create_with_group(user: Any) -> Room:
    """Create a room of a group with one other member."""
    group = GroupFactory()
    group.user_set.add(UserFactory())
    return room_creation.create_group_room(user=user, invite=group.name, now=NOW)


def create_pair(user: Any) -> Room:
    """Create a one-to-one room with somebody new."""
    other = UserFactory()
    invite = other.username
    return room_creation.get_or_create_one_to_one(
        user=user, invite=invite, now=NOW
    ).room


CREATIONS = [create_public, create_with_group, create_pair]


def offer(monkeypatch: pytest.MonkeyPatch, *tokens: str) -> list[str]:
    """Let these be the next tokens; return those that are left."""
    left = list(tokens)
    monkeypatch.setattr(room_creation, "new_token", lambda: left.pop(0))
    return left


@pytest.mark.django_db
class TestTokens:
    def test_a_token_is_eight_characters_of_the_alphabet(self):
        for _ in range(100):
            token = room_creation.new_token()
            assert len(token) == 8
            assert set(token) <= set(TOKEN_ALPHABET)

    def test_the_alphabet_has_no_characters_that_look_alike(self):
        assert TOKEN_ALPHABET == "abcdefghijkmnopqrstuvwxyz23456789"

    def test_tokens_do_not_repeat(self):
        assert len({room_creation.new_token() for _ in range(1000)}) == 1000

    def test_settings_and_backend_are_reserved(self):
        assert {"settings", "backend"} <= RESERVED_TOKENS

    def test_a_reserved_word_never_becomes_a_token(self, monkeypatch):
        drawn = iter(["settings", FREE])
        monkeypatch.setattr(
            room_creation, "random_text", lambda length, alphabet: next(drawn)
        )
        assert room_creation.new_token() == FREE

    @pytest.mark.parametrize("create", CREATIONS)
    def test_a_token_that_is_taken_is_drawn_again(self, alice, monkeypatch, create):
        taken = RoomFactory().token
        offer(monkeypatch, taken, taken, FREE)
        assert create(alice).token == FREE

    @pytest.mark.parametrize("create", CREATIONS)
    def test_a_token_drawn_again_leaves_one_whole_room(
        self, alice, monkeypatch, create
    ):
        taken = RoomFactory()
        offer(monkeypatch, taken.token, FREE)
        room = create(alice)
        assert set(Room.objects.all()) == {room, taken}
        created = Message.objects.filter(system_message="conversation_created")
        assert [message.room for message in created] == [room]
        assert room.participants.filter(user=alice).count() == 1

    def test_the_room_with_the_drawn_token_does_not_change(self, alice, monkeypatch):
        taken = RoomFactory(name="Other", token="abcdefgh")
        offer(monkeypatch, "abcdefgh", FREE)
        create_public(alice)
        taken.refresh_from_db()
        assert (taken.name, taken.last_position) == ("Other", 0)

    def test_a_free_token_is_taken_at_the_first_try(self, alice, monkeypatch):
        left = offer(monkeypatch, FREE, "never")
        create_public(alice)
        assert left == ["never"]


@pytest.mark.django_db
class TestPairKey:
    def test_a_pair_has_one_key_in_either_order(self, alice, bob):
        assert room_creation.pair_key(alice, bob) == room_creation.pair_key(bob, alice)

    def test_every_pair_has_a_key_of_its_own(self):
        people = UserFactory.create_batch(12)
        keys = {
            room_creation.pair_key(one, other)
            for index, one in enumerate(people)
            for other in people[index + 1 :]
        }
        assert len(keys) == 12 * 11 / 2

    @pytest.mark.parametrize(
        ("pair", "other_pair"),
        [((1, 23), (12, 3)), ((1, 11), (11, 11)), ((1, 2), (1, 22))],
    )
    def test_ids_do_not_run_into_each_other(self, pair, other_pair):
        def key(ids: tuple[int, int]) -> str:
            one, other = (SimpleNamespace(pk=pk) for pk in ids)
            return room_creation.pair_key(one, other)

        assert key(pair) != key(other_pair)

    def test_a_one_to_one_room_is_stored_under_the_key(self, alice, bob):
        room = room_creation.get_or_create_one_to_one(
            user=alice, invite="bob", now=NOW
        ).room
        assert room.pair_key == room_creation.pair_key(alice, bob)

    def test_other_rooms_have_no_key(self, alice):
        assert create_public(alice).pair_key is None


@pytest.mark.django_db
class TestCreate:
    @pytest.mark.parametrize(
        "name",
        ["a" * 256, "a\0b", "a\ud800b"],
        ids=["256 characters", "NUL", "surrogate"],
    )
    def test_a_name_that_cannot_be_stored_is_invalid(self, alice, name):
        with pytest.raises(Invalid):
            room_creation.create_room(
                user=alice, type=RoomType.GROUP, name=name, now=NOW
            )
        assert not Room.objects.exists()

    def test_an_unknown_user_is_not_found(self, alice):
        with pytest.raises(NotFound):
            room_creation.get_or_create_one_to_one(user=alice, invite="nobody", now=NOW)

    def test_a_group_that_does_not_exist_is_not_found(self, alice):
        with pytest.raises(NotFound):
            room_creation.create_group_room(user=alice, invite="nobody", now=NOW)

    def test_a_room_with_oneself_is_not_allowed(self, alice):
        with pytest.raises(NotAllowed):
            room_creation.get_or_create_one_to_one(user=alice, invite="alice", now=NOW)

    @pytest.mark.parametrize(
        ("create", "lines"), list(zip(CREATIONS, [1, 2, 2], strict=True))
    )
    def test_the_timeline_begins_at_position_1_without_gaps(self, alice, create, lines):
        room = create(alice)
        positions = room.messages.order_by("pk").values_list("position", flat=True)
        assert list(positions) == list(range(1, lines + 1))
        room.refresh_from_db()
        assert room.last_position == lines

    @pytest.mark.parametrize("create", CREATIONS)
    def test_system_messages_count_as_no_comments(self, alice, create):
        room = create(alice)
        room.refresh_from_db()
        assert room.comment_count == 0

    @pytest.mark.parametrize("create", CREATIONS)
    def test_creation_is_the_first_activity(self, alice, create):
        room = create(alice)
        room.refresh_from_db()
        assert room.last_activity == NOW

    @pytest.mark.parametrize("create", CREATIONS)
    def test_a_failure_undoes_everything(self, alice, monkeypatch, create):
        def fail(**_: Any) -> None:
            raise RuntimeError

        monkeypatch.setattr(room_creation, "add_users", fail)
        with pytest.raises(RuntimeError):
            create(alice)
        assert not Room.objects.exists()
        assert not Message.objects.exists()


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def open_pair(
        self, user: Any, invite: str
    ) -> Callable[[], room_creation.OpenedRoom]:
        """Return a call that opens a one-to-one room."""
        return lambda: room_creation.get_or_create_one_to_one(
            user=user, invite=invite, now=NOW
        )

    @pytest.fixture
    def both_see_no_room(self, monkeypatch):
        """Let nobody create a one-to-one room before two have found that there is none."""
        barrier = threading.Barrier(2)
        create = room_creation._create_one_to_one

        def create_together(**given: Any) -> Room:
            barrier.wait(TIMEOUT)
            return create(**given)

        monkeypatch.setattr(room_creation, "_create_one_to_one", create_together)

    @pytest.mark.usefixtures("both_see_no_room")
    def test_two_users_who_open_their_room_get_the_same(self, alice, bob):
        first, second = at_once(
            self.open_pair(alice, "bob"), self.open_pair(bob, "alice")
        )
        assert first.room == second.room == Room.objects.get()

    @pytest.mark.usefixtures("both_see_no_room")
    def test_one_of_two_users_has_created_the_room(self, alice, bob):
        answers = at_once(self.open_pair(alice, "bob"), self.open_pair(bob, "alice"))
        assert sorted(opened.is_new for opened in answers) == [False, True]

    @pytest.mark.usefixtures("both_see_no_room")
    def test_the_second_request_leaves_nothing_behind(self, alice, bob):
        at_once(self.open_pair(alice, "bob"), self.open_pair(bob, "alice"))
        participants = Participant.objects.values_list("user__username", "type")
        assert sorted(participants) == [
            ("alice", ParticipantType.OWNER),
            ("bob", ParticipantType.OWNER),
        ]
        keys = Message.objects.order_by("pk").values_list("system_message", flat=True)
        assert list(keys) == ["conversation_created", "user_added"]

    @pytest.mark.usefixtures("both_see_no_room")
    def test_a_double_click_opens_one_room(self, alice, bob):
        first, second = at_once(
            self.open_pair(alice, "bob"), self.open_pair(alice, "bob")
        )
        assert first.room == second.room
        assert Room.objects.count() == 1

    def test_many_requests_for_one_room_create_one(self, alice, bob):
        calls = [self.open_pair(alice, "bob"), self.open_pair(bob, "alice")] * 4
        answers = at_once(*calls)
        assert {opened.room for opened in answers} == set(Room.objects.all())
        assert Room.objects.count() == 1
        assert sum(opened.is_new for opened in answers) == 1

    def test_rooms_of_other_pairs_do_not_disturb_each_other(self, alice):
        people = UserFactory.create_batch(8)
        answers = at_once(*(self.open_pair(alice, other.username) for other in people))
        assert [opened.is_new for opened in answers] == [True] * 8
        assert len({opened.room.token for opened in answers}) == 8

    def test_two_rooms_that_draw_one_token_are_both_created(
        self, alice, bob, monkeypatch
    ):
        drawn = threading.local()

        def new_token() -> str:
            is_first = not hasattr(drawn, "once")
            drawn.once = True
            return "abcdefgh" if is_first else draw()

        draw = room_creation.new_token
        monkeypatch.setattr(room_creation, "new_token", new_token)
        answers = at_once(lambda: create_public(alice), lambda: create_public(bob))
        assert {room.token for room in answers} == {
            room.token for room in Room.objects.all()
        }
        assert Room.objects.count() == 2
        assert Room.objects.filter(token="abcdefgh").count() == 1
