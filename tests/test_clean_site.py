"""A new site, made of Django's own and of what the README says, in which people talk."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.readme import ROOT, blocks
from tests.servers import Server, poll, say, until

pytestmark = pytest.mark.server

PEOPLE = """
from django.contrib.auth.models import User
for name in ("alice", "bob"):
    User.objects.create_user(name, password=f"{name}-secret")
"""


def apply(site: Path, heading: str) -> None:
    """Do to the files of a site what the README says below a heading."""
    for block in blocks("python", heading=heading):
        for name, text in block.files.items():
            file = site / name
            before = file.read_text(encoding="utf-8")
            last_line = "application = get_asgi_application()\n"
            before = before.removesuffix(last_line) if name == "asgi.py" else before
            file.write_text(f"{before}\n{text}", encoding="utf-8")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The site under uvicorn, with two people in an SQLite file."""
    environment = {"DJANGO_SETTINGS_MODULE": "mysite.settings", "PYTHONPATH": str(ROOT)}

    def run(*arguments: str) -> None:
        result = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stdout + result.stderr

    create = "from django.core.management import execute_from_command_line as run"
    run("-c", f"{create}; run(['', 'startproject', 'mysite', '.'])")
    for heading in ("Install", "The page", "Operate"):
        apply(tmp_path / "mysite", heading)
    run("manage.py", "migrate", "-v0")
    run("manage.py", "shell", "-v0", "-c", PEOPLE)
    arguments = ["-m", "uvicorn", "mysite.asgi:application", "--port", "0"]
    server = Server(*arguments, "--app-dir", str(tmp_path), **environment)
    yield server
    server.kill()


def client_of(server: Server, name: str) -> httpx.AsyncClient:
    """Return a client that sends a password with each request."""
    return httpx.AsyncClient(
        base_url=server.url,
        auth=(name, f"{name}-secret"),
        headers={"OCS-APIRequest": "true", "Accept": "application/json"},
        timeout=90,
    )


@pytest.mark.asyncio
async def test_two_people_talk_and_a_poll_is_woken(server: Server) -> None:
    async with client_of(server, "alice") as alice, client_of(server, "bob") as bob:
        room = {"roomType": 1, "invite": "bob"}
        created = await alice.post("/ocs/v2.php/apps/spreed/api/v1/room", data=room)
        token = created.json()["ocs"]["data"]["token"]
        first = await say(alice, token, "Are you there?")

        waiting = asyncio.create_task(poll(bob, token, first))
        await until(lambda text: "\ntalk_waiters 1.0\n" in text, lambda: metrics(alice))
        second = await say(alice, token, "Hello!")
        answer = await waiting

    assert answer.status_code == 200
    assert [m["id"] for m in answer.json()["ocs"]["data"]] == [second]
    assert answer.headers["X-Talk-Served-By"] == "talk.asgi"


async def metrics(client: httpx.AsyncClient) -> str:
    """Return what the site tells Prometheus."""
    return (await client.get("/metrics")).text
