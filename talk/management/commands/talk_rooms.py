"""``manage.py talk_rooms``: rooms from the shell and in scripts."""

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
    """Do one of several things to rooms; each has a method of its name."""

    help = (
        "Lists, shows, creates, changes and deletes rooms. People in them see it "
        "happen, and nobody is named as the one who did it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what can be done, and the options of each."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="action")
        listing = actions.add_parser("list", help="list rooms, the latest news first")
        listing.add_argument("--type", choices=TYPES)
        listing.add_argument("--user", metavar="ID", help="rooms that a user is in")
        listing.add_argument("--search", default="", help="text in name or token")
        listing.add_argument("--idle-days", type=whole_number, metavar="N")
        showing = actions.add_parser("show", help="show a room and who is in it")
        showing.add_argument("token")
        creating = actions.add_parser("create", help="create a room, print its token")
        creating.add_argument("--owner", required=True, metavar="ID")
        creating.add_argument("--type", choices=TYPES, default="group")
        creating.add_argument("--name", default="")
        deleting = actions.add_parser("delete", help="delete rooms with all in them")
        deleting.add_argument("tokens", nargs="+", metavar="token")
        deleting.add_argument(
            *("--no-input", "--noinput"),
            action="store_false",
            dest="interactive",
            help="do not ask",
        )
        adding = actions.add_parser("add", help="give people a place in a room")
        removing = actions.add_parser("remove", help="take people's places in a room")
        setting = actions.add_parser("set", help="change what a room is")
        setting.add_argument("token")
        setting.add_argument("--type", choices=CHANGEABLE)
        setting.add_argument("--name")
        for parser_of_people in (adding, removing):
            parser_of_people.add_argument("token")
        for parser_of_people in (creating, adding, removing):
            add_people_arguments(parser_of_people)
        for parser_with_json in (listing, showing):
            parser_with_json.add_argument("--json", action="store_true")
        add_password_arguments(creating)
        add_password_arguments(setting).add_argument(
            "--no-password", action="store_true", help="remove the password"
        )

    def work(self, options: Mapping[str, Any]) -> None:
        """Do what was asked for."""
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
            self.stdout.write(line_of(room))

    def do_show(self, options: Mapping[str, Any]) -> None:
        """Show a room."""
        room = room_commands.find_room(token=options["token"])
        people = room_commands.list_participants(room=room, now=timezone.now())
        if options["json"]:
            described = [describe_place(participant) for participant in people]
            self.write_json({**describe(room), "people": described})
            return
        for key, value in describe(room).items():
            self.stdout.write(f"{key}: {'' if value is None else value}")
        for participant in people:
            about = describe_place(participant)
            state = "connected" if about["connected"] else "away"
            self.stdout.write(f"  {about['id']} ({about['type']}, {state})")

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
            CommandError: nobody has confirmed it. Nothing has been deleted then.
        """
        rooms = [room_commands.find_room(token=token) for token in options["tokens"]]
        if options["interactive"]:
            for room in rooms:
                self.stdout.write(line_of(room))
            question = (
                "Delete these rooms, with everything that was said there? [yes/no] "
            )
            if ask(question) != "yes":
                raise CommandError("Nothing was deleted.")
        for room in rooms:
            room_administration.delete_room(room_id=room.pk, actor=NOBODY)
            self.say(f"Deleted {room.token}.")

    def do_add(self, options: Mapping[str, Any]) -> None:
        """Add people."""
        count = room_commands.add_users_to_room(**people_of(options))
        self.say(f"Added {count}.")

    def do_remove(self, options: Mapping[str, Any]) -> None:
        """Remove people."""
        count = room_commands.remove_users_from_room(**people_of(options))
        self.say(f"Removed {count}.")

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
        self.say("Done.")

    def read_password(self, options: Mapping[str, Any]) -> str | None:
        """Return the password that somebody types or sends; None if nobody wants one.

        Arguments can be seen by everybody on the machine, so that it is never one.

        Raises:
            CommandError: it is empty, or was typed differently.
        """
        if options["password_stdin"]:
            password = sys.stdin.readline().rstrip("\r\n")
        elif options["password"]:
            password = getpass("Password: ")
            if getpass("Again: ") != password:
                raise CommandError("The two are different.")
        else:
            return None
        if not password:
            raise CommandError("The password is empty.")
        return password

    def write_json(self, value: Any) -> None:
        """Write something as JSON."""
        self.stdout.write(json.dumps(value, indent=2))


def add_people_arguments(parser: ArgumentParser) -> None:
    """Declare who is meant."""
    for option, what in (("--user", "a user"), ("--group", "all members of a group")):
        parser.add_argument(
            option,
            action="append",
            default=[],
            metavar="ID",
            help=f"{what}; may be given several times",
        )


def add_password_arguments(parser: ArgumentParser) -> Any:
    """Declare where a password comes from."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--password", action="store_true", help="ask for a password")
    group.add_argument(
        "--password-stdin", action="store_true", help="read it from standard input"
    )
    return group


def people_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return whom to add or remove, and where.

    Raises:
        CommandError: nobody was named.
        NotFound: there is no such user, or group.
    """
    if not (options["user"] or options["group"]):
        raise CommandError("Give --user or --group.", returncode=2)
    people = find_users(user_ids=options["user"], group_ids=options["group"])
    return {"token": options["token"], "users": people, "now": timezone.now()}


def ask(question: str) -> str:
    """Return what somebody answers; nothing where nobody can."""
    try:
        return input(question)
    except EOFError:
        return ""


def describe(room: Room) -> dict[str, Any]:
    """Return what there is to know about a room, and no secret."""
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


def describe_place(participant: Participant) -> dict[str, Any]:
    """Return who somebody in a room is. `id` is empty for guests."""
    user, guest = participant.user, participant.guest
    name = get_adapter().display_name(user) if user else guest and guest.display_name
    return {
        "id": get_adapter().user_id(user) if user else "",
        "name": name or "",
        "type": ParticipantType(participant.type).name.lower(),
        "connected": participant.is_connected,
    }


def line_of(room: Room) -> str:
    """Return a room in a line."""
    about = describe(room)
    day = (about["last_activity"] or "-")[:10]
    return (
        f"{about['token']:10}  {about['type']:10}  {about['users']:5}  {day:10}  "
        f"{about['name']}"
    ).rstrip()
