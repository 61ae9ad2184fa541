"""``manage.py talk_cleanup``: remove dead sessions and the rows that depend on them."""

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
    "participants": "participants who were guests or had joined by link",
    "calls": "calls",
    "rooms": "empty rooms",
    "signaling_messages": "signaling messages",
    "guests": "unused guests",
}


class Command(TalkCommand):
    """Clean up from cron or by hand; the ASGI processes also do most of this."""

    help = (
        "Removes dead sessions and the guests that depend on them, ends calls without "
        "participants, and deletes empty rooms, old signaling messages, and guests who "
        "have left and whom no message names."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options."""
        add_dry_run(parser)
        add_batch_size(parser)
        parser.add_argument(
            "--session-seconds",
            type=session_age,
            default=CleanupAges.session_seconds,
            metavar="AGE",
            help=(
                "remove sessions whose last ping is older than this (default: "
                "%(default)s, the age at which sessions are dead; also the minimum)"
            ),
        )
        parser.add_argument(
            "--signaling-seconds",
            type=whole_number,
            default=CleanupAges.signaling_seconds,
            metavar="AGE",
            help=(
                "remove signaling messages older than this (default: %(default)s; no "
                "client waits that long for a call to begin)"
            ),
        )

    def run(self, options: Mapping[str, Any]) -> None:
        """Remove rows, or count them."""
        now, size = timezone.now(), options["batch_size"]
        ages = CleanupAges(
            session_seconds=options["session_seconds"],
            signaling_seconds=options["signaling_seconds"],
        )
        if options["dry_run"]:
            self.report(
                f"Would remove {describe_counts(preview_cleanup(now=now, ages=ages))}."
            )
            return
        total = reported = CleanupCounts()
        for cleaned in clean_up_all(now=now, ages=ages, batch_size=size):
            total += cleaned
            if sum_counts(total) - sum_counts(reported) >= size:
                reported = total
                self.report(f"… {describe_counts(total)}")
        self.report(f"Removed {describe_counts(total)}.")


def clean_up_all(*, batch_size: int, **options: Any) -> Iterator[CleanupCounts]:
    """Clean up, then delete guests who are unused, also because of the clean-up."""
    yield from clean_up_in_steps(batch_size=batch_size, **options)
    for guests in delete_unused_guests(batch_size=batch_size):
        yield CleanupCounts(guests=guests)


def sum_counts(cleaned: CleanupCounts) -> int:
    """Return the sum of all counts."""
    return sum(asdict(cleaned).values())


def describe_counts(cleaned: CleanupCounts) -> str:
    """Return the counts in words."""
    counts = {NOUNS[name]: count for name, count in asdict(cleaned).items() if count}
    return ", ".join(f"{count} {noun}" for noun, count in counts.items()) or "nothing"


def session_age(text: str) -> int:
    """Parse an age at which no session is live any more.

    Raises:
        ArgumentTypeError: the text is not such an age.
    """
    seconds = whole_number(text)
    if seconds < SESSION_LIVE_SECONDS:
        message = f"sessions are live for {SESSION_LIVE_SECONDS} seconds"
        raise ArgumentTypeError(message)
    return seconds
