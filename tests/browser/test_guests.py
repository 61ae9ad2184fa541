"""Guests come in by a link."""

from __future__ import annotations

import pytest

from tests.browser.people import expect
from tests.client import TalkClient

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def knock(visitor, token):
    """Follow the link to a room that one is not in."""
    visitor.page.goto(visitor.site.room(token))
    return visitor


def enter(visitor, name="", password=None):
    """Fill in what the door asks for."""
    visitor.page.get_by_label("Your name").fill(name)
    if password is not None:
        visitor.page.get_by_label("Password").fill(password)
    visitor.press("Enter")


@pytest.fixture
def locked(alice, square):
    """The square, for those who know the word."""
    TalkClient(alice).put(f"/room/{square}/password", password="sesame")
    return square


class TestEntering:
    """A link, a name, perhaps a password."""

    def test_the_link_and_a_name_suffice(self, visit, alice, square):
        one, guest = visit(alice).open(square), knock(visit(), square)
        expect(guest.page.get_by_role("heading", name="Square")).to_be_visible()
        enter(guest, "Grace")
        guest.say("Hello from outside")
        expect(one.messages).to_contain_text(["Grace"])
        expect(one.messages).to_contain_text(["Hello from outside"])

    def test_two_users_and_a_guest_talk(self, visit, alice, bob, square):
        one, other = visit(alice).open(square), visit(bob).open(square)
        guest = knock(visit(), square)
        enter(guest, "Grace")
        guest.say("from Grace")
        expect(one.messages).to_have_count(1)
        one.say("from Alice")
        expect(other.messages).to_have_count(2)
        other.say("from Bob")
        for visitor in (one, other, guest):
            expect(visitor.messages).to_contain_text(
                ["from Grace", "from Alice", "from Bob"]
            )

    def test_no_name_is_needed(self, visit, alice, square):
        guest = knock(visit(), square)
        enter(guest)
        guest.say("anonymously")
        expect(guest.messages).to_contain_text(["Guest"])

    def test_the_password_lets_in(self, visit, locked):
        guest = knock(visit(), locked)
        enter(guest, "Grace", "sesame")
        expect(guest.input).to_be_visible()

    def test_the_name_of_a_locked_room_is_no_secret_to_its_guests(self, visit, locked):
        guest = knock(visit(), locked)
        expect(guest.page.get_by_text("Square")).to_have_count(0)
        enter(guest, "Grace", "sesame")
        expect(guest.page.get_by_role("heading", name="Square")).to_be_visible()

    def test_a_wrong_password_is_said_to_be_wrong(self, visit, locked):
        guest = knock(visit(), locked)
        enter(guest, "Grace", "simsalabim")
        expect(guest.page.get_by_role("alert")).to_have_text(
            "That is not the password."
        )
        enter(guest, "Grace", "sesame")
        expect(guest.input).to_be_visible()

    def test_too_many_attempts_are_said_to_be_too_many(self, visit, locked):
        guest = knock(visit(), locked)
        guest.page.route(
            "**/participants/active", lambda route: route.fulfill(status=429, json={})
        )
        enter(guest, "Grace", "sesame")
        expect(guest.page.get_by_role("alert")).to_contain_text("Too many attempts")

    def test_a_stranger_with_an_account_needs_the_password_too(
        self, visit, carol, locked
    ):
        stranger = knock(visit(carol), locked)
        expect(stranger.page.get_by_label("Your name")).to_have_count(0)
        stranger.page.get_by_label("Password").fill("sesame")
        stranger.press("Enter")
        expect(stranger.input).to_be_visible()

    def test_a_stranger_with_an_account_just_enters(self, visit, carol, square):
        stranger = visit(carol).open(square)
        stranger.say("passing by")
        expect(stranger.messages).to_contain_text(["Carol Clark"])

    def test_a_reload_keeps_who_one_is(self, visit, alice, square):
        guest = knock(visit(), square)
        enter(guest, "Grace")
        guest.say("one")
        expect(guest.log.locator(".tk-pending")).to_have_count(0)
        guest.page.reload()
        guest.say("two")
        expect(guest.log.locator(".tk-pending")).to_have_count(0)
        expect(guest.log.locator(".tk-follow .tk-text")).to_have_text(["two"])

    def test_a_guest_may_change_the_name(self, visit, alice, square):
        guest = knock(visit(), square)
        enter(guest, "Grace")
        guest.input.wait_for()
        details = guest.open_details()
        details.get_by_label("Your name").fill("Grace H.")
        details.get_by_role("button", name="Save").click()
        expect(details.get_by_role("list", name="People")).to_contain_text("Grace H.")


class TestClosedDoors:
    """Clear words where there is no way in."""

    def test_a_private_room(self, visit, team):
        stranger = knock(visit(), team)
        expect(stranger.page.get_by_role("heading")).to_be_visible()
        expect(stranger.page.get_by_text("Team")).to_have_count(0)

    def test_no_room(self, visit, square):
        stranger = knock(visit(), "zzzzzzzz")
        expect(stranger.page.get_by_role("heading")).to_be_visible()

    def test_the_room_is_closed_meanwhile(self, visit, alice, square):
        guest = knock(visit(), square)
        enter(guest, "Grace")
        guest.input.wait_for()
        TalkClient(alice).delete(f"/room/{square}/public")
        expect(
            guest.page.get_by_role("heading", name="no longer in this conversation")
        ).to_be_visible()

    def test_the_room_is_deleted_meanwhile(self, visit, alice, bob, square):
        other = visit(bob).open(square)
        TalkClient(alice).delete(f"/room/{square}")
        expect(
            other.page.get_by_role("heading", name="no longer in this conversation")
        ).to_be_visible()

    def test_one_is_removed(self, visit, alice, bob, team):
        other = visit(bob).open(team)
        TalkClient(alice).delete(f"/room/{team}/participants", participant="bob")
        expect(
            other.page.get_by_role("heading", name="no longer in this conversation")
        ).to_be_visible()
