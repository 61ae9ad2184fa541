"""``manage.py talk_expire``: delete old messages, for sites with a retention period."""

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
    """Delete old messages of the given rooms. Nothing else deletes old messages."""

    help = (
        "Deletes messages that are older than a number of days. "
        "The rooms and their participants stay."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options."""
        parser.add_argument(
            "tokens", nargs="*", metavar="token", help="token of a room"
        )
        parser.add_argument("--all", action="store_true", help="all rooms of the site")
        parser.add_argument(
            "--days",
            type=whole_number,
            required=True,
            metavar="N",
            help="delete messages that are at least this old; required",
        )
        add_dry_run(parser)
        add_batch_size(parser)

    def run(self, options: Mapping[str, Any]) -> None:
        """Delete messages, or count them.

        Raises:
            CommandError: neither tokens nor `--all` were given, or both.
            NotFound: a room does not exist.
        """
        if bool(options["tokens"]) == options["all"]:
            raise CommandError("Name rooms, or give --all.", returncode=2)
        tokens, size = options["tokens"], options["batch_size"]
        room_ids = None if options["all"] else find_room_ids(tokens=tokens)
        before = timezone.now() - timedelta(days=options["days"])
        if options["dry_run"]:
            previews = list(preview_expiry(before=before, room_ids=room_ids))
            count = sum(expired.messages for expired in previews)
            self.report(f"Would delete {count} messages of {len(previews)} rooms.")
            return
        messages, rooms = 0, set()
        for expired in expire_messages(
            before=before, room_ids=room_ids, batch_size=size
        ):
            if expired.messages:
                messages += expired.messages
                rooms.add(expired.room_id)
                self.report(f"… {messages} messages of {len(rooms)} rooms")
        self.report(f"Deleted {messages} messages of {len(rooms)} rooms.")
