"""The example site's own pages, with rooms in them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from example_project.demo_data import create_demo_data
from example_project.models import Article
from example_project.views import POLICY
from talk.constants import ParticipantType, RoomType
from talk.rooms import find_room

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo() -> None:
    create_demo_data()


def log_in(name: str) -> Client:
    """Return a browser in which somebody of the demo has logged in by the form."""
    browser = Client()
    form = {"username": name, "password": f"{name}-demo", "next": "/"}
    assert browser.post("/login/", form).headers["Location"] == "/"
    return browser


def show(browser: Client, *, is_for_members: bool) -> tuple[str, str]:
    """Return the page of an article, and the token of its room."""
    article = Article.objects.get(is_for_members=is_for_members)
    response = browser.get(article.get_absolute_url())
    assert response.headers["Content-Security-Policy"] == POLICY
    room = find_room(article)
    assert room is not None
    return response.content.decode(), room.token


@pytest.mark.usefixtures("demo")
class TestDiscussion:
    """Of an article."""

    @pytest.mark.parametrize("name", ["alice", "bob", None])
    def test_users_and_guests_see_one_that_is_public(self, client, name):
        browser = log_in(name) if name else client
        html, token = show(browser, is_for_members=False)
        assert f'<talk-room token="{token}">' in html

    def test_a_member_sees_one_for_members(self):
        html, token = show(log_in("carol"), is_for_members=True)
        assert f'<talk-room token="{token}">' in html

    @pytest.mark.parametrize("name", ["alice", None])
    def test_a_non_participant_is_told_that_it_is_for_members(self, client, name):
        browser = log_in(name) if name else client
        html, token = show(browser, is_for_members=True)
        assert "This conversation is for its members." in html
        assert token not in html


@pytest.mark.usefixtures("demo")
class TestSite:
    """The way around."""

    def test_it_begins_with_the_articles(self, client):
        html = client.get("/").content.decode()
        for article in Article.objects.all():
            assert f'<a href="{article.get_absolute_url()}">{article.title}</a>' in html
        assert "My conversations" not in html

    def test_a_user_finds_their_conversations(self):
        browser = log_in("alice")
        assert '<a href="/apps/spreed/">' in browser.get("/").content.decode()
        assert browser.get("/apps/spreed/").status_code == 200

    def test_an_anonymous_visitor_is_sent_to_the_login_and_back(self, client):
        way = client.get("/apps/spreed/").headers["Location"]
        assert way == "/login/?next=/apps/spreed/"
        assert 'value="/apps/spreed/"' in client.get(way).content.decode()

    def test_they_can_leave(self):
        browser = log_in("alice")
        assert browser.post("/logout/").headers["Location"] == "/"
        assert "Log in" in browser.get("/").content.decode()


@pytest.mark.parametrize(
    ("members", "room_type"), [(False, RoomType.PUBLIC), (True, RoomType.GROUP)]
)
def test_the_author_of_an_article_moderates_its_discussion(
    admin_client: Client, admin_user: Any, members: bool, room_type: RoomType
) -> None:
    form = {
        "title": "News",
        "text": "…",
        **({"is_for_members": "on"} if members else {}),
    }
    response = admin_client.post("/admin/example_project/article/add/", form)
    assert response.status_code == 302
    room = find_room(Article.objects.get())
    assert (room.name, room.type) == ("News", room_type)
    participant = room.participants.get()
    assert (participant.user, participant.type) == (admin_user, ParticipantType.OWNER)
