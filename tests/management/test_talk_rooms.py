"""`talk_rooms`: rooms from the shell, and what people in them see of it."""

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
    """Lets nobody create rooms, and keeps all apart."""

    def may_create_room(self, user: Any, room_type: RoomType) -> bool:
        """Say no."""
        return False

    def reachable_users(self, user: Any, users: Any) -> list[Any]:
        """Say nobody."""
        return []


def told(client: TalkClient, token: str) -> list[tuple[str, str]]:
    """Return what a room tells, oldest first: the key and who did it."""
    messages = reversed(client.history(token).data)
    return [(message["systemMessage"], message["actorId"]) for message in messages]


def say_at_stdin(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Let somebody send this to the command."""
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def answer(monkeypatch: pytest.MonkeyPatch, *passwords: str) -> None:
    """Let somebody type passwords."""
    typed = iter(passwords)
    monkeypatch.setattr(talk_rooms, "getpass", lambda _: next(typed))


@pytest.fixture
def room(as_alice) -> str:
    """Alice's public room."""
    return as_alice.create_room(type=3, name="Tea")


@pytest.fixture
def group(bob, carol) -> Any:
    """A group of Bob and Carol."""
    group = GroupFactory(name="tea drinkers")
    group.user_set.add(bob, carol)
    return group


class TestCreate:
    """`create`: it is the owner's, as if they had done it."""

    def create(self, *arguments: str) -> str:
        """Create a room of Alice's and return its token."""
        return run("talk_rooms", "create", "--owner", "alice", *arguments).strip()

    def test_the_token_is_printed_and_nothing_else(self, alice):
        assert self.create() == Room.objects.get().token

    def test_it_is_a_group_of_the_owner_by_default(self, alice):
        token = self.create("--name", "Tea")
        room = Room.objects.get(token=token)
        assert (room.type, room.name) == (RoomType.GROUP, "Tea")
        assert user_types_of(token) == {"alice": OWNER}

    def test_it_is_told_in_the_owners_name(self, alice, as_alice, bob):
        token = self.create("--user", "bob")
        assert told(as_alice, token) == [
            ("conversation_created", "alice"),
            ("user_added", "alice"),
        ]

    def test_users_and_groups_are_in_it_once(self, alice, bob, group):
        token = self.create(
            "--user", "bob", "--group", "tea drinkers", "--user", "alice"
        )
        assert user_types_of(token) == {"alice": OWNER, "bob": USER, "carol": USER}

    def test_a_public_one_with_a_password(self, alice, monkeypatch):
        say_at_stdin(monkeypatch, "secret\n")
        self.create("--type", "public", "--password-stdin")
        assert check_password("secret", Room.objects.get().password)

    def test_a_password_for_a_group_is_refused(self, alice, monkeypatch):
        say_at_stdin(monkeypatch, "secret\n")
        with pytest.raises(CommandError, match="public"):
            self.create("--password-stdin")
        assert not Room.objects.exists()

    def test_a_one_to_one_room_is_there_once(self, alice, bob):
        tokens = [self.create("--type", "one-to-one", "--user", "bob") for _ in "ab"]
        assert tokens[0] == tokens[1]
        assert user_types_of(tokens[0]) == {"alice": OWNER, "bob": OWNER}

    @pytest.mark.parametrize(
        "arguments", [[], ["--user", "bob", "--user", "carol"], ["--user", "alice"]]
    )
    def test_a_one_to_one_room_has_one_other(self, alice, bob, carol, arguments):
        with pytest.raises(CommandError, match="one other"):
            self.create("--type", "one-to-one", *arguments)

    def test_the_site_may_forbid_it_to_the_owner(self, alice, settings):
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
    def test_what_cannot_be_creates_nothing(self, alice, arguments):
        assert exit_code("talk_rooms", "create", *arguments) == 1
        assert not Room.objects.exists()


class TestAdd:
    """`add`: nobody in the room has done it."""

    def test_people_get_places(self, room, bob, group):
        out = run("talk_rooms", "add", room, "--user", "bob", "--group", group.name)
        assert out == "Added 2.\n"
        assert user_types_of(room) == {"alice": OWNER, "bob": USER, "carol": USER}

    def test_people_in_the_room_see_it_and_nobody_is_named(self, room, as_alice, bob):
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

    def test_the_site_is_told_that_it_was_nobody(
        self, room, bob, django_capture_on_commit_callbacks
    ):
        with (
            hearing(signals.participants_added) as heard,
            django_capture_on_commit_callbacks(execute=True),
        ):
            run("talk_rooms", "add", room, "--user", "bob")
        (news,) = heard
        assert news["actor"] == NOBODY

    def test_again_it_changes_nothing(self, room, bob):
        run("talk_rooms", "add", room, "--user", "bob")
        before = rows()
        assert run("talk_rooms", "add", room, "--user", "bob") == "Added 0.\n"
        assert rows() == before

    def test_a_pair_becomes_a_group(self, as_alice, bob, carol):
        token = as_alice.create_room(type=1, invite="bob")
        run("talk_rooms", "add", token, "--user", "carol")
        assert Room.objects.get(token=token).type == RoomType.GROUP
        invariants.only_one_to_one_rooms_have_a_pair_key()

    def test_the_adapter_is_not_asked(self, room, bob, settings):
        settings.TALK = {"ADAPTER": "tests.management.test_talk_rooms.StrictAdapter"}
        assert run("talk_rooms", "add", room, "--user", "bob") == "Added 1.\n"

    def test_a_disabled_account_is_refused(self, room):
        UserFactory(username="dora", is_active=False)
        with pytest.raises(CommandError, match="Disabled: dora"):
            run("talk_rooms", "add", room, "--user", "dora")
        assert user_types_of(room) == {"alice": OWNER}

    def test_one_unknown_user_keeps_all_out(self, room, bob):
        assert exit_code("talk_rooms", "add", room, "--user", "bob", "--user", "x") == 1
        assert user_types_of(room) == {"alice": OWNER}


class TestRemove:
    """`remove`: nobody in the room has done it."""

    @pytest.fixture
    def full(self, room, bob, carol) -> str:
        """A room of three."""
        run("talk_rooms", "add", room, "--user", "bob", "--user", "carol")
        return room

    def test_people_lose_their_places_and_sessions(self, full, as_bob):
        as_bob.join(full)
        out = run("talk_rooms", "remove", full, "--user", "bob", "--user", "carol")
        assert out == "Removed 2.\n"
        assert user_types_of(full) == {"alice": OWNER}
        assert not Session.objects.exists()

    def test_it_is_told_of_each(self, full, as_alice):
        run("talk_rooms", "remove", full, "--user", "bob", "--user", "carol")
        assert told(as_alice, full)[-2:] == [("user_removed", GUEST)] * 2

    def test_of_a_group_those_who_are_there(self, room, group):
        run("talk_rooms", "add", room, "--user", "carol")
        out = run("talk_rooms", "remove", room, "--group", group.name)
        assert out == "Removed 1.\n"

    def test_an_owner_among_others(self, full, as_bob):
        run("talk_rooms", "remove", full, "--user", "alice")
        assert user_types_of(full) == {"bob": USER, "carol": USER}

    def test_who_is_not_there_changes_nothing(self, room, bob):
        before = rows()
        assert run("talk_rooms", "remove", room, "--user", "bob") == "Removed 0.\n"
        assert rows() == before

    def test_the_last_one_stays(self, room):
        before = rows()
        with pytest.raises(CommandError, match="delete the room"):
            run("talk_rooms", "remove", room, "--user", "alice")
        assert rows() == before

    def test_a_guest_moderator_who_is_there_keeps_the_room(self, room):
        participant = put_guest_in(room)
        participant.type = ParticipantType.GUEST_MODERATOR
        participant.save()
        run("talk_rooms", "remove", room, "--user", "alice")
        assert list(Participant.objects.all()) == [participant]

    def test_the_last_one_of_an_objects_room_goes(self, alice):
        room = RoomFactory(object_type="blog.article", object_id="1")
        ParticipantFactory(room=room, user=alice)
        run("talk_rooms", "remove", room.token, "--user", "alice")
        assert not Participant.objects.exists()

    def test_nobody_of_a_pair(self, as_alice, bob):
        token = as_alice.create_room(type=1, invite="bob")
        with pytest.raises(CommandError, match="delete it"):
            run("talk_rooms", "remove", token, "--user", "bob")
        assert len(user_types_of(token)) == 2


class TestSet:
    """`set`: type, name, password."""

    def test_all_at_once(self, as_alice, monkeypatch):
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

    def test_a_private_one_sends_guests_away(self, room, as_guest):
        as_guest.join(room)
        run("talk_rooms", "set", room, "--type", "group")
        assert user_types_of(room) == {"alice": OWNER}
        invariants.only_public_rooms_have_guests_and_self_joined_users()

    def test_a_pair_becomes_a_group(self, as_alice, bob):
        token = as_alice.create_room(type=1, invite="bob")
        run("talk_rooms", "set", token, "--type", "group")
        assert Room.objects.get().type == RoomType.GROUP

    @pytest.mark.parametrize(
        "change", [["--type", "public"], ["--name", "Tea"], ["--no-password"]]
    )
    def test_what_is_so_already_is_not_told_again(self, room, change):
        before = rows()
        run("talk_rooms", "set", room, *change)
        assert rows() == before

    def test_the_password_that_it_has_is_not_told_again(self, room, monkeypatch):
        say_at_stdin(monkeypatch, "secret\nsecret\n")
        run("talk_rooms", "set", room, "--password-stdin")
        before = rows()
        run("talk_rooms", "set", room, "--password-stdin")
        assert rows() == before

    def test_a_password_that_is_typed(self, room, monkeypatch):
        answer(monkeypatch, "secret", "secret")
        run("talk_rooms", "set", room, "--password")
        assert check_password("secret", Room.objects.get().password)

    @pytest.mark.parametrize("typed", [("secret", "secrets"), ("", "")])
    def test_one_that_is_typed_wrongly_changes_nothing(self, room, monkeypatch, typed):
        answer(monkeypatch, *typed)
        before = rows()
        assert exit_code("talk_rooms", "set", room, "--password") == 1
        assert rows() == before

    def test_a_password_is_taken_away(self, room, monkeypatch, as_alice):
        say_at_stdin(monkeypatch, "secret")
        run("talk_rooms", "set", room, "--password-stdin")
        run("talk_rooms", "set", room, "--no-password")
        assert Room.objects.get().password == ""
        assert told(as_alice, room)[-1] == ("password_removed", GUEST)

    def test_what_cannot_be_changes_nothing_at_all(self, as_alice, monkeypatch):
        token = as_alice.create_room(type=2, name="Tea")
        say_at_stdin(monkeypatch, "secret")
        before = rows()
        arguments = ["set", token, "--name", "Coffee", "--password-stdin"]
        assert exit_code("talk_rooms", *arguments) == 1
        assert rows() == before

    def test_a_pair_has_no_name(self, as_alice, bob):
        token = as_alice.create_room(type=1, invite="bob")
        assert exit_code("talk_rooms", "set", token, "--name", "Tea") == 1

    @pytest.mark.parametrize("name", ["", "x" * 201])
    def test_a_wrong_name_is_refused(self, room, name):
        assert exit_code("talk_rooms", "set", room, "--name", name) == 1
        assert Room.objects.get().name == "Tea"


class TestDelete:
    """`delete`: it asks, unless told otherwise."""

    def test_rooms_are_gone(self, room, as_alice):
        other, kept = as_alice.create_room(), as_alice.create_room()
        run("talk_rooms", "delete", room, other, "--no-input")
        assert [room.token for room in Room.objects.all()] == [kept]

    @pytest.mark.parametrize(("said", "is_left"), [("yes", False), ("y", True)])
    def test_only_a_yes_is_one(self, room, monkeypatch, said, is_left):
        say_at_stdin(monkeypatch, f"{said}\n")
        assert exit_code("talk_rooms", "delete", room) == int(is_left)
        assert Room.objects.exists() is is_left

    def test_nobody_at_the_keyboard_is_a_no(self, room, monkeypatch):
        say_at_stdin(monkeypatch, "")
        assert exit_code("talk_rooms", "delete", room) == 1
        assert Room.objects.exists()

    def test_one_unknown_room_keeps_all(self, room):
        assert exit_code("talk_rooms", "delete", room, "nosuch", "--no-input") == 1
        assert Room.objects.exists()


class TestList:
    """`list` and `show`."""

    def tokens(self, *arguments: Any) -> list[str]:
        """Return the tokens of a list."""
        listed = json.loads(run("talk_rooms", "list", "--json", *arguments))
        return [room["token"] for room in listed]

    def test_the_latest_news_come_first(self):
        now = timezone.now()
        rooms = [RoomFactory(last_activity=now - timedelta(days=n)) for n in (2, 1, 3)]
        expected = [rooms[1].token, rooms[0].token, rooms[2].token]
        assert self.tokens() == expected

    def test_those_of_a_type(self):
        RoomFactory()
        group = RoomFactory(type=RoomType.GROUP)
        assert self.tokens("--type", "group") == [group.token]

    def test_those_of_a_user_with_all_their_people(self, room, bob):
        RoomFactory()
        run("talk_rooms", "add", room, "--user", "bob")
        (listed,) = json.loads(run("talk_rooms", "list", "--json", "--user", "bob"))
        assert (listed["token"], listed["users"]) == (room, 2)

    @pytest.mark.parametrize("search", ["TE", "tea", "aaaa"])
    def test_those_that_are_called_so(self, search):
        tea = RoomFactory(name="Tea", token="aaaa2222")
        RoomFactory(name="Coffee", token="bbbb2222")
        assert self.tokens("--search", search) == [tea.token]

    def test_those_in_which_nothing_happens(self):
        old = timezone.now() - timedelta(days=31)
        RoomFactory(last_activity=old + timedelta(days=2))
        idle = RoomFactory(last_activity=old)
        assert self.tokens("--idle-days", 30) == [idle.token]

    def test_a_line_for_each(self, room):
        day = timezone.now().date().isoformat()
        assert run("talk_rooms", "list").split() == [room, "public", "1", day, "Tea"]

    def test_many_cost_one_query(self, django_assert_num_queries):
        RoomFactory.create_batch(20)
        with django_assert_num_queries(1):
            run("talk_rooms", "list")

    def test_one_with_everybody_in_it(self, room, as_guest, as_alice):
        as_alice.join(room)
        as_guest.join(room)
        shown = json.loads(run("talk_rooms", "show", room, "--json"))
        assert (shown["token"], shown["name"], shown["users"]) == (room, "Tea", 1)
        assert shown["people"] == [
            {"id": "alice", "name": "Alice Adams", "type": "owner", "connected": True},
            {"id": "", "name": "", "type": "guest", "connected": True},
        ]

    def test_a_password_is_no_secret_but_what_it_is(self, room, monkeypatch):
        say_at_stdin(monkeypatch, "secret")
        run("talk_rooms", "set", room, "--password-stdin")
        out = run("talk_rooms", "show", room, "--json")
        assert json.loads(out)["has_password"] is True
        assert Room.objects.get().password not in out

    def test_in_words(self, room):
        lines = run("talk_rooms", "show", room).splitlines()
        assert f"token: {room}" in lines
        assert "  alice (owner, away)" in lines


class TestUsage:
    """What the command ends with."""

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
    def test_wrong_usage_is_a_2(self, arguments):
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
    def test_what_is_not_there_is_a_1(self, alice, arguments):
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
