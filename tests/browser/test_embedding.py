"""Rooms embedded in other pages: the articles of the example site."""

from __future__ import annotations

from typing import Any

import pytest

from example_project.discussions import open_discussion
from example_project.models import Article
from tests.browser.visitors import expect
from tests.client import TalkClient

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def make_article(owner: Any, *, is_for_members: bool = False) -> tuple[str, str]:
    """Create an article; return its URL and the token of its room."""
    article = Article.objects.create(
        title="Harbour", text="Trees?", is_for_members=is_for_members
    )
    room = open_discussion(article, owner=owner)
    return article.get_absolute_url(), room.token


class TestArticle:
    """The discussion of an article."""

    def test_a_user_writes_in_the_discussion(self, visit, alice, bob):
        address, token = make_article(alice)
        TalkClient(alice).say(token, "What do you think?")
        bob_visitor = visit(bob)
        bob_visitor.page.goto(address)
        expect(bob_visitor.messages).to_contain_text(["What do you think?"])
        bob_visitor.say("Chestnuts!")
        expect(bob_visitor.messages).to_contain_text(
            ["What do you think?", "Chestnuts!"]
        )
        expect(bob_visitor.log.locator(".tk-pending")).to_have_count(0)

    def test_a_guest_writes_in_the_discussion(self, visit, alice):
        address, _token = make_article(alice)
        guest = visit()
        guest.page.goto(address)
        guest.page.get_by_label("Your name").fill("Grace")
        guest.press("Enter")
        guest.say("Lime trees")
        expect(guest.messages).to_contain_text(["Grace"])

    def test_a_non_participant_of_a_private_room_sees_the_reason(
        self, visit, alice, bob
    ):
        address, _token = make_article(alice, is_for_members=True)
        bob_visitor = visit(bob)
        bob_visitor.page.goto(address)
        expect(bob_visitor.page.get_by_text("for its members")).to_be_visible()
        expect(bob_visitor.page.locator("talk-room")).to_have_count(0)

    def test_styles_of_the_site_do_not_apply_to_the_room(self, visit, alice):
        address, _token = make_article(alice)
        alice_visitor = visit(alice)
        alice_visitor.page.goto(address)
        alice_visitor.input.wait_for()
        alice_visitor.page.evaluate(
            "() => { const sheet = new CSSStyleSheet();"
            " sheet.replaceSync('textarea { font-size: 99px !important }');"
            " document.adoptedStyleSheets = [sheet]; }"
        )
        expect(alice_visitor.input).not_to_have_css("font-size", "99px")

    def test_variables_of_the_site_set_the_colours(self, visit, alice):
        address, _token = make_article(alice)
        alice_visitor = visit(alice)
        alice_visitor.page.goto(address)
        alice_visitor.input.wait_for()
        alice_visitor.page.evaluate(
            "() => document.documentElement.style"
            ".setProperty('--talk-background', 'rgb(1, 2, 3)')"
        )
        frame = alice_visitor.page.locator("talk-room .talk")
        expect(frame).to_have_css("background-color", "rgb(1, 2, 3)")

    def test_several_rooms_on_one_page(self, visit, alice, team, square):
        client = TalkClient(alice)
        address, token = make_article(alice)
        alice_visitor = visit(alice)
        alice_visitor.page.goto(address)
        alice_visitor.input.wait_for()
        for another in (team, square):
            alice_visitor.page.evaluate(
                "(token) => { const room = document.createElement('talk-room');"
                " room.setAttribute('token', token); document.body.append(room); }",
                another,
            )
        for number, room_token in enumerate((token, team, square)):
            client.say(room_token, f"to number {number}")
        for number in range(3):
            expect(
                alice_visitor.page.get_by_text(f"to number {number}")
            ).to_be_visible()
