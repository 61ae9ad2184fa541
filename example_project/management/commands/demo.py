"""``manage.py demo``: a site with people and rooms, up and running."""

from __future__ import annotations

import socket
from argparse import ArgumentParser
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connection

from example_project.demo_data import (
    LOCKED_ROOM,
    PEOPLE,
    ROOM_PASSWORD,
    create_demo_data,
)
from talk.constants import RoomType
from talk.models import Message, Room

LOOPBACK = ("127.0.0.1", "localhost", "::1")
API = "/ocs/v2.php/apps/spreed/api/v1"


class Command(BaseCommand):
    """Prepare the database, say what to try, and serve until Ctrl-C."""

    help = "Creates a demo site, tells what to try, and serves it until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--host",
            default="127.0.0.1",
            help="address to listen on (default: %(default)s)",
        )
        parser.add_argument(
            "--port",
            type=int,
            default=8000,
            help="port to listen on (default: %(default)s)",
        )
        parser.add_argument(
            "--reset", action="store_true", help="delete all data of the site first"
        )
        parser.add_argument(
            "--no-input",
            "--noinput",
            action="store_false",
            dest="interactive",
            help="do not ask before --reset",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the demo.

        Raises:
            CommandError: nobody can listen on the address, or `--reset` was not
                confirmed. Nothing has been changed then.
        """
        require_free(options["host"], options["port"])
        if options["reset"] and options["interactive"]:
            self._confirm()
        self.stdout.write(f"Database: {connection.settings_dict['NAME']}")
        call_command("migrate", verbosity=0, interactive=False)
        if options["reset"]:
            call_command("flush", verbosity=0, interactive=False)
        create_demo_data()
        host, port = options["host"], options["port"]
        if host not in LOOPBACK:
            settings.ALLOWED_HOSTS = ["*"]
            warning = "Anybody who can reach this address knows the passwords below."
            self.stdout.write(self.style.WARNING(warning))
        shown = f"[{host}]" if ":" in host else host
        self.stdout.write(guide(f"http://{shown}:{port}"))
        uvicorn.run("example_project.asgi:application", host=host, port=port)

    def _confirm(self) -> None:
        name = connection.settings_dict["NAME"]
        try:
            answer = input(f"Delete everything in {name}? Type 'yes' to go on: ")
        except EOFError:
            answer = "nobody is there to ask"
        if answer != "yes":
            raise CommandError("Nothing was deleted.")


def require_free(host: str, port: int) -> None:
    """Check that the server will be able to listen, before anything is done.

    Raises:
        CommandError: it will not.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            # As the server does, so that a port just left is no obstacle.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            probe.listen()
    except (OSError, OverflowError) as error:
        message = f"Cannot listen on {host}, port {port}: {error}. Try another --port."
        raise CommandError(message) from error


def guide(site: str) -> str:
    """Return what to try on the site whose address is `site`; commands to be copied."""
    pair = Room.objects.filter(type=RoomType.ONE_TO_ONE).order_by("pk").first()
    square = Room.objects.filter(type=RoomType.PUBLIC).order_by("pk").first()
    lines = ["", "People (and their first passwords)"]
    lines += [
        f"  {person.username:6} {person.password:11} {person.first_name} {person.last_name}"
        for person in PEOPLE
    ]
    lines += ["", "Rooms"]
    lines += [
        f"  {room.token} {RoomType(room.type).label:11} {room.name or people_in(room)}"
        for room in Room.objects.order_by("pk")[:20]
    ]
    lines += ["", f"The password of {LOCKED_ROOM} is {ROOM_PASSWORD!r}."]
    lines += ["", f"In a browser: {site}/ has articles with their discussions,"]
    lines += [f"{site}/apps/spreed/ all conversations of whoever logs in."]
    lines += [f"Admin: {site}/admin/"]
    if pair is not None:
        lines += _try_users(f"{site}{API}", pair)
    if square is not None:
        lines += _try_guest(f"{site}{API}", square)
    return "\n".join([*lines, "", "Ctrl-C stops the server.", ""])


def people_in(room: Room) -> str:
    """Return the names of the users of a room."""
    participants = room.participants.filter(user__isnull=False).select_related("user")
    return ", ".join(
        str(participant.user) for participant in participants.order_by("pk")
    )


def _try_users(api: str, room: Room) -> list[str]:
    newest = (
        Message.objects.filter(room=room).order_by("-pk").values_list("pk", flat=True)
    )
    poll = f"lookIntoFuture=1&lastKnownMessageId={newest[0]}&timeout=60&format=json"
    return [
        "",
        "List Alice's rooms:",
        f"  curl -u alice:alice-demo '{api}/room?format=json'",
        "",
        "Wait for a message as Bob, and in another terminal send it as Alice:",
        f"  curl -u bob:bob-demo '{api}/chat/{room.token}?{poll}'",
        f"  curl -u alice:alice-demo '{api}/chat/{room.token}?format=json' -d message=Hello",
    ]


def _try_guest(api: str, room: Room) -> list[str]:
    cookie = "-b talk-guest.cookies -H 'OCS-APIRequest: true'"
    join = f"{api}/room/{room.token}/participants/active?format=json"
    return [
        "",
        f"Join {room.name} as a guest, and say something:",
        f"  curl -c talk-guest.cookies -H 'OCS-APIRequest: true' -X POST '{join}'",
        f"  curl {cookie} '{api}/chat/{room.token}?format=json' -d message=Hi -d actorDisplayName=Gwen",
    ]
