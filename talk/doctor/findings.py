"""What a probe finds, and what it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How something is."""

    OK = "ok"
    WARNING = "warning"
    """It works, and somebody may be disappointed."""
    FAILED = "failed"
    SKIPPED = "skipped"
    """There was nothing to be tried out, or not enough to do so."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One verdict: on what, why, and what to do about it."""

    probe: str
    verdict: Verdict
    message: str
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the doctor is asked to look at besides the settings.

    `url` is the address below which the app's URLs live; `mail_to` is who gets a mail.
    Both may be empty.
    """

    url: str = ""
    mail_to: str = ""


Probe = Callable[[Request], Iterable[Finding]]
"""Tries something out. What it raises is a failure of what it tried."""


def ok(probe: str, message: str) -> Finding:
    """Return that something works."""
    return Finding(probe=probe, verdict=Verdict.OK, message=message)


def warning(probe: str, message: str, remedy: str) -> Finding:
    """Return that something works, but not well."""
    return Finding(probe=probe, verdict=Verdict.WARNING, message=message, remedy=remedy)


def failed(probe: str, message: str, remedy: str) -> Finding:
    """Return that something does not work."""
    return Finding(probe=probe, verdict=Verdict.FAILED, message=message, remedy=remedy)


def skipped(probe: str, message: str) -> Finding:
    """Return that something was not tried out, and why."""
    return Finding(probe=probe, verdict=Verdict.SKIPPED, message=message)
