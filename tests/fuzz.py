"""Thousands of requests that follow the OpenAPI document, or nearly do, by several people.

A server of its own is started on a database of its own, and Schemathesis is run against
it: no answer may be a 500, or have a status or a body that is not documented. ::

    tox -e schemathesis
    python -m tests.fuzz --examples 20 --callers alice guest
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
ENDINGS = "(Room|OwnParticipant|Participant)_destroy$"
"""Requests after which there may be no room any more; they come last."""

ROOMS_OF_A_KIND = 3
CALLERS = ("alice", "bob", "guest", "anonymous")
BASE = "/ocs/v2.php/apps/spreed/api/v1"

LIMITS = {"GUEST_JOINS_MAX": 10**6, "SIGNALING_POLL_SECONDS": 1}
"""The server's `TALK`: nobody is kept from joining, and polls end soon."""


def main() -> int:
    """Run it, and return 0 if all answers were as documented."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=20, help="of each operation")
    parser.add_argument("--callers", nargs="+", choices=CALLERS, default=CALLERS)
    parser.add_argument("--seconds", type=int, default=600, help="for each run at most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--program", default="schemathesis", help="its path")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        prepare_site(Path(folder))
        return run(options, Path(folder))


def prepare_site(folder: Path) -> None:
    """Set up Django on a new SQLite file."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    os.environ["DATABASE_URL"] = f"sqlite:///{folder / 'fuzz.sqlite3'}"
    os.environ["TALK"] = json.dumps(LIMITS)
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def run(options: argparse.Namespace, folder: Path) -> int:
    """Start the server and let every caller send their requests."""
    from tests.document import document
    from tests.servers import uvicorn_server

    tokens = make_rooms()
    path = folder / "openapi.json"
    path.write_text(json.dumps(for_these_rooms(document(), tokens)), "utf-8")
    server = uvicorn_server()
    try:
        codes = [
            subprocess.run(
                [*command(options, path, server.url), *whole, *told],
                cwd=folder,
                check=False,
            ).returncode
            for caller in options.callers
            for told in [credentials(caller, server.url, tokens)]
            for whole in (
                ["--exclude-operation-id-regex", ENDINGS],
                ["--include-operation-id-regex", ENDINGS],
            )
        ]
    finally:
        server.kill()
    sys.stdout.writelines(line for line in server.log if "Traceback" in line)
    return max(codes)


def command(options: argparse.Namespace, path: Path, url: str) -> list[str]:
    """Return what all runs have in common."""
    return [
        options.program,
        *("run", str(path), "--url", url),
        *("--checks", ",".join(CHECKS)),
        *("--phases", "examples,coverage,fuzzing"),
        *("--max-examples", str(options.examples), "--seed", str(options.seed)),
        *("--header", "Accept: application/json", "--header", "OCS-APIRequest: true"),
        *("--max-time", str(options.seconds)),
        # Some leave `timeout` out all the same, and are answered after half a minute.
        *("--request-timeout", "60"),
        *("--generation-database", "none", "--workers", "1", "--no-color"),
        *("--continue-on-failure", "--suppress-health-check", "all"),
    ]


def make_rooms() -> list[str]:
    """Make people and rooms of all kinds; return the tokens."""
    from django.contrib.auth import get_user_model

    from tests.client import TalkClient
    from tests.factories import UserFactory

    for name in ("alice", "bob", "carol"):
        UserFactory(username=name)
    alice = TalkClient(get_user_model().objects.get(username="alice"))
    tokens = [alice.create_room(type=1, invite="bob")]
    for number in range(ROOMS_OF_A_KIND):
        for kind in (2, 3):
            token = alice.create_room(type=kind, name=f"Room {number}")
            alice.post(f"/room/{token}/participants", newParticipant="bob")
            alice.join(token)
            alice.say(token, "hello @bob")
            tokens.append(token)
    return tokens


def for_these_rooms(document: dict[str, Any], tokens: list[str]) -> dict[str, Any]:
    """Return the document for requests that reach rooms and do not wait."""
    copy: dict[str, Any] = json.loads(json.dumps(document))
    for item in copy["paths"].values():
        for operation in item.values():
            for parameter in operation["parameters"]:
                if parameter["name"] == "token":
                    parameter["schema"] = {"enum": [*tokens, "nowhere9"]}
                if parameter["name"] == "timeout":
                    parameter |= {"schema": {"enum": [0]}, "required": True}
    return copy


def credentials(caller: str, url: str, tokens: list[str]) -> list[str]:
    """Return the options by which Schemathesis asks as this caller."""
    import httpx

    from tests.factories import PASSWORD

    if caller == "anonymous":
        return []
    if caller != "guest":
        return ["--auth", f"{caller}:{PASSWORD}"]
    with httpx.Client(base_url=url, headers={"OCS-APIRequest": "true"}) as client:
        for token in tokens:
            client.post(f"{BASE}/room/{token}/participants/active")
        return ["--header", f"Cookie: sessionid={client.cookies['sessionid']}"]


if __name__ == "__main__":
    sys.exit(main())
