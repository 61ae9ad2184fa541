"""``manage.py talk_doctor``: tries out whether what is configured works."""

from __future__ import annotations

import json
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from django.core.management import CommandError

from talk.doctor.findings import Finding, ProbeOptions, Verdict
from talk.doctor.probes import run_probes
from talk.management.base import TalkCommand


class Command(TalkCommand):
    """Run all probes and tell what they find; fail when one has failed."""

    help = (
        "Tries out what Talk depends on: database, cache, channel layer, the site "
        "itself, mail, STUN, TURN and signaling servers."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--url",
            type=web_address,
            help=(
                "address of the running site, below which the app's URLs live "
                "(default: TALK['SITE_URL'])"
            ),
        )
        parser.add_argument(
            "--mail",
            default="",
            metavar="ADDRESS",
            help="send a mail to this address",
        )
        parser.add_argument("--json", action="store_true", help="write a JSON list")

    def work(self, options: Mapping[str, Any]) -> None:
        """Examine.

        Raises:
            CommandError: something does not work.
        """
        request = ProbeOptions(url=options["url"] or "", mail_to=options["mail"])
        findings = []
        for finding in run_probes(request):
            findings.append(finding)
            if not options["json"]:
                self.say(self._line(finding))
        if options["json"]:
            self.stdout.write(json.dumps([asdict(f) for f in findings], indent=2))
        count = sum(finding.verdict is Verdict.FAILED for finding in findings)
        if count:
            raise CommandError(f"{count} of {len(findings)} probes have failed.")

    def _line(self, finding: Finding) -> str:
        style = {
            Verdict.OK: self.style.SUCCESS,
            Verdict.WARNING: self.style.WARNING,
            Verdict.FAILED: self.style.ERROR,
            Verdict.SKIPPED: self.style.NOTICE,
        }[finding.verdict]
        line = f"{style(f'{finding.verdict:8}')}{finding.probe}: {finding.message}"
        return f"{line}\n        {finding.remedy}" if finding.remedy else line


def web_address(text: str) -> str:
    """Return an address that can be asked over HTTP.

    Raises:
        ArgumentTypeError: it is none.
    """
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ArgumentTypeError(f"{text!r} is no http(s) address")
    return text
