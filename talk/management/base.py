"""What our commands have in common: their options, their progress, their failures."""

from __future__ import annotations

from abc import abstractmethod
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping
from typing import Any

from django.core.management import BaseCommand, CommandError

from talk.exceptions import TalkError
from talk.models import BATCH


class TalkCommand(BaseCommand):
    """A command that is silent at verbosity 0 and ends with 0, 1 or 2.

    Warnings of system checks are for who starts the site; cron would mail them each time.
    """

    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the work.

        Raises:
            CommandError: it could not be done, or somebody has stopped it.
        """
        self.is_talking = options["verbosity"] > 0
        try:
            self.work(options)
        except TalkError as error:
            raise CommandError(error.message or f"Refused: {error.code}.") from error
        except KeyboardInterrupt:
            message = "Stopped. What was done stays done; another run goes on."
            raise CommandError(message) from None

    @abstractmethod
    def work(self, options: Mapping[str, Any]) -> None:
        """Do what the command is for.

        Raises:
            TalkError: something was refused.
        """

    def say(self, text: str) -> None:
        """Write a line, unless the command is to be silent."""
        if self.is_talking:
            self.stdout.write(text)


def add_dry_run(parser: ArgumentParser) -> None:
    """Declare `--dry-run`."""
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="say what would be removed, and remove nothing",
    )


def add_batch_size(parser: ArgumentParser) -> None:
    """Declare `--batch-size`."""
    parser.add_argument(
        "--batch-size",
        type=batch_size,
        default=BATCH,
        metavar="ROWS",
        help=(
            f"rows of one transaction, 1 to {BATCH} (default: %(default)s, which every "
            "database takes in one statement); fewer hold locks for a shorter time"
        ),
    )


def batch_size(text: str) -> int:
    """Return a number of rows.

    Raises:
        ArgumentTypeError: it is none, or more than fit into a statement.
    """
    number = whole_number(text)
    if number > BATCH:
        raise ArgumentTypeError(f"not more than {BATCH}")
    return number


def whole_number(text: str) -> int:
    """Return a number from 1 on.

    Raises:
        ArgumentTypeError: it is none.
    """
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise ArgumentTypeError(f"{text!r} is no whole number above 0")
    return number
