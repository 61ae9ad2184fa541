"""``manage.py talk_rooms``: list, show, create, change and delete rooms."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import timedelta
from getpass import getpass
from typing import Any

from django.core.management import CommandError
from django.utils import timezone

from talk.adapters import get_adapter
from talk.constants import ParticipantType, RoomType
from talk.domain import room_administration, room_commands
from talk.domain.access import NOBODY
from talk.domain.room_administration import RoomChanges
from talk.domain.room_commands import find_users
from talk.management.base import TalkCommand, whole_number
from talk.models import BATCH, Participant, Room

TYPES = {
    "one-to-one": RoomType.ONE_TO_ONE,
    "group": RoomType.GROUP,
    "public": RoomType.PUBLIC,
}
NAMES_OF_TYPES = {type: name for name, type in TYPES.items()}

CHANGEABLE = ["group", "public"]


class Command(TalkCommand):
    """Run one action on rooms; each action has a method `do_<action>`."""

    help = (
        "Lists, shows, creates, changes and deletes rooms. Participants see system "
        "messages about the changes, which name no actor."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the actions and their options."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="action")
        listing = actions.add_parser("list", help="list rooms, the last active first")
        listing.add_argument("--type", choices=TYPES)
        listing.add_argument("--user", metavar="ID", help="only rooms of this user")
        listing.add_argument("--search", default="", help="text in name or token")
        listing.add_argument("--idle-days", type=whole_number, metavar="N")
        showing = actions.add_parser("show", help="show a room and its participants")
        showing.add_argument("token")
        creating = actions.add_parser("create", help="create a room, print its token")
        creating.add_argument("--owner", required=True, metavar="ID")
        creating.add_argument("--type", choices=TYPES, default="group")
        creating.add_argument("--name", default="")
        deleting = actions.add_parser(
            "delete", help="delete rooms with all their messages"
        )
        deleting.add_argument("tokens", nargs="+", metavar="token")
        deleting.add_argument(
            *("--no-input", "--noinput"),
            action="store_false",
            dest="interactive",
            help="do not ask for confirmation",
        )
        adding = actions.add_parser("add", help="add users to a room")
        removing = actions.add_parser("remove", help="remove users from a room")
        setting = actions.add_parser("set", help="change type, name or password")
        setting.add_argument("token")
        setting.add_argument("--type", choices=CHANGEABLE)
        setting.add_argument("--name")
        for parser_of_users in (adding, removing):
            parser_of_users.add_argument("token")
        for parser_of_users in (creating, adding, removing):
            add_user_arguments(parser_of_users)
        for parser_with_json in (listing, showing):
            parser_with_json.add_argument("--json", action="store_true")
        add_password_arguments(creating)
        add_password_arguments(setting).add_argument(
            "--no-password", action="store_true", help="remove the password"
        )

    def run(self, options: Mapping[str, Any]) -> None:
        """Run the action."""
        getattr(self, f"do_{options['action']}")(options)

    def do_list(self, options: Mapping[str, Any]) -> None:
        """List rooms."""
        days = options["idle_days"]
        rooms = room_commands.select_rooms(
            type=TYPES.get(options["type"]),
            user_id=options["user"],
            search=options["search"],
            idle_since=timezone.now() - timedelta(days=days) if days else None,
        ).iterator(chunk_size=BATCH)
        if options["json"]:
            self.write_json([describe(room) for room in rooms])
            return
        for room in rooms:
            self.stdout.write(format_row(room))

    def do_show(self, options: Mapping[str, Any]) -> None:
        """Show a room."""
        room = room_commands.find_room(token=options["token"])
        participants = room_commands.list_participants(room=room, now=timezone.now())
        if options["json"]:
            described = [
                describe_participant(participant) for participant in participants
            ]
            self.write_json({**describe(room), "people": described})
            return
        for key, value in describe(room).items():
            self.stdout.write(f"{key}: {'' if value is None else value}")
        for participant in participants:
            description = describe_participant(participant)
            state = "connected" if description["connected"] else "away"
            self.stdout.write(f"  {description['id']} ({description['type']}, {state})")

    def do_create(self, options: Mapping[str, Any]) -> None:
        """Create a room."""
        (owner,) = find_users(user_ids=[options["owner"]])
        room = room_commands.create_room_for(
            owner=owner,
            type=TYPES[options["type"]],
            name=options["name"],
            password=self.read_password(options) or "",
            users=find_users(user_ids=options["user"], group_ids=options["group"]),
            now=timezone.now(),
        )
        self.stdout.write(room.token)

    def do_delete(self, options: Mapping[str, Any]) -> None:
        """Delete rooms.

        Raises:
            CommandError: the deletion was not confirmed. Nothing is deleted then.
        """
        rooms = [room_commands.find_room(token=token) for token in options["tokens"]]
        if options["interactive"]:
            for room in rooms:
                self.stdout.write(format_row(room))
            question = (
                "Delete these rooms, with everything that was said there? [yes/no] "
            )
            if read_answer(question) != "yes":
                raise CommandError("Nothing was deleted.")
        for room in rooms:
            room_administration.delete_room(room_id=room.pk, actor=NOBODY)
            self.report(f"Deleted {room.token}.")

    def do_add(self, options: Mapping[str, Any]) -> None:
        """Add users."""
        count = room_commands.add_users_to_room(**user_options(options))
        self.report(f"Added {count}.")

    def do_remove(self, options: Mapping[str, Any]) -> None:
        """Remove users."""
        count = room_commands.remove_users_from_room(**user_options(options))
        self.report(f"Removed {count}.")

    def do_set(self, options: Mapping[str, Any]) -> None:
        """Change type, name and password."""
        password = "" if options["no_password"] else self.read_password(options)
        type = TYPES[options["type"]] if options["type"] else None
        changes = RoomChanges(type=type, name=options["name"], password=password)
        if changes == RoomChanges():
            message = "Give --type, --name, or a password."
            raise CommandError(message, returncode=2)
        room_administration.change_room(
            room_id=room_commands.find_room(token=options["token"]).pk,
            actor=NOBODY,
            changes=changes,
            now=timezone.now(),
        )
        self.report("Done.")

    def read_password(self, options: Mapping[str, Any]) -> str | None:
        """Read a password from the terminal or standard input; None if not requested.

        It is never an argument, because all users of the machine can see arguments.

        Raises:
            CommandError: the password is empty, or the two entries differ.
        """
        if options["password_stdin"]:
            password = sys.stdin.readline().rstrip("\r\n")
        elif options["password"]:
            password = getpass("Password: ")
            if getpass("Again: ") != password:
                raise CommandError("The passwords differ.")
        else:
            return None
        if not password:
            raise CommandError("The password is empty.")
        return password

    def write_json(self, value: Any) -> None:
        """Write a value as JSON."""
        self.stdout.write(json.dumps(value, indent=2))


def add_user_arguments(parser: ArgumentParser) -> None:
    """Add the options that select users."""
    for option, target in (("--user", "a user"), ("--group", "all members of a group")):
        parser.add_argument(
            option,
            action="append",
            default=[],
            metavar="ID",
            help=f"{target}; may be given several times",
        )


def add_password_arguments(parser: ArgumentParser) -> Any:
    """Add the options for a password."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--password", action="store_true", help="ask for a password")
    group.add_argument(
        "--password-stdin", action="store_true", help="read it from standard input"
    )
    return group


def user_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that add or remove the selected users.

    Raises:
        CommandError: neither users nor groups were given.
        NotFound: a user or group does not exist.
    """
    if not (options["user"] or options["group"]):
        raise CommandError("Give --user or --group.", returncode=2)
    users = find_users(user_ids=options["user"], group_ids=options["group"])
    return {"token": options["token"], "users": users, "now": timezone.now()}


def read_answer(question: str) -> str:
    """Ask a question on the terminal; return an empty text if there is no input."""
    try:
        return input(question)
    except EOFError:
        return ""


def describe(room: Room) -> dict[str, Any]:
    """Return the fields of a room to show, without secrets."""
    return {
        "token": room.token,
        "type": NAMES_OF_TYPES[RoomType(room.type)],
        "name": room.name,
        "users": room.user_count,
        "comments": room.comment_count,
        "has_password": bool(room.password),
        "last_activity": room.last_activity and room.last_activity.isoformat(),
        "call_since": room.active_since and room.active_since.isoformat(),
        "object_type": room.object_type,
        "object_id": room.object_id,
    }


def describe_participant(participant: Participant) -> dict[str, Any]:
    """Return the fields of a participant to show. `id` is empty for guests."""
    user, guest = participant.user, participant.guest
    name = get_adapter().display_name(user) if user else guest and guest.display_name
    return {
        "id": get_adapter().user_id(user) if user else "",
        "name": name or "",
        "type": ParticipantType(participant.type).name.lower(),
        "connected": participant.is_connected,
    }


def format_row(room: Room) -> str:
    """Return a room as one line."""
    description = describe(room)
    day = (description["last_activity"] or "-")[:10]
    return (
        f"{description['token']:10}  {description['type']:10}  {description['users']:5}  {day:10}  "
        f"{description['name']}"
    ).rstrip()
