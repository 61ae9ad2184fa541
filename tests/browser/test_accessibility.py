"""Accessibility of the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from example_project.discussions import open_discussion
from example_project.models import Article
from tests.browser.call_actions import join_call
from tests.browser.visitors import Visitor, expect, require_axe
from tests.client import TalkClient

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SERIOUS = {"serious", "critical"}

SCHEMES = ("light", "dark")


def serious_violations(visitor: Visitor) -> list[str]:
    """Return the serious violations that axe finds, in light and dark mode."""
    problems = list(visitor.problems)
    visitor.page.evaluate(require_axe())
    found = []
    for scheme in SCHEMES:
        visitor.page.emulate_media(color_scheme=scheme)
        result = visitor.page.evaluate(
            "() => axe.run({resultTypes: ['violations'], preload: false})"
        )
        found += [(scheme, violation) for violation in result["violations"]]
    # The content security policy refuses some of axe's own actions.
    visitor.problems[:] = problems
    return [
        f"{scheme}: {violation['id']}: {node['html']}"
        for scheme, violation in found
        if violation["impact"] in SERIOUS
        for node in violation["nodes"]
    ]


def room(visitor: Visitor, token: str) -> None:
    visitor.open(token)
    expect(visitor.messages).not_to_have_count(0)


def settings(visitor: Visitor, token: str) -> None:
    visitor.open(token).open_details()
    visitor.details.get_by_role("button", name="More: Bob Brown").click()


def rooms(visitor: Visitor, _token: str) -> None:
    visitor.open_list()
    expect(visitor.room("Square")).to_be_visible()


def new_room(visitor: Visitor, _token: str) -> None:
    visitor.open_list().press("New conversation")
    visitor.dialog.get_by_role("searchbox").fill("bob")
    expect(visitor.dialog.get_by_role("button", name="Bob Brown")).to_be_visible()


def suggestions(visitor: Visitor, token: str) -> None:
    visitor.open(token).input.press_sequentially("@b")
    expect(visitor.page.get_by_role("option")).to_have_count(1)


def preview(visitor: Visitor, token: str) -> None:
    visitor.open(token).press("Start call")
    visitor.dialog.wait_for()


def call(visitor: Visitor, token: str) -> None:
    join_call(visitor.open(token))


class TestAxe:
    """axe finds no serious violation."""

    @pytest.mark.parametrize(
        "view", [rooms, room, settings, new_room, suggestions, preview, call]
    )
    def test_pages_of_a_user(
        self,
        visit: Any,
        alice: Any,
        square: str,
        view: Callable[[Visitor, str], None],
    ):
        client = TalkClient(alice)
        client.say(square, "Hello @bob, see https://example.org")
        client.say(square, "and so on")
        visitor = visit(alice, reduced_motion="reduce")
        view(visitor, square)
        assert serious_violations(visitor) == []

    def test_the_form_to_join_a_room(self, visit, alice, square):
        TalkClient(alice).put(f"/room/{square}/password", password="sesame")
        guest = visit()
        guest.page.goto(guest.site.room(square))
        expect(guest.page.get_by_label("Password")).to_be_visible()
        assert serious_violations(guest) == []

    def test_a_room_that_may_not_be_seen(self, visit, team):
        guest = visit()
        guest.page.goto(guest.site.room(team))
        assert serious_violations(guest) == []

    def test_a_room_in_an_article(self, visit, alice):
        article = Article.objects.create(title="Harbour", text="Trees?")
        room = open_discussion(article, owner=alice)
        TalkClient(alice).say(room.token, "Hello, see https://example.org")
        alice_visitor = visit(alice, reduced_motion="reduce")
        alice_visitor.page.goto(article.get_absolute_url())
        expect(alice_visitor.messages).to_have_count(1)
        assert serious_violations(alice_visitor) == []

    def test_a_room_that_has_ended(self, visit, alice, bob, team):
        bob_visitor = visit(bob).open(team)
        TalkClient(alice).delete(f"/room/{team}")
        expect(bob_visitor.input).to_have_count(0)
        expect(bob_visitor.page.get_by_role("heading", level=1)).to_be_visible()
        assert serious_violations(bob_visitor) == []


class TestKeyboard:
    """The main actions work without a mouse."""

    def test_from_the_list_to_a_message(self, visit, alice, team):
        alice_visitor = visit(alice).open_list()
        expect(alice_visitor.room("Team")).to_be_visible()
        tab_to(alice_visitor, alice_visitor.room("Team").get_by_role("link"))
        alice_visitor.page.keyboard.press("Enter")
        expect(alice_visitor.input).to_be_focused()
        alice_visitor.page.keyboard.type("by hand")
        alice_visitor.page.keyboard.press("Enter")
        expect(alice_visitor.messages).to_contain_text(["by hand"])
        expect(alice_visitor.input).to_be_focused()

    def test_closing_the_details_returns_the_focus(self, visit, alice, team):
        alice_visitor = visit(alice).open(team)
        expect(alice_visitor.input).to_be_focused()
        button = alice_visitor.page.get_by_role("button", name="People and settings")
        tab_to(alice_visitor, button, key="Shift+Tab")
        alice_visitor.page.keyboard.press("Enter")
        level = alice_visitor.details.get_by_label("Notify me")
        tab_to(alice_visitor, level)
        alice_visitor.page.keyboard.press("Escape")
        expect(alice_visitor.details).to_be_hidden()
        expect(button).to_be_focused()

    def test_closing_a_dialog_returns_the_focus(self, visit, alice, team):
        alice_visitor = visit(alice).open_list()
        expect(alice_visitor.room("Team")).to_be_visible()
        button = alice_visitor.page.get_by_role("button", name="New conversation")
        tab_to(alice_visitor, button)
        alice_visitor.page.keyboard.press("Enter")
        alice_visitor.dialog.wait_for()
        alice_visitor.page.keyboard.press("Escape")
        expect(button).to_be_focused()

    def test_joining_and_leaving_a_call(self, visit, alice, team):
        alice_visitor = visit(alice).open(team)
        tab_to(
            alice_visitor,
            alice_visitor.page.get_by_role("button", name="Start call"),
            key="Shift+Tab",
        )
        alice_visitor.page.keyboard.press("Enter")
        start = alice_visitor.dialog.get_by_role("button", name="Start call")
        expect(start).to_be_focused()
        alice_visitor.page.keyboard.press("Enter")
        leave = alice_visitor.page.locator(".tk-call-view").get_by_role(
            "button", name="Leave the call"
        )
        leave.wait_for()
        tab_to(alice_visitor, leave)
        alice_visitor.page.keyboard.press("Enter")
        expect(alice_visitor.page.locator(".tk-call-button")).to_be_focused()

    def test_a_guest_joins(self, visit, square):
        guest = visit()
        guest.page.goto(guest.site.room(square))
        expect(guest.page.get_by_label("Your name")).to_be_focused()
        guest.page.keyboard.type("Grace")
        guest.page.keyboard.press("Enter")
        expect(guest.input).to_be_focused()


class TestScreens:
    """The layout fits every screen size and text direction."""

    def test_nothing_is_wider_than_the_screen(self, visit, alice, square):
        TalkClient(alice).say(square, "https://example.org/" + "x" * 300)
        alice_visitor = visit(alice).open(square)
        expect(alice_visitor.messages).to_have_count(1)
        for width in (320, 390, 820, 1280):
            alice_visitor.page.set_viewport_size({"width": width, "height": 700})
            overflow = alice_visitor.page.evaluate(
                "() => document.documentElement.scrollWidth - innerWidth"
            )
            assert overflow <= 0, width

    @pytest.mark.parametrize("language", ["de", "es", "fr"])
    def test_placeholders_in_fields_are_not_cut_off(
        self, visit, alice, square, language
    ):
        alice_visitor = visit(alice, locale=language)
        alice_visitor.page.goto(alice_visitor.site.room(square))
        alice_visitor.page.locator(".tk-head [aria-expanded]").click()
        alice_visitor.page.locator(".tk-invitee-search input").wait_for()
        assert (
            alice_visitor.page.evaluate("() => document.documentElement.lang")
            == language
        )
        for width in (320, 1280):
            alice_visitor.page.set_viewport_size({"width": width, "height": 700})
            assert alice_visitor.page.evaluate(CUT_OFF_PLACEHOLDERS) == [], width

    def test_a_phone_shows_the_list_or_the_room(self, visit, alice, team):
        alice_visitor = visit(alice, viewport={"width": 390, "height": 700}).open_list()
        alice_visitor.room("Team").get_by_role("link").click()
        expect(alice_visitor.input).to_be_visible()
        expect(alice_visitor.rooms).to_be_hidden()
        alice_visitor.press("All conversations")
        expect(alice_visitor.rooms).to_be_visible()
        expect(alice_visitor.input).to_be_hidden()

    def test_reduced_motion_stops_all_animations(self, visit, alice, square):
        TalkClient(alice).say(square, "Hello")
        alice_visitor = visit(alice, reduced_motion="reduce").open(square)
        alice_visitor.open_details()
        assert alice_visitor.page.evaluate(ANIMATED_ELEMENTS) == []
        restless = visit(alice, reduced_motion="no-preference").open(square)
        restless.open_details()
        assert restless.page.evaluate(ANIMATED_ELEMENTS) != []

    def test_a_right_to_left_page_has_the_list_on_the_right(self, visit, alice, team):
        alice_visitor = visit(alice).open(team)
        alice_visitor.page.evaluate("() => { document.documentElement.dir = 'rtl'; }")
        assert (
            alice_visitor.rooms.bounding_box()["x"]
            > alice_visitor.input.bounding_box()["x"]
        )


ANIMATED_ELEMENTS = """
() => [...document.querySelectorAll("*")].filter((one) =>
  [null, "::before", "::after"].some((part) => {
    const style = getComputedStyle(one, part);
    const { transitionDuration, animationDuration, scrollBehavior } = style;
    const seconds = `${transitionDuration},${animationDuration}`.split(",").map(parseFloat);
    return Math.max(...seconds) > 0.01 || scrollBehavior === "smooth";
  })
).map((one) => one.className)
"""

CUT_OFF_PLACEHOLDERS = """
() => [...document.querySelectorAll("[placeholder]")].filter((field) => {
  const style = getComputedStyle(field);
  const context = document.createElement("canvas").getContext("2d");
  context.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  const { width } = context.measureText(field.placeholder);
  const padding = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
  return field.clientWidth > 0 && width > field.clientWidth - padding;
}).map((field) => field.placeholder)
"""


def tab_to(visitor: Visitor, target: Any, key: str = "Tab") -> None:
    """Press Tab until an element has the focus."""
    for _ in range(40):
        if target.evaluate("(element) => element === document.activeElement"):
            return
        visitor.page.keyboard.press(key)
    raise AssertionError("The focus did not reach the element.")
