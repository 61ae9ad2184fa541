"""`talk_rooms`: managing rooms from the shell."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import check_password
from django.core.management import CommandError
from django.utils import timezone

from talk import hints, signals
from talk.adapters import DefaultAdapter
from talk.constants import ParticipantType, RoomType
from talk.domain.access import NOBODY
from talk.hints import HintKind
from talk.management.commands import talk_rooms
from talk.models import Participant, Room, Session
from tests.api import invariants
from tests.api.helpers import put_guest_in, rows, user_types_of
from tests.client import TalkClient
from tests.factories import GroupFactory, ParticipantFactory, RoomFactory, UserFactory
from tests.hearing import hearing
from tests.management.commands import exit_code, run, shell

pytestmark = pytest.mark.django_db

OWNER, USER = ParticipantType.OWNER, ParticipantType.USER
GUEST = "failed-to-get-session"


class StrictAdapter(DefaultAdapter):
    """Forbid every user to create rooms and to reach other users."""

    def may_create_room(self, user: Any, room_type: RoomType) -> bool:
        """Return False for every user."""
        return False

    def reachable_users(self, user: Any, users: Any) -> list[Any]:
        """Return no users."""
        return []


def told(client: TalkClient, token: str) -> list[tuple[str, str]]:
    """Return the key and actor of each system message of a room, oldest first."""
    messages = reversed(client.history(token).data)
    return [(message["systemMessage"], message["actorId"]) for message in messages]


def say_at_stdin(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Replace the standard input of the command."""
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def answer(monkeypatch: pytest.MonkeyPatch, *passwords: str) -> None:
    """Answer the password prompts with these passwords."""
    typed = iter(passwords)
    monkeypatch.setattr(talk_rooms, "getpass", lambda _: next(typed))


@pytest.fixture
def room(as_alice) -> str:
    """Return the token of a public room that Alice owns."""
    return as_alice.create_room(type=3, name="Tea")


@pytest.fixture
def group(bob, carol) -> Any:
    """Return a user group of Bob and Carol."""
    group = GroupFactory(name="tea drinkers")
    group.user_set.add(bob, carol)
    return group


class TestCreate:
    """`create`: the owner is the actor."""

    def create(self, *arguments: str) -> str:
        """Create a room that Alice owns and return its token."""
        return run("talk_rooms", "create", "--owner", "alice", *arguments).strip()

    def test_the_token_is_printed_and_nothing_else(self, alice):
        assert self.create() == Room.objects.get().token

    def test_it_is_a_group_of_the_owner_by_default(self, alice):
        token = self.create("--name", "Tea")
        room = Room.objects.get(token=token)
        assert (room.type, room.name) == (RoomType.GROUP, "Tea")
        assert user_types_of(token) == {"alice": OWNER}

    def test_the_owner_is_the_actor_of_the_system_messages(self, alice, as_alice, bob):
        token = self.create("--user", "bob")
        assert told(as_alice, token) == [
            ("conversation_created", "alice"),
            ("user_added", "alice"),
        ]

    def test_users_and_members_of_groups_are_added_once(self, alice, bob, group):
        token = self.create(
            "--user", "bob", "--group", "tea drinkers", "--user", "alice"
        )
        assert user_types_of(token) == {"alice": OWNER, "bob": USER, "carol": USER}

    def test_a_public_room_can_have_a_password(self, alice, monkeypatch):
        say_at_stdin(monkeypatch, "secret\n")
        self.create("--type", "public", "--password-stdin")
        assert check_password("secret", Room.objects.get().password)

    def test_a_password_for_a_group_is_refused(self, alice, monkeypatch):
        say_at_stdin(monkeypatch, "secret\n")
        with pytest.raises(CommandError, match="public"):
            self.create("--password-stdin")
        assert not Room.objects.exists()

    def test_a_one_to_one_room_is_created_once(self, alice, bob):
        tokens = [self.create("--type", "one-to-one", "--user", "bob") for _ in "ab"]
        assert tokens[0] == tokens[1]
        assert user_types_of(tokens[0]) == {"alice": OWNER, "bob": OWNER}

    @pytest.mark.parametrize(
        "arguments", [[], ["--user", "bob", "--user", "carol"], ["--user", "alice"]]
    )
    def test_a_one_to_one_room_needs_one_other_user(self, alice, bob, carol, arguments):
        with pytest.raises(CommandError, match="one other"):
            self.create("--type", "one-to-one", *arguments)

    def test_the_adapter_can_forbid_it_to_the_owner(self, alice, settings):
        settings.TALK = {"ADAPTER": "tests.management.test_talk_rooms.StrictAdapter"}
        assert exit_code("talk_rooms", "create", "--owner", "alice") == 1

    @pytest.mark.parametrize(
        "arguments",
        [
            ["--owner", "nobody"],
            ["--owner", "alice", "--user", "nobody"],
            ["--owner", "alice", "--group", "nobody"],
            ["--owner", "alice", "--name", "x" * 256],
        ],
    )
    def test_an_invalid_argument_creates_no_room(self, alice, arguments):
        assert exit_code("talk_rooms", "create", *arguments) == 1
        assert not Room.objects.exists()


class TestAdd:
    """`add`: the actor is nobody."""

    def test_users_and_members_of_groups_are_added(self, room, bob, group):
        out = run("talk_rooms", "add", room, "--user", "bob", "--group", group.name)
        assert out == "Added 2.\n"
        assert user_types_of(room) == {"alice": OWNER, "bob": USER, "carol": USER}

    def test_the_system_message_names_no_actor(self, room, as_alice, bob):
        run("talk_rooms", "add", room, "--user", "bob")
        message = as_alice.history(room).data[0]
        assert (message["systemMessage"], message["actorId"]) == ("user_added", GUEST)
        assert message["messageParameters"]["actor"]["name"] == "Guest"
        assert message["messageParameters"]["user"]["id"] == "bob"

    def test_hints_are_published(
        self, room, bob, django_capture_on_commit_callbacks, monkeypatch
    ):
        published = []
        monkeypatch.setattr(hints, "publish", published.extend)
        with django_capture_on_commit_callbacks(execute=True):
            run("talk_rooms", "add", room, "--user", "bob")
        assert HintKind.TIMELINE in {hint.kind for hint in published}

    def test_the_signal_names_no_actor(
        self, room, bob, django_capture_on_commit_callbacks
    ):
        with (
            hearing(signals.participants_added) as heard,
            django_capture_on_commit_callbacks(execute=True),
        ):
            run("talk_rooms", "add", room, "--user", "bob")
        (event,) = heard
        assert event["actor"] == NOBODY

    def test_adding_a_user_again_changes_nothing(self, room, bob):
        run("talk_rooms", "add", room, "--user", "bob")
        before = rows()
        assert run("talk_rooms", "add", room, "--user", "bob") == "Added 0.\n"
        assert rows() == before

    def test_a_one_to_one_room_becomes_a_group(self, as_alice, bob, carol):
        token = as_alice.create_room(type=1, invite="bob")
        run("talk_rooms", "add", token, "--user", "carol")
        assert Room.objects.get(token=token).type == RoomType.GROUP
        invariants.only_one_to_one_rooms_have_a_pair_key()

    def test_the_adapter_is_not_asked(self, room, bob, settings):
        settings.TALK = {"ADAPTER": "tests.management.test_talk_rooms.StrictAdapter"}
        assert run("talk_rooms", "add", room, "--user", "bob") == "Added 1.\n"

    def test_a_disabled_user_is_refused(self, room):
        UserFactory(username="dora", is_active=False)
        with pytest.raises(CommandError, match="Disabled: dora"):
            run("talk_rooms", "add", room, "--user", "dora")
        assert user_types_of(room) == {"alice": OWNER}

    def test_an_unknown_user_prevents_every_addition(self, room, bob):
        assert exit_code("talk_rooms", "add", room, "--user", "bob", "--user", "x") == 1
        assert user_types_of(room) == {"alice": OWNER}


class TestRemove:
    """`remove`: the actor is nobody."""

    @pytest.fixture
    def full(self, room, bob, carol) -> str:
        """Return the token of a room with three users."""
        run("talk_rooms", "add", room, "--user", "bob", "--user", "carol")
        return room

    def test_users_lose_their_participants_and_sessions(self, full, as_bob):
        as_bob.join(full)
        out = run("talk_rooms", "remove", full, "--user", "bob", "--user", "carol")
        assert out == "Removed 2.\n"
        assert user_types_of(full) == {"alice": OWNER}
        assert not Session.objects.exists()

    def test_a_system_message_is_written_for_each_user(self, full, as_alice):
        run("talk_rooms", "remove", full, "--user", "bob", "--user", "carol")
        assert told(as_alice, full)[-2:] == [("user_removed", GUEST)] * 2

    def test_members_of_a_group_who_participate_are_removed(self, room, group):
        run("talk_rooms", "add", room, "--user", "carol")
        out = run("talk_rooms", "remove", room, "--group", group.name)
        assert out == "Removed 1.\n"

    def test_an_owner_can_be_removed_if_others_stay(self, full, as_bob):
        run("talk_rooms", "remove", full, "--user", "alice")
        assert user_types_of(full) == {"bob": USER, "carol": USER}

    def test_removing_a_non_participant_changes_nothing(self, room, bob):
        before = rows()
        assert run("talk_rooms", "remove", room, "--user", "bob") == "Removed 0.\n"
        assert rows() == before

    def test_the_last_participant_is_not_removed(self, room):
        before = rows()
        with pytest.raises(CommandError, match="delete the room"):
            run("talk_rooms", "remove", room, "--user", "alice")
        assert rows() == before

    def test_a_guest_moderator_keeps_the_room(self, room):
        participant = put_guest_in(room)
        participant.type = ParticipantType.GUEST_MODERATOR
        participant.save()
        run("talk_rooms", "remove", room, "--user", "alice")
        assert list(Participant.objects.all()) == [participant]

    def test_the_last_participant_of_an_objects_room_is_removed(self, alice):
        room = RoomFactory(object_type="blog.article", object_id="1")
        ParticipantFactory(room=room, user=alice)
        run("talk_rooms", "remove", room.token, "--user", "alice")
        assert not Participant.objects.exists()

    def test_no_user_is_removed_from_a_one_to_one_room(self, as_alice, bob):
        token = as_alice.create_room(type=1, invite="bob")
        with pytest.raises(CommandError, match="delete it"):
            run("talk_rooms", "remove", token, "--user", "bob")
        assert len(user_types_of(token)) == 2


class TestSet:
    """`set`: type, name, password."""

    def test_type_name_and_password_are_set_together(self, as_alice, monkeypatch):
        token = as_alice.create_room(type=2, name="Tea")
        say_at_stdin(monkeypatch, "secret\nmore\n")
        run(
            *("talk_rooms", "set", token, "--type", "public"),
            *("--name", "Coffee", "--password-stdin"),
        )
        room = Room.objects.get()
        assert (room.type, room.name) == (RoomType.PUBLIC, "Coffee")
        assert check_password("secret", room.password)
        assert told(as_alice, token)[1:] == [
            ("guests_allowed", GUEST),
            ("conversation_renamed", GUEST),
            ("password_set", GUEST),
        ]

    def test_making_a_room_private_removes_guests(self, room, as_guest):
        as_guest.join(room)
        run("talk_rooms", "set", room, "--type", "group")
        assert user_types_of(room) == {"alice": OWNER}
        invariants.only_public_rooms_have_guests_and_self_joined_users()

    def test_a_one_to_one_room_becomes_a_group(self, as_alice, bob):
        token = as_alice.create_room(type=1, invite="bob")
        run("talk_rooms", "set", token, "--type", "group")
        assert Room.objects.get().type == RoomType.GROUP

    @pytest.mark.parametrize(
        "change", [["--type", "public"], ["--name", "Tea"], ["--no-password"]]
    )
    def test_setting_the_current_value_changes_nothing(self, room, change):
        before = rows()
        run("talk_rooms", "set", room, *change)
        assert rows() == before

    def test_setting_the_current_password_changes_nothing(self, room, monkeypatch):
        say_at_stdin(monkeypatch, "secret\nsecret\n")
        run("talk_rooms", "set", room, "--password-stdin")
        before = rows()
        run("talk_rooms", "set", room, "--password-stdin")
        assert rows() == before

    def test_a_password_can_be_typed(self, room, monkeypatch):
        answer(monkeypatch, "secret", "secret")
        run("talk_rooms", "set", room, "--password")
        assert check_password("secret", Room.objects.get().password)

    @pytest.mark.parametrize("typed", [("secret", "secrets"), ("", "")])
    def test_an_invalid_typed_password_changes_nothing(self, room, monkeypatch, typed):
        answer(monkeypatch, *typed)
        before = rows()
        assert exit_code("talk_rooms", "set", room, "--password") == 1
        assert rows() == before

    def test_a_password_is_removed(self, room, monkeypatch, as_alice):
        say_at_stdin(monkeypatch, "secret")
        run("talk_rooms", "set", room, "--password-stdin")
        run("talk_rooms", "set", room, "--no-password")
        assert Room.objects.get().password == ""
        assert told(as_alice, room)[-1] == ("password_removed", GUEST)

    def test_an_invalid_combination_changes_nothing(self, as_alice, monkeypatch):
        token = as_alice.create_room(type=2, name="Tea")
        say_at_stdin(monkeypatch, "secret")
        before = rows()
        arguments = ["set", token, "--name", "Coffee", "--password-stdin"]
        assert exit_code("talk_rooms", *arguments) == 1
        assert rows() == before

    def test_a_one_to_one_room_cannot_be_named(self, as_alice, bob):
        token = as_alice.create_room(type=1, invite="bob")
        assert exit_code("talk_rooms", "set", token, "--name", "Tea") == 1

    @pytest.mark.parametrize("name", ["", "x" * 201])
    def test_an_invalid_name_is_refused(self, room, name):
        assert exit_code("talk_rooms", "set", room, "--name", name) == 1
        assert Room.objects.get().name == "Tea"


class TestDelete:
    """`delete`: it asks for a confirmation unless `--no-input` is given."""

    def test_the_given_rooms_are_deleted(self, room, as_alice):
        other, kept = as_alice.create_room(), as_alice.create_room()
        run("talk_rooms", "delete", room, other, "--no-input")
        assert [room.token for room in Room.objects.all()] == [kept]

    @pytest.mark.parametrize(("said", "is_left"), [("yes", False), ("y", True)])
    def test_only_yes_confirms(self, room, monkeypatch, said, is_left):
        say_at_stdin(monkeypatch, f"{said}\n")
        assert exit_code("talk_rooms", "delete", room) == int(is_left)
        assert Room.objects.exists() is is_left

    def test_empty_input_does_not_confirm(self, room, monkeypatch):
        say_at_stdin(monkeypatch, "")
        assert exit_code("talk_rooms", "delete", room) == 1
        assert Room.objects.exists()

    def test_an_unknown_room_prevents_every_deletion(self, room):
        assert exit_code("talk_rooms", "delete", room, "nosuch", "--no-input") == 1
        assert Room.objects.exists()


class TestList:
    """`list` and `show`."""

    def tokens(self, *arguments: Any) -> list[str]:
        """Return the tokens that `list` prints."""
        listed = json.loads(run("talk_rooms", "list", "--json", *arguments))
        return [room["token"] for room in listed]

    def test_the_latest_activity_comes_first(self):
        now = timezone.now()
        rooms = [RoomFactory(last_activity=now - timedelta(days=n)) for n in (2, 1, 3)]
        expected = [rooms[1].token, rooms[0].token, rooms[2].token]
        assert self.tokens() == expected

    def test_rooms_are_filtered_by_type(self):
        RoomFactory()
        group = RoomFactory(type=RoomType.GROUP)
        assert self.tokens("--type", "group") == [group.token]

    def test_rooms_of_a_user_count_all_their_users(self, room, bob):
        RoomFactory()
        run("talk_rooms", "add", room, "--user", "bob")
        (listed,) = json.loads(run("talk_rooms", "list", "--json", "--user", "bob"))
        assert (listed["token"], listed["users"]) == (room, 2)

    @pytest.mark.parametrize("search", ["TE", "tea", "aaaa"])
    def test_rooms_are_searched_by_name_and_token(self, search):
        tea = RoomFactory(name="Tea", token="aaaa2222")
        RoomFactory(name="Coffee", token="bbbb2222")
        assert self.tokens("--search", search) == [tea.token]

    def test_rooms_are_filtered_by_idle_days(self):
        old = timezone.now() - timedelta(days=31)
        RoomFactory(last_activity=old + timedelta(days=2))
        idle = RoomFactory(last_activity=old)
        assert self.tokens("--idle-days", 30) == [idle.token]

    def test_each_room_is_a_line(self, room):
        day = timezone.now().date().isoformat()
        assert run("talk_rooms", "list").split() == [room, "public", "1", day, "Tea"]

    def test_many_rooms_cost_one_query(self, django_assert_num_queries):
        RoomFactory.create_batch(20)
        with django_assert_num_queries(1):
            run("talk_rooms", "list")

    def test_show_prints_the_participants(self, room, as_guest, as_alice):
        as_alice.join(room)
        as_guest.join(room)
        shown = json.loads(run("talk_rooms", "show", room, "--json"))
        assert (shown["token"], shown["name"], shown["users"]) == (room, "Tea", 1)
        assert shown["people"] == [
            {"id": "alice", "name": "Alice Adams", "type": "owner", "connected": True},
            {"id": "", "name": "", "type": "guest", "connected": True},
        ]

    def test_show_prints_whether_a_password_is_set(self, room, monkeypatch):
        say_at_stdin(monkeypatch, "secret")
        run("talk_rooms", "set", room, "--password-stdin")
        out = run("talk_rooms", "show", room, "--json")
        assert json.loads(out)["has_password"] is True
        assert Room.objects.get().password not in out

    def test_show_prints_text_without_json(self, room):
        lines = run("talk_rooms", "show", room).splitlines()
        assert f"token: {room}" in lines
        assert "  alice (owner, away)" in lines


class TestUsage:
    """Exit codes."""

    @pytest.mark.parametrize(
        "arguments",
        [
            [],
            ["paint"],
            ["create"],
            ["create", "--owner", "alice", "--type", "red"],
            ["add", "token"],
            ["remove", "token"],
            ["set", "token"],
            ["set", "token", "--type", "one-to-one"],
            ["set", "token", "--password", "--no-password"],
            ["list", "--idle-days", "0"],
            ["delete"],
        ],
    )
    def test_wrong_usage_exits_with_2(self, arguments):
        assert exit_code("talk_rooms", *arguments) == 2

    @pytest.mark.parametrize(
        "arguments",
        [
            ["show", "nosuch"],
            ["add", "nosuch", "--user", "alice"],
            ["remove", "nosuch", "--user", "alice"],
            ["set", "nosuch", "--name", "Tea"],
            ["set", "nosuch", "--no-password"],
            ["list", "--user", "nobody"],
        ],
    )
    def test_an_unknown_room_or_user_exits_with_1(self, alice, arguments):
        assert exit_code("talk_rooms", *arguments) == 1


@pytest.mark.django_db(transaction=True)
def test_a_script_creates_a_room_with_a_password(alice) -> None:
    done = shell(
        *("talk_rooms", "create", "--owner", "alice"),
        *("--type", "public", "--password-stdin"),
        say="secret\n",
    )
    assert (done.returncode, done.stderr) == (0, "")
    room = Room.objects.get(token=done.stdout.strip())
    assert check_password("secret", room.password)
