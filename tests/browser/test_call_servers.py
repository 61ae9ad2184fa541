"""Calls through the servers that a site may run for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.calling import (
    USED_CANDIDATES,
    expect_people,
    expect_to_see,
    join_call,
    press,
    tile,
    watch_connections,
)
from tests.browser.people import expect
from tests.browser.site import Site
from tests.client import TalkClient
from tests.external_signaling import SECRET
from tests.programs import TURN_SECRET, free_port, start_signaling, start_turn

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ALICE, BOB, CAROL = "Alice Adams", "Bob Brown", "Carol Clark"


class TestSignalingServer:
    """A real signaling server brings people together."""

    @pytest.fixture
    def running_site(self, django_db_setup: None, tmp_path: Path) -> Iterator[Site]:
        """A site that has one configured."""
        port = free_port()
        entry = {"server": f"http://localhost:{port}", "secret": SECRET}
        site = Site(SIGNALING_SERVERS=[entry])
        site.start()
        folder = tmp_path / "signaling"
        server = start_signaling(folder, port=port, backend=site.url, secret=SECRET)
        yield site
        site.stop()
        server.stop()

    @pytest.fixture
    def pair(self, visit, alice, bob, square):
        """Alice and Bob, in a call."""
        visitors = visit(alice), visit(bob)
        for visitor in visitors:
            join_call(visitor.open(square))
        return visitors

    def test_a_whole_call(self, pair, visit, carol, square):
        one, other = pair
        expect_to_see(one, BOB)
        expect_to_see(other, ALICE)
        press(one, "Mute")
        expect(tile(other, ALICE)).to_contain_text("Muted")
        press(one, "Share the screen")
        expect_to_see(other, f"Screen of {ALICE}")
        third = visit(carol).open(square)
        join_call(third)
        expect_to_see(third, ALICE, BOB, f"Screen of {ALICE}")
        one.page.reload()
        expect_people(third, 2)
        join_call(one)
        expect_to_see(third, ALICE, BOB)
        press(other, "Leave the call")
        expect_people(third, 2)

    def test_guests_have_names(self, visit, alice, square):
        one, guest = visit(alice).open(square), visit()
        join_call(one)
        guest.page.goto(guest.site.room(square))
        guest.page.get_by_label("Your name").fill("Grace")
        guest.press("Enter")
        join_call(guest)
        expect_to_see(one, "Grace")
        expect_to_see(guest, ALICE)

    def test_the_chat_goes_on_after_the_call(self, pair, alice, square):
        _one, other = pair
        press(other, "Leave the call")
        TalkClient(alice).say(square, "still there?")
        expect(other.messages).to_contain_text(["still there?"])


class TestRelay:
    """Where no direct way is open, a real coturn relays."""

    @pytest.fixture
    def running_site(self, django_db_setup: None, tmp_path: Path) -> Iterator[Site]:
        """A site that has one configured."""
        port, folder = free_port(), tmp_path / "turn"
        folder.mkdir()
        server = start_turn(folder, port=port)
        entry = {"server": f"127.0.0.1:{port}", "secret": TURN_SECRET}
        site = Site(TURN_SERVERS=[entry])
        site.start()
        yield site
        site.stop()
        server.stop()

    def test_relay_only(self, visit, alice, bob, square):
        one, other = visit(alice), visit(bob)
        for visitor in (one, other):
            watch_connections(visitor, "relay")
            join_call(visitor.open(square))
        expect_to_see(one, BOB)
        expect_to_see(other, ALICE)
        for visitor in (one, other):
            types = visitor.page.evaluate(USED_CANDIDATES)
            assert set(types) == {"relay"}
