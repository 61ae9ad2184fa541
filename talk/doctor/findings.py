"""Findings: the results of probes, and the options that probes get."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """The result of a test."""

    OK = "ok"
    WARNING = "warning"
    """It works, but not as well as it could."""
    FAILED = "failed"
    SKIPPED = "skipped"
    """It was not tested."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The verdict of a probe, with its reason and a remedy."""

    probe: str
    verdict: Verdict
    message: str
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class ProbeOptions:
    """The subjects of probes that the settings do not name.

    `url` is the address of the app's URLs; `mail_to` is the address to send a mail to.
    Both may be empty.
    """

    url: str = ""
    mail_to: str = ""


Probe = Callable[[ProbeOptions], Iterable[Finding]]
"""Tests a service. An error that it raises is a failure of the service."""


def ok(probe: str, message: str) -> Finding:
    """Return a finding that something works."""
    return Finding(probe=probe, verdict=Verdict.OK, message=message)


def warning(probe: str, message: str, remedy: str) -> Finding:
    """Return a finding that something works, but not well."""
    return Finding(probe=probe, verdict=Verdict.WARNING, message=message, remedy=remedy)


def failed(probe: str, message: str, remedy: str) -> Finding:
    """Return a finding that something does not work."""
    return Finding(probe=probe, verdict=Verdict.FAILED, message=message, remedy=remedy)


def skipped(probe: str, message: str) -> Finding:
    """Return a finding that something was not tested, and why."""
    return Finding(probe=probe, verdict=Verdict.SKIPPED, message=message)
