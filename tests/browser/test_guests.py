"""Joining a room by its link."""

from __future__ import annotations

import pytest

from tests.browser.visitors import expect
from tests.client import TalkClient

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def follow_link(visitor, token):
    """Open the link to a room without joining it."""
    visitor.page.goto(visitor.site.room(token))
    return visitor


def join(visitor, name="", password=None):
    """Fill in the form and join."""
    visitor.page.get_by_label("Your name").fill(name)
    if password is not None:
        visitor.page.get_by_label("Password").fill(password)
    visitor.press("Enter")


@pytest.fixture
def locked_square(alice, square):
    """The public room, with a password."""
    TalkClient(alice).put(f"/room/{square}/password", password="sesame")
    return square


class TestJoining:
    """Joining with a name and a password."""

    def test_a_guest_joins_with_the_link_and_a_name(self, visit, alice, square):
        alice_visitor, guest = visit(alice).open(square), follow_link(visit(), square)
        expect(guest.page.get_by_role("heading", name="Square")).to_be_visible()
        join(guest, "Grace")
        guest.say("Hello from outside")
        expect(alice_visitor.messages).to_contain_text(["Grace"])
        expect(alice_visitor.messages).to_contain_text(["Hello from outside"])

    def test_two_users_and_a_guest_exchange_messages(self, visit, alice, bob, square):
        alice_visitor, bob_visitor = visit(alice).open(square), visit(bob).open(square)
        guest = follow_link(visit(), square)
        join(guest, "Grace")
        guest.say("from Grace")
        expect(alice_visitor.messages).to_have_count(1)
        alice_visitor.say("from Alice")
        expect(bob_visitor.messages).to_have_count(2)
        bob_visitor.say("from Bob")
        for visitor in (alice_visitor, bob_visitor, guest):
            expect(visitor.messages).to_contain_text(
                ["from Grace", "from Alice", "from Bob"]
            )

    def test_a_guest_needs_no_name(self, visit, alice, square):
        guest = follow_link(visit(), square)
        join(guest)
        guest.say("anonymously")
        expect(guest.messages).to_contain_text(["Guest"])

    def test_a_guest_joins_with_the_password(self, visit, locked_square):
        guest = follow_link(visit(), locked_square)
        join(guest, "Grace", "sesame")
        expect(guest.input).to_be_visible()

    def test_the_name_of_a_locked_room_is_shown_after_joining(
        self, visit, locked_square
    ):
        guest = follow_link(visit(), locked_square)
        expect(guest.page.get_by_text("Square")).to_have_count(0)
        join(guest, "Grace", "sesame")
        expect(guest.page.get_by_role("heading", name="Square")).to_be_visible()

    def test_a_wrong_password_shows_an_error(self, visit, locked_square):
        guest = follow_link(visit(), locked_square)
        join(guest, "Grace", "simsalabim")
        expect(guest.page.get_by_role("alert")).to_have_text(
            "That is not the password."
        )
        join(guest, "Grace", "sesame")
        expect(guest.input).to_be_visible()

    def test_too_many_attempts_show_an_error(self, visit, locked_square):
        guest = follow_link(visit(), locked_square)
        guest.page.route(
            "**/participants/active", lambda route: route.fulfill(status=429, json={})
        )
        join(guest, "Grace", "sesame")
        expect(guest.page.get_by_role("alert")).to_contain_text("Too many attempts")

    def test_a_user_who_is_no_participant_needs_the_password(
        self, visit, carol, locked_square
    ):
        visitor = follow_link(visit(carol), locked_square)
        expect(visitor.page.get_by_label("Your name")).to_have_count(0)
        visitor.page.get_by_label("Password").fill("sesame")
        visitor.press("Enter")
        expect(visitor.input).to_be_visible()

    def test_a_user_who_is_no_participant_joins_without_a_form(
        self, visit, carol, square
    ):
        visitor = visit(carol).open(square)
        visitor.say("passing by")
        expect(visitor.messages).to_contain_text(["Carol Clark"])

    def test_a_guest_stays_the_same_after_a_reload(self, visit, alice, square):
        guest = follow_link(visit(), square)
        join(guest, "Grace")
        guest.say("one")
        expect(guest.log.locator(".tk-pending")).to_have_count(0)
        guest.page.reload()
        guest.say("two")
        expect(guest.log.locator(".tk-pending")).to_have_count(0)
        expect(guest.log.locator(".tk-follow .tk-text")).to_have_text(["two"])

    def test_a_guest_can_change_the_name(self, visit, alice, square):
        guest = follow_link(visit(), square)
        join(guest, "Grace")
        guest.input.wait_for()
        details = guest.open_details()
        details.get_by_label("Your name").fill("Grace H.")
        details.get_by_role("button", name="Save").click()
        expect(details.get_by_role("list", name="People")).to_contain_text("Grace H.")


class TestInaccessibleRooms:
    """Notices in place of a room that is not accessible."""

    def test_a_private_room_does_not_show_its_name(self, visit, team):
        visitor = follow_link(visit(), team)
        expect(visitor.page.get_by_role("heading")).to_be_visible()
        expect(visitor.page.get_by_text("Team")).to_have_count(0)

    def test_a_missing_room_shows_a_notice(self, visit, square):
        visitor = follow_link(visit(), "zzzzzzzz")
        expect(visitor.page.get_by_role("heading")).to_be_visible()

    def test_a_guest_is_told_when_the_room_becomes_private(self, visit, alice, square):
        guest = follow_link(visit(), square)
        join(guest, "Grace")
        guest.input.wait_for()
        TalkClient(alice).delete(f"/room/{square}/public")
        expect(
            guest.page.get_by_role("heading", name="no longer in this conversation")
        ).to_be_visible()

    def test_a_participant_is_told_when_the_room_is_deleted(
        self, visit, alice, bob, square
    ):
        bob_visitor = visit(bob).open(square)
        TalkClient(alice).delete(f"/room/{square}")
        expect(
            bob_visitor.page.get_by_role(
                "heading", name="no longer in this conversation"
            )
        ).to_be_visible()

    def test_a_removed_participant_is_told(self, visit, alice, bob, team):
        bob_visitor = visit(bob).open(team)
        TalkClient(alice).delete(f"/room/{team}/participants", participant="bob")
        expect(
            bob_visitor.page.get_by_role(
                "heading", name="no longer in this conversation"
            )
        ).to_be_visible()
