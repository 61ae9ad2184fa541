"""``manage.py talk_cleanup``: what has ended without a farewell, and who left no trace."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from django.utils import timezone

from talk.constants import SESSION_LIVE_SECONDS
from talk.domain.cleanup import CleanupAges, CleanupCounts, clean_up_in_steps
from talk.domain.cleanup_preview import preview_cleanup
from talk.domain.guest_cleanup import delete_unused_guests
from talk.management.base import (
    TalkCommand,
    add_batch_size,
    add_dry_run,
    whole_number,
)

NOUNS = {
    "sessions": "dead sessions",
    "participants": "places of guests and self-joined users",
    "calls": "calls",
    "rooms": "empty rooms",
    "signaling_messages": "signaling messages",
    "guests": "guests whom nothing names",
}


class Command(TalkCommand):
    """Clean up, from cron or by hand; the ASGI processes do most of it by themselves."""

    help = (
        "Removes dead sessions with the guests that depended on them, ends calls that "
        "nobody is in, deletes empty rooms, old signaling messages, and guests who "
        "are gone and whom no message names."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        add_dry_run(parser)
        add_batch_size(parser)
        parser.add_argument(
            "--session-seconds",
            type=session_age,
            default=CleanupAges.session_seconds,
            metavar="AGE",
            help=(
                "age of the last ping of sessions that go (default: %(default)s, when "
                "they count as gone everywhere; never less)"
            ),
        )
        parser.add_argument(
            "--signaling-seconds",
            type=whole_number,
            default=CleanupAges.signaling_seconds,
            metavar="AGE",
            help=(
                "age of signaling messages that go (default: %(default)s; a call that "
                "has not begun by then was given up)"
            ),
        )

    def work(self, options: Mapping[str, Any]) -> None:
        """Remove, or count."""
        now, size = timezone.now(), options["batch_size"]
        ages = CleanupAges(
            session_seconds=options["session_seconds"],
            signaling_seconds=options["signaling_seconds"],
        )
        if options["dry_run"]:
            self.say(f"Would remove {words(preview_cleanup(now=now, ages=ages))}.")
            return
        total = said = CleanupCounts()
        for cleaned in steps(now=now, ages=ages, batch_size=size):
            total += cleaned
            if rows(total) - rows(said) >= size:
                said = total
                self.say(f"… {words(total)}")
        self.say(f"Removed {words(total)}.")


def steps(*, batch_size: int, **options: Any) -> Iterator[CleanupCounts]:
    """Clean up, then forget guests, who may have become forgettable by that."""
    yield from clean_up_in_steps(batch_size=batch_size, **options)
    for guests in delete_unused_guests(batch_size=batch_size):
        yield CleanupCounts(guests=guests)


def rows(cleaned: CleanupCounts) -> int:
    """Return how much was done."""
    return sum(asdict(cleaned).values())


def words(cleaned: CleanupCounts) -> str:
    """Return what was done, in words."""
    found = {NOUNS[name]: count for name, count in asdict(cleaned).items() if count}
    return ", ".join(f"{count} {noun}" for noun, count in found.items()) or "nothing"


def session_age(text: str) -> int:
    """Return an age of sessions at which none is live.

    Raises:
        ArgumentTypeError: it is none.
    """
    seconds = whole_number(text)
    if seconds < SESSION_LIVE_SECONDS:
        message = f"sessions are live for {SESSION_LIVE_SECONDS} seconds"
        raise ArgumentTypeError(message)
    return seconds
