"""Base class and shared options of the management commands."""

from __future__ import annotations

from abc import abstractmethod
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping
from typing import Any

from django.core.management import BaseCommand, CommandError

from talk.exceptions import TalkError
from talk.models import BATCH


class TalkCommand(BaseCommand):
    """A command that is silent at verbosity 0 and exits with 0, 1 or 2.

    System checks are off, because cron would mail their warnings after each run.
    """

    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command and translate errors.

        Raises:
            CommandError: the domain refused the command, or it was interrupted.
        """
        self.is_verbose = options["verbosity"] > 0
        try:
            self.run(options)
        except TalkError as error:
            raise CommandError(error.message or f"Refused: {error.code}.") from error
        except KeyboardInterrupt:
            message = "Stopped. Finished steps are kept; the next run continues."
            raise CommandError(message) from None

    @abstractmethod
    def run(self, options: Mapping[str, Any]) -> None:
        """Do the work of the command.

        Raises:
            TalkError: the domain refused it.
        """

    def report(self, text: str) -> None:
        """Write a line unless verbosity is 0."""
        if self.is_verbose:
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
            "database accepts in one statement); fewer rows hold locks for a shorter time"
        ),
    )


def batch_size(text: str) -> int:
    """Parse a number of rows.

    Raises:
        ArgumentTypeError: the text is not a whole number from 1 to `BATCH`.
    """
    number = whole_number(text)
    if number > BATCH:
        raise ArgumentTypeError(f"not more than {BATCH}")
    return number


def whole_number(text: str) -> int:
    """Parse a whole number above 0.

    Raises:
        ArgumentTypeError: the text is not such a number.
    """
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return number
