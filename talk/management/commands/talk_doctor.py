"""``manage.py talk_doctor``: test that the configured services work."""

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
    """Run all probes and print their findings; fail if a probe has failed."""

    help = (
        "Tests the services that Talk depends on: database, cache, channel layer, the site "
        "itself, mail, STUN, TURN and signaling servers."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options."""
        parser.add_argument(
            "--url",
            type=http_url,
            help=(
                "URL of the running site, including the prefix of Talk's URLs "
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

    def run(self, options: Mapping[str, Any]) -> None:
        """Run the probes.

        Raises:
            CommandError: a probe has failed.
        """
        request = ProbeOptions(url=options["url"] or "", mail_to=options["mail"])
        findings = []
        for finding in run_probes(request):
            findings.append(finding)
            if not options["json"]:
                self.report(self._line(finding))
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


def http_url(text: str) -> str:
    """Parse an http(s) URL.

    Raises:
        ArgumentTypeError: the text is not such a URL.
    """
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ArgumentTypeError(f"{text!r} is not an http(s) URL")
    return text
