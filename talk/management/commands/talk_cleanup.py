"""``manage.py talk_cleanup``: what has ended without a farewell, and who left no trace."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from django.utils import timezone

from talk.constants import SESSION_LIVE_SECONDS
from talk.domain.cleanup import Ages, Cleaned, cleaning_steps
from talk.domain.cleanup_preview import preview_cleanup
from talk.domain.guest_cleanup import forgetting_steps
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
            default=Ages.session_seconds,
            metavar="AGE",
            help=(
                "age of the last ping of sessions that go (default: %(default)s, when "
                "they count as gone everywhere; never less)"
            ),
        )
        parser.add_argument(
            "--signaling-seconds",
            type=whole_number,
            default=Ages.signaling_seconds,
            metavar="AGE",
            help=(
                "age of signaling messages that go (default: %(default)s; a call that "
                "has not begun by then was given up)"
            ),
        )

    def work(self, options: Mapping[str, Any]) -> None:
        """Remove, or count."""
        now, size = timezone.now(), options["batch_size"]
        ages = Ages(
            session_seconds=options["session_seconds"],
            signaling_seconds=options["signaling_seconds"],
        )
        if options["dry_run"]:
            self.say(f"Would remove {words(preview_cleanup(now=now, ages=ages))}.")
            return
        total = said = Cleaned()
        for cleaned in steps(now=now, ages=ages, batch_size=size):
            total += cleaned
            if rows(total) - rows(said) >= size:
                said = total
                self.say(f"… {words(total)}")
        self.say(f"Removed {words(total)}.")


def steps(*, batch_size: int, **options: Any) -> Iterator[Cleaned]:
    """Clean up, then forget guests, who may have become forgettable by that."""
    yield from cleaning_steps(batch_size=batch_size, **options)
    for guests in forgetting_steps(batch_size=batch_size):
        yield Cleaned(guests=guests)


def rows(cleaned: Cleaned) -> int:
    """Return how much was done."""
    return sum(asdict(cleaned).values())


def words(cleaned: Cleaned) -> str:
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
