"""Rooms in other pages: the articles of the example site."""

from __future__ import annotations

from typing import Any

import pytest

from example_project.discussions import open_discussion
from example_project.models import Article
from tests.browser.people import expect
from tests.client import TalkClient

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def make_article(owner: Any, *, is_for_members: bool = False) -> tuple[str, str]:
    """Write an article; return its address and the token of its room."""
    article = Article.objects.create(
        title="Harbour", text="Trees?", is_for_members=is_for_members
    )
    room = open_discussion(article, owner=owner)
    return article.get_absolute_url(), room.token


class TestArticle:
    """One page, one discussion."""

    def test_a_user_talks(self, visit, alice, bob):
        address, token = make_article(alice)
        TalkClient(alice).say(token, "What do you think?")
        other = visit(bob)
        other.page.goto(address)
        expect(other.messages).to_contain_text(["What do you think?"])
        other.say("Chestnuts!")
        expect(other.messages).to_contain_text(["What do you think?", "Chestnuts!"])
        expect(other.log.locator(".tk-pending")).to_have_count(0)

    def test_a_guest_talks(self, visit, alice):
        address, _token = make_article(alice)
        guest = visit()
        guest.page.goto(address)
        guest.page.get_by_label("Your name").fill("Grace")
        guest.press("Enter")
        guest.say("Lime trees")
        expect(guest.messages).to_contain_text(["Grace"])

    def test_a_stranger_to_a_private_room_is_told_so(self, visit, alice, bob):
        address, _token = make_article(alice, is_for_members=True)
        other = visit(bob)
        other.page.goto(address)
        expect(other.page.get_by_text("for its members")).to_be_visible()
        expect(other.page.locator("talk-room")).to_have_count(0)

    def test_the_sites_style_stays_outside(self, visit, alice):
        address, _token = make_article(alice)
        one = visit(alice)
        one.page.goto(address)
        one.input.wait_for()
        one.page.evaluate(
            "() => { const sheet = new CSSStyleSheet();"
            " sheet.replaceSync('textarea { font-size: 99px !important }');"
            " document.adoptedStyleSheets = [sheet]; }"
        )
        expect(one.input).not_to_have_css("font-size", "99px")

    def test_the_sites_colours_come_in(self, visit, alice):
        address, _token = make_article(alice)
        one = visit(alice)
        one.page.goto(address)
        one.input.wait_for()
        one.page.evaluate(
            "() => document.documentElement.style"
            ".setProperty('--talk-background', 'rgb(1, 2, 3)')"
        )
        frame = one.page.locator("talk-room .talk")
        expect(frame).to_have_css("background-color", "rgb(1, 2, 3)")

    def test_several_on_one_page(self, visit, alice, team, square):
        client = TalkClient(alice)
        address, token = make_article(alice)
        one = visit(alice)
        one.page.goto(address)
        one.input.wait_for()
        for other in (team, square):
            one.page.evaluate(
                "(token) => { const room = document.createElement('talk-room');"
                " room.setAttribute('token', token); document.body.append(room); }",
                other,
            )
        for number, participant in enumerate((token, team, square)):
            client.say(participant, f"to number {number}")
        for number in range(3):
            expect(one.page.get_by_text(f"to number {number}")).to_be_visible()
