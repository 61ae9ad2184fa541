"""Calls through the servers that a site may run for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.call_actions import (
    USED_CANDIDATES,
    expect_people_in_call,
    expect_to_see,
    join_call,
    press,
    record_connections,
    tile,
)
from tests.browser.site import Site
from tests.browser.visitors import expect
from tests.client import TalkClient
from tests.external_signaling import SECRET
from tests.programs import TURN_SECRET, free_port, start_signaling, start_turn

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ALICE, BOB, CAROL = "Alice Adams", "Bob Brown", "Carol Clark"


class TestSignalingServer:
    """Calls through a real signaling server."""

    @pytest.fixture
    def running_site(self, django_db_setup: None, tmp_path: Path) -> Iterator[Site]:
        """A site that is configured for the server."""
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
        """Visitors for Alice and Bob, in a call."""
        visitors = visit(alice), visit(bob)
        for visitor in visitors:
            join_call(visitor.open(square))
        return visitors

    def test_a_call_with_mute_screen_reload_and_leaving(
        self, pair, visit, carol, square
    ):
        alice_visitor, bob_visitor = pair
        expect_to_see(alice_visitor, BOB)
        expect_to_see(bob_visitor, ALICE)
        press(alice_visitor, "Mute")
        expect(tile(bob_visitor, ALICE)).to_contain_text("Muted")
        press(alice_visitor, "Share the screen")
        expect_to_see(bob_visitor, f"Screen of {ALICE}")
        carol_visitor = visit(carol).open(square)
        join_call(carol_visitor)
        expect_to_see(carol_visitor, ALICE, BOB, f"Screen of {ALICE}")
        alice_visitor.page.reload()
        expect_people_in_call(carol_visitor, 2)
        join_call(alice_visitor)
        expect_to_see(carol_visitor, ALICE, BOB)
        press(bob_visitor, "Leave the call")
        expect_people_in_call(carol_visitor, 2)

    def test_the_call_shows_names_of_guests(self, visit, alice, square):
        alice_visitor, guest = visit(alice).open(square), visit()
        join_call(alice_visitor)
        guest.page.goto(guest.site.room(square))
        guest.page.get_by_label("Your name").fill("Grace")
        guest.press("Enter")
        join_call(guest)
        expect_to_see(alice_visitor, "Grace")
        expect_to_see(guest, ALICE)

    def test_the_chat_continues_after_the_call(self, pair, alice, square):
        _alice_visitor, bob_visitor = pair
        press(bob_visitor, "Leave the call")
        TalkClient(alice).say(square, "still there?")
        expect(bob_visitor.messages).to_contain_text(["still there?"])


class TestRelay:
    """Calls that a real coturn relays, without a direct connection."""

    @pytest.fixture
    def running_site(self, django_db_setup: None, tmp_path: Path) -> Iterator[Site]:
        """A site that is configured for the server."""
        port, folder = free_port(), tmp_path / "turn"
        folder.mkdir()
        server = start_turn(folder, port=port)
        entry = {"server": f"127.0.0.1:{port}", "secret": TURN_SECRET}
        site = Site(TURN_SERVERS=[entry])
        site.start()
        yield site
        site.stop()
        server.stop()

    def test_a_call_works_over_relays_alone(self, visit, alice, bob, square):
        alice_visitor, bob_visitor = visit(alice), visit(bob)
        for visitor in (alice_visitor, bob_visitor):
            record_connections(visitor, "relay")
            join_call(visitor.open(square))
        expect_to_see(alice_visitor, BOB)
        expect_to_see(bob_visitor, ALICE)
        for visitor in (alice_visitor, bob_visitor):
            types = visitor.page.evaluate(USED_CANDIDATES)
            assert set(types) == {"relay"}
