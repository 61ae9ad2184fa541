"""`manage.py demo`, as a new user runs it."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.management import CommandError, call_command

from example_project.demo_data import GROUP_MEMBERS, PEOPLE, create_demo_data
from talk.models import Message, Participant, Room
from tests.client import TalkClient
from tests.servers import BASE, PATIENCE, Server, poll

ALICE, ALICE_PASSWORD = "alice", "alice-demo"

Start = Callable[..., Server]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the demo on a free port, on one database for the whole test."""
    servers: list[Server] = []

    def start(*options: str) -> Server:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        command = ["manage.py", "demo", "--port", str(port), *options]
        url = f"sqlite:///{tmp_path / 'demo.sqlite3'}"
        environment = {
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "example_project.settings",
        }
        servers.append(Server(*command, **environment))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


def rooms_of_alice(server: Server) -> list[dict[str, Any]]:
    """Return Alice's rooms, asked for by her password."""
    answer = httpx.get(
        f"{server.url}{BASE}/room?format=json",
        auth=(ALICE, ALICE_PASSWORD),
        timeout=PATIENCE,
    )
    assert answer.status_code == 200
    return answer.json()["ocs"]["data"]


def say(server: Server, token: str, text: str) -> None:
    """Post a message as Alice."""
    answer = httpx.post(
        f"{server.url}{BASE}/chat/{token}",
        data={"message": text},
        auth=(ALICE, ALICE_PASSWORD),
        timeout=PATIENCE,
    )
    assert answer.status_code == 201


@pytest.mark.server
def test_it_says_who_there_is_and_where_the_admin_is(start: Start) -> None:
    server = start()
    said = "".join(server.log)
    for person in PEOPLE:
        assert person.username in said
        assert person.password in said
    assert f"{server.url}/admin/" in said
    assert httpx.get(f"{server.url}/admin/login/", timeout=PATIENCE).status_code == 200


@pytest.mark.server
@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_its_commands_do_what_they_say(start: Start, tmp_path: Path) -> None:
    server = start()
    lines = [line.strip() for line in server.log if line.startswith("  curl ")]

    def run(line: str) -> subprocess.Popen[str]:
        quiet = line.replace("curl ", "curl -s ", 1)
        return subprocess.Popen(
            quiet, shell=True, cwd=tmp_path, stdout=subprocess.PIPE, text=True
        )

    def data(process: subprocess.Popen[str]) -> Any:
        return json.loads(process.communicate(timeout=PATIENCE)[0])["ocs"]["data"]

    list_rooms, wait, send, join, say_as_guest = lines
    assert len(data(run(list_rooms))) == 3
    waiting = run(wait)
    sent = data(run(send))
    assert data(waiting) == [sent]
    assert len(data(run(join))["sessionId"]) == 512
    assert data(run(say_as_guest))["actorDisplayName"] == "Gwen"


@pytest.mark.server
def test_running_it_again_keeps_what_is_there(start: Start) -> None:
    first = start()
    rooms = rooms_of_alice(first)
    say(first, rooms[0]["token"], "still here")
    first.terminate(signal.SIGINT)

    again = rooms_of_alice(start())
    assert [room["token"] for room in again] == [room["token"] for room in rooms]
    assert again[0]["lastMessage"]["message"] == "still here"


@pytest.mark.server
def test_a_reset_starts_over(start: Start) -> None:
    first = start()
    before = {room["token"] for room in rooms_of_alice(first)}
    first.terminate(signal.SIGINT)

    after = {room["token"] for room in rooms_of_alice(start("--reset", "--no-input"))}
    assert len(after) == len(before)
    assert not after & before


@pytest.mark.server
@pytest.mark.asyncio
async def test_ctrl_c_stops_it_while_somebody_waits(start: Start) -> None:
    server = await asyncio.to_thread(start)
    room = (await asyncio.to_thread(rooms_of_alice, server))[0]
    auth = httpx.BasicAuth(ALICE, ALICE_PASSWORD)
    async with httpx.AsyncClient(base_url=server.url, auth=auth, timeout=90) as client:
        waiting = asyncio.create_task(
            poll(client, room["token"], room["lastMessage"]["id"])
        )
        await asyncio.to_thread(let_it_arrive, server)
        server.process.send_signal(signal.SIGINT)
        async with asyncio.timeout(PATIENCE):
            answer = await waiting
    assert answer.status_code == 304
    assert await asyncio.to_thread(server.wait) == 0


def let_it_arrive(server: Server) -> None:
    """Return when the server has accepted what was sent before; later answers show it."""
    for _ in range(3):
        rooms_of_alice(server)


@pytest.mark.django_db
@pytest.mark.parametrize("port", [None, 99_999])
def test_an_address_that_cannot_be_had_is_noticed_before_anything_is_done(
    as_alice, port
) -> None:
    as_alice.create_room()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = port or taken.getsockname()[1]
        with pytest.raises(CommandError, match="Try another --port"):
            call_command("demo", reset=True, interactive=False, port=port)
    assert Room.objects.count() == 1


@pytest.mark.django_db
def test_a_reset_that_nobody_can_confirm_deletes_nothing(monkeypatch, as_alice) -> None:
    def end_of_input(prompt: str) -> str:
        raise EOFError

    as_alice.create_room()
    monkeypatch.setattr("builtins.input", end_of_input)
    with pytest.raises(CommandError, match="Nothing was deleted"):
        call_command("demo", reset=True, port=0)
    assert Room.objects.count() == 1


@pytest.mark.django_db
def test_a_reset_that_is_not_confirmed_deletes_nothing(monkeypatch, as_alice) -> None:
    as_alice.create_room()
    monkeypatch.setattr("builtins.input", lambda prompt: "y")
    with pytest.raises(CommandError, match="Nothing was deleted"):
        call_command("demo", reset=True, port=0)
    assert Room.objects.count() == 1


@pytest.mark.django_db
def test_the_demo_has_rooms_of_each_type_with_history() -> None:
    create_demo_data()
    assert set(Room.objects.values_list("type", flat=True)) == {1, 2, 3}
    silent = Room.objects.exclude(
        messages__in=Message.objects.filter(system_message="")
    )
    assert not silent.exists()
    team = Room.objects.get(name="team")
    members = Participant.objects.filter(room=team).values_list(
        "user__username", flat=True
    )
    assert set(members) == set(GROUP_MEMBERS)


@pytest.mark.django_db
def test_demo_data_is_created_once() -> None:
    create_demo_data()
    before = Room.objects.count(), Message.objects.count()
    create_demo_data()
    assert (Room.objects.count(), Message.objects.count()) == before


@pytest.mark.django_db
@pytest.mark.parametrize(("password", "status"), [("sesame", 200), ("wrong", 403)])
def test_the_room_with_a_password_opens_with_the_printed_one(password, status) -> None:
    create_demo_data()
    token = Room.objects.exclude(password="").get().token
    answer = TalkClient().post(f"/room/{token}/participants/active", password=password)
    assert answer.status == status
