"""``manage.py talk_expire``: retention, for sites that do not keep what was said."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.core.management import CommandError
from django.utils import timezone

from talk.domain.message_expiry import expire_messages, find_room_ids, preview_expiry
from talk.management.base import (
    TalkCommand,
    add_batch_size,
    add_dry_run,
    whole_number,
)


class Command(TalkCommand):
    """Delete old messages of the rooms that are named; nothing expires otherwise."""

    help = (
        "Deletes the messages of rooms that are older than some days. "
        "The rooms themselves stay, with everybody in them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("tokens", nargs="*", metavar="token", help="a room")
        parser.add_argument("--all", action="store_true", help="all rooms of the site")
        parser.add_argument(
            "--days",
            type=whole_number,
            required=True,
            metavar="N",
            help="age from which messages go; there is no default",
        )
        add_dry_run(parser)
        add_batch_size(parser)

    def work(self, options: Mapping[str, Any]) -> None:
        """Delete, or count.

        Raises:
            CommandError: neither rooms nor all rooms were asked for, or both.
            NotFound: there is no such room.
        """
        if bool(options["tokens"]) == options["all"]:
            raise CommandError("Name rooms, or give --all.", returncode=2)
        tokens, size = options["tokens"], options["batch_size"]
        room_ids = None if options["all"] else find_room_ids(tokens=tokens)
        before = timezone.now() - timedelta(days=options["days"])
        if options["dry_run"]:
            found = list(preview_expiry(before=before, room_ids=room_ids))
            count = sum(expired.messages for expired in found)
            self.say(f"Would delete {count} messages of {len(found)} rooms.")
            return
        messages, rooms = 0, set()
        for expired in expire_messages(
            before=before, room_ids=room_ids, batch_size=size
        ):
            if expired.messages:
                messages += expired.messages
                rooms.add(expired.room_id)
                self.say(f"… {messages} messages of {len(rooms)} rooms")
        self.say(f"Deleted {messages} messages of {len(rooms)} rooms.")
