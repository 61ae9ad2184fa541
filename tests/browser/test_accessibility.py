"""The page is for everybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from example_project.discussions import open_discussion
from example_project.models import Article
from tests.browser.calling import join_call
from tests.browser.people import Visitor, expect, need_axe
from tests.client import TalkClient

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SERIOUS = {"serious", "critical"}

SCHEMES = ("light", "dark")


def serious_violations(visitor: Visitor) -> list[str]:
    """Return what axe finds, by day and by night, that shuts somebody out."""
    complaints = list(visitor.complaints)
    visitor.page.evaluate(need_axe())
    found = []
    for scheme in SCHEMES:
        visitor.page.emulate_media(color_scheme=scheme)
        result = visitor.page.evaluate(
            "() => axe.run({resultTypes: ['violations'], preload: false})"
        )
        found += [(scheme, violation) for violation in result["violations"]]
    # What axe does itself is not what the policy allows.
    visitor.complaints[:] = complaints
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
    """axe finds nothing serious."""

    @pytest.mark.parametrize(
        "view", [rooms, room, settings, new_room, suggestions, preview, call]
    )
    def test_views_of_users(
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

    def test_the_door(self, visit, alice, square):
        TalkClient(alice).put(f"/room/{square}/password", password="sesame")
        guest = visit()
        guest.page.goto(guest.site.room(square))
        expect(guest.page.get_by_label("Password")).to_be_visible()
        assert serious_violations(guest) == []

    def test_a_closed_door(self, visit, team):
        guest = visit()
        guest.page.goto(guest.site.room(team))
        assert serious_violations(guest) == []

    def test_a_room_in_an_article(self, visit, alice):
        article = Article.objects.create(title="Harbour", text="Trees?")
        room = open_discussion(article, owner=alice)
        TalkClient(alice).say(room.token, "Hello, see https://example.org")
        one = visit(alice, reduced_motion="reduce")
        one.page.goto(article.get_absolute_url())
        expect(one.messages).to_have_count(1)
        assert serious_violations(one) == []

    def test_a_room_that_has_ended(self, visit, alice, bob, team):
        other = visit(bob).open(team)
        TalkClient(alice).delete(f"/room/{team}")
        expect(other.input).to_have_count(0)
        expect(other.page.get_by_role("heading", level=1)).to_be_visible()
        assert serious_violations(other) == []


class TestKeyboard:
    """The main paths without a mouse."""

    def test_from_the_list_to_a_message(self, visit, alice, team):
        one = visit(alice).open_list()
        expect(one.room("Team")).to_be_visible()
        tab_to(one, one.room("Team").get_by_role("link"))
        one.page.keyboard.press("Enter")
        expect(one.input).to_be_focused()
        one.page.keyboard.type("by hand")
        one.page.keyboard.press("Enter")
        expect(one.messages).to_contain_text(["by hand"])
        expect(one.input).to_be_focused()

    def test_people_and_settings_give_the_focus_back(self, visit, alice, team):
        one = visit(alice).open(team)
        expect(one.input).to_be_focused()
        button = one.page.get_by_role("button", name="People and settings")
        tab_to(one, button, key="Shift+Tab")
        one.page.keyboard.press("Enter")
        level = one.details.get_by_label("Notify me")
        tab_to(one, level)
        one.page.keyboard.press("Escape")
        expect(one.details).to_be_hidden()
        expect(button).to_be_focused()

    def test_dialogs_give_the_focus_back(self, visit, alice, team):
        one = visit(alice).open_list()
        expect(one.room("Team")).to_be_visible()
        button = one.page.get_by_role("button", name="New conversation")
        tab_to(one, button)
        one.page.keyboard.press("Enter")
        one.dialog.wait_for()
        one.page.keyboard.press("Escape")
        expect(button).to_be_focused()

    def test_in_and_out_of_a_call(self, visit, alice, team):
        one = visit(alice).open(team)
        tab_to(one, one.page.get_by_role("button", name="Start call"), key="Shift+Tab")
        one.page.keyboard.press("Enter")
        start = one.dialog.get_by_role("button", name="Start call")
        expect(start).to_be_focused()
        one.page.keyboard.press("Enter")
        leave = one.page.locator(".tk-call-view").get_by_role(
            "button", name="Leave the call"
        )
        leave.wait_for()
        tab_to(one, leave)
        one.page.keyboard.press("Enter")
        expect(one.page.locator(".tk-call-button")).to_be_focused()

    def test_a_guest_enters(self, visit, square):
        guest = visit()
        guest.page.goto(guest.site.room(square))
        expect(guest.page.get_by_label("Your name")).to_be_focused()
        guest.page.keyboard.type("Grace")
        guest.page.keyboard.press("Enter")
        expect(guest.input).to_be_focused()


class TestScreens:
    """Every size and direction."""

    def test_nothing_is_wider_than_the_screen(self, visit, alice, square):
        TalkClient(alice).say(square, "https://example.org/" + "x" * 300)
        one = visit(alice).open(square)
        expect(one.messages).to_have_count(1)
        for width in (320, 390, 820, 1280):
            one.page.set_viewport_size({"width": width, "height": 700})
            overflow = one.page.evaluate(
                "() => document.documentElement.scrollWidth - innerWidth"
            )
            assert overflow <= 0, width

    @pytest.mark.parametrize("language", ["de", "es", "fr"])
    def test_hints_in_fields_are_not_cut_off(self, visit, alice, square, language):
        one = visit(alice, locale=language)
        one.page.goto(one.site.room(square))
        one.page.locator(".tk-head [aria-expanded]").click()
        one.page.locator(".tk-invitee-search input").wait_for()
        assert one.page.evaluate("() => document.documentElement.lang") == language
        for width in (320, 1280):
            one.page.set_viewport_size({"width": width, "height": 700})
            assert one.page.evaluate(HINTS_CUT_OFF) == [], width

    def test_a_phone_shows_the_list_or_the_room(self, visit, alice, team):
        one = visit(alice, viewport={"width": 390, "height": 700}).open_list()
        one.room("Team").get_by_role("link").click()
        expect(one.input).to_be_visible()
        expect(one.rooms).to_be_hidden()
        one.press("All conversations")
        expect(one.rooms).to_be_visible()
        expect(one.input).to_be_hidden()

    def test_nothing_moves_for_who_wants_rest(self, visit, alice, square):
        TalkClient(alice).say(square, "Hello")
        one = visit(alice, reduced_motion="reduce").open(square)
        one.open_details()
        assert one.page.evaluate(MOVING) == []
        restless = visit(alice, reduced_motion="no-preference").open(square)
        restless.open_details()
        assert restless.page.evaluate(MOVING) != []

    def test_from_right_to_left_the_list_is_on_the_right(self, visit, alice, team):
        one = visit(alice).open(team)
        one.page.evaluate("() => { document.documentElement.dir = 'rtl'; }")
        assert one.rooms.bounding_box()["x"] > one.input.bounding_box()["x"]


MOVING = """
() => [...document.querySelectorAll("*")].filter((one) =>
  [null, "::before", "::after"].some((part) => {
    const style = getComputedStyle(one, part);
    const { transitionDuration, animationDuration, scrollBehavior } = style;
    const seconds = `${transitionDuration},${animationDuration}`.split(",").map(parseFloat);
    return Math.max(...seconds) > 0.01 || scrollBehavior === "smooth";
  })
).map((one) => one.className)
"""

HINTS_CUT_OFF = """
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
    """Press Tab until something has the focus."""
    for _ in range(40):
        if target.evaluate("(element) => element === document.activeElement"):
            return
        visitor.page.keyboard.press(key)
    raise AssertionError("The focus never came there.")
