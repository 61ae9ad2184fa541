"""Rooms in the pages of a site: `{% load talk %}`."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.template import Context, Template
from django.test import RequestFactory

from talk.constants import RoomType
from talk.models import Room
from talk.rooms import find_room, get_or_create_room
from tests.api.helpers import put_in
from tests.factories import GroupFactory, RoomFactory, UserFactory
from tests.web.helpers import data_of

pytestmark = pytest.mark.django_db

LOGIN = "/login/"
"""The page of the example project to log in at."""

MODULE = '<script type="module" src="/static/talk/talk-room.js"></script>'


def render(source: str, user: Any = None, path: str = "/article/", **context: Any):
    """Return a page of the site as `user` sees it."""
    request = RequestFactory().get(path)
    request.user, request.session = user or AnonymousUser(), SessionStore()
    template = Template("{% load talk %}" + source)
    return template.render(Context({"request": request, **context}))


class TestRoom:
    """`{% talk_room room %}`."""

    @pytest.mark.parametrize("is_user", [True, False])
    def test_anybody_sees_a_public_room(self, carol, is_user):
        room = RoomFactory()
        html = render("{% talk_room room %}", carol if is_user else None, room=room)
        assert f'<talk-room token="{room.token}">' in html
        assert f'<a href="/call/{room.token}">Open the conversation</a>' in html

    def test_a_participant_sees_a_private_one(self, alice):
        room = RoomFactory(type=RoomType.GROUP)
        put_in(room.token, alice)
        html = render("{% talk_room room %}", alice, room=room)
        assert f'<talk-room token="{room.token}">' in html

    def test_others_with_account_are_told_that_it_is_not_for_them(self, carol):
        room = RoomFactory(type=RoomType.GROUP)
        html = render("{% talk_room room %}", carol, room=room)
        assert "This conversation is for its members." in html
        for part in ("<script", "<talk-room", "Log in", room.token):
            assert part not in html

    def test_others_without_account_may_log_in_and_come_back(self):
        room = RoomFactory(type=RoomType.GROUP)
        html = render("{% talk_room room %}", room=room, path="/article/?page=2")
        way = f"{LOGIN}?next=%2Farticle%2F%3Fpage%3D2"
        assert f'<a href="{way}">Log in</a>' in html
        assert room.token not in html

    def test_the_script_is_told_what_that_of_the_page_is(self, alice):
        html = render("{% talk_room room %}", alice, room=RoomFactory())
        data = data_of(HttpResponse(html))
        assert data["user"] == {"id": "alice", "displayName": "Alice Adams"}
        assert data["token"] is None
        assert data["api"] == "/ocs/v2.php/apps/spreed/api/v1"
        assert data_of(HttpResponse(html), "talk-texts")["texts"] == {}

    def test_several_rooms_share_one_script(self):
        first, second = RoomFactory(), RoomFactory()
        html = render(
            "{% talk_room first %}{% talk_room second %}", first=first, second=second
        )
        assert html.count("<talk-room ") == 2
        assert html.count(MODULE) == 1
        assert html.count('id="talk-data"') == html.count('id="talk-texts"') == 1
        assert html.index(MODULE) < html.index("<talk-room ")

    def test_a_closed_room_takes_no_script_from_the_next(self):
        closed, shown = RoomFactory(type=RoomType.GROUP), RoomFactory()
        html = render(
            "{% talk_room closed %}{% talk_room shown %}", closed=closed, shown=shown
        )
        assert html.count(MODULE) == 1

    def test_there_is_no_inline_script_or_style(self):
        html = render("{% talk_room room %}", room=RoomFactory())
        scripts = html.count("<script") - html.count('type="application/json"')
        assert scripts == html.count(MODULE)
        assert "style" not in html.replace('"stylesheet"', "")

    @pytest.mark.parametrize(
        ("visitor", "queries"), [("participant", 1), ("user", 2), ("anonymous", 1)]
    )
    def test_queries(self, alice, carol, django_assert_num_queries, visitor, queries):
        room = RoomFactory()
        put_in(room.token, alice)
        for _ in range(3):
            put_in(room.token, UserFactory())
        user = {"participant": alice, "user": carol, "anonymous": None}[visitor]
        with django_assert_num_queries(queries):
            render("{% talk_room room %}", user, room=room)


class TestObject:
    """`{% talk_room_for object %}`."""

    @pytest.fixture
    def team(self) -> Group:
        """An object of the site: any model will do."""
        return GroupFactory(name="The team")

    def test_it_is_the_room_that_the_object_has(self, team):
        room = get_or_create_room(team, name="Team")
        assert room.token in render("{% talk_room_for team %}", team=team)
        assert Room.objects.count() == 1

    def test_without_one_it_is_made(self, team):
        html = render("{% talk_room_for team %}", team=team)
        room = find_room(team)
        assert (room.name, room.type) == ("The team", RoomType.PUBLIC)
        assert room.token in html

    def test_its_name_may_be_given(self, team):
        render('{% talk_room_for team name="Our place" %}', team=team)
        assert find_room(team).name == "Our place"

    def test_long_names_are_cut(self, team):
        render("{% talk_room_for team name=name %}", team=team, name="x" * 300)
        assert find_room(team).name == "x" * 255

    def test_a_private_room_stays_private(self, team, carol):
        get_or_create_room(team, name="Team", room_type=RoomType.GROUP)
        html = render("{% talk_room_for team %}", carol, team=team)
        assert "This conversation is for its members." in html


class TestAssets:
    """`{% talk_assets %}`."""

    def test_the_script_is_loaded_there_and_nowhere_else(self):
        html = render("{% talk_assets %}<hr>{% talk_room room %}", room=RoomFactory())
        assert html.count(MODULE) == 1
        assert html.index(MODULE) < html.index("<hr>")


def test_a_template_without_its_request_is_a_mistake_that_is_explained() -> None:
    template = Template("{% load talk %}{% talk_assets %}")
    with pytest.raises(ImproperlyConfigured, match="context_processors"):
        template.render(Context({}))
