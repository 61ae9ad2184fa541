"""Credentials of the settings, at a real coturn."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import servers
from tests.programs import (
    TURN,
    TURN_CLIENT,
    TURN_SECRET,
    allocate,
    free_port,
    need,
    start_turn,
)
from tests.servers import BASE, open_client

pytestmark = [
    pytest.mark.server,
    pytest.mark.django_db(transaction=True),
    pytest.mark.asyncio,
]


class TestTurn:
    """Credentials of the settings, at a real coturn."""

    @pytest.fixture
    def turn_port(self, tmp_path: Path) -> Iterator[int]:
        """The port of a running coturn."""
        need(TURN, "coturn")
        need(TURN_CLIENT, "coturn")
        port, folder = free_port(), tmp_path / "turn"
        folder.mkdir()
        turn = start_turn(folder, port=port)
        yield port
        turn.stop()

    async def turn_servers(self, port: int, **talk: Any) -> list[dict[str, Any]]:
        """Return the settings that a guest gets for a coturn."""
        entry = {"server": f"127.0.0.1:{port}", "secret": TURN_SECRET}
        talk = {"TURN_SERVERS": [entry], **talk}
        app = await asyncio.to_thread(servers.uvicorn_server, TALK=json.dumps(talk))
        try:
            async with open_client(app) as client:
                answer = await client.get(f"{BASE}/signaling/settings")
            return answer.json()["ocs"]["data"]["turnservers"]
        finally:
            app.kill()

    async def test_the_credentials_allocate_a_relay(self, turn_port):
        entries = await self.turn_servers(turn_port)
        assert [entry["url"][0][-3:] for entry in entries] == ["udp", "tcp"]
        for entry in entries:
            (url,) = entry["urls"]
            secret = {key: entry[key] for key in ("username", "credential")}
            assert await asyncio.to_thread(allocate, url=url, **secret)

    async def test_expired_and_forged_credentials_are_refused(self, turn_port):
        (entry, _) = await self.turn_servers(turn_port, TURN_CREDENTIAL_SECONDS=-60)
        (url,) = entry["urls"]
        name, credential = entry["username"], entry["credential"]
        forged = name.replace(name[:10], "9999999999")
        for username in (name, forged):
            assert not await asyncio.to_thread(
                allocate, url=url, username=username, credential=credential
            )
