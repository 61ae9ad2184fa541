"""The pages: who is shown what, and what their script is told."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client
from django.test.utils import override_script_prefix
from django.urls import reverse

from talk.constants import RoomType
from tests.api.helpers import put_in, set_password
from tests.client import TalkClient
from tests.factories import PASSWORD, RoomFactory, UserFactory
from tests.web.helpers import data_of, with_templates

pytestmark = pytest.mark.django_db

LOGIN = "/login/"
"""The page of the example project to log in at."""

NOBODYS = "nosuchroom"
"""A token that no room has."""


@pytest.fixture
def alices(as_alice: TalkClient) -> Client:
    """Alice's browser."""
    return as_alice.http


@pytest.fixture
def private(as_alice: TalkClient) -> str:
    """A group room of Alice's, with nobody else in it."""
    return as_alice.create_room(type=2)


class TestRoom:
    """`/call/{token}`."""

    def test_a_participant_gets_the_page_of_a_private_room(self, alices, private):
        response = alices.get(f"/call/{private}")
        assert response.status_code == 200
        assert data_of(response)["token"] == private

    @pytest.mark.parametrize("password", [False, True])
    def test_anybody_gets_the_page_of_a_public_room(self, client, as_carol, password):
        token = RoomFactory().token
        if password:
            set_password(token)
        for browser in (client, as_carol.http):
            assert data_of(browser.get(f"/call/{token}"))["token"] == token

    def test_apps_write_the_link_with_a_file_name(self, alices, private):
        response = alices.get(f"/index.php/call/{private}")
        assert data_of(response)["token"] == private

    def test_a_guest_moves_on_to_the_page_of_a_room_they_joined(self, as_guest):
        token = RoomFactory().token
        as_guest.join(token)
        assert as_guest.http.get(f"/call/{token}").status_code == 200

    @pytest.mark.parametrize("visitor", ["anonymous", "user"])
    def test_a_private_room_of_others_looks_like_none(
        self, client, as_carol, private, visitor, django_assert_num_queries
    ):
        browser = as_carol.http if visitor == "user" else client
        queries = 4 if visitor == "user" else 1
        pages = []
        for token in (private, NOBODYS):
            with django_assert_num_queries(queries):
                response = browser.get(f"/call/{token}")
            assert response.status_code == 404
            pages.append(response.content.decode().replace(token, "-"))
        assert pages[0] == pages[1]
        assert "<script" not in pages[0]

    def test_a_removed_participant_does_not_get_the_page(self, as_bob, private, bob):
        put_in(private, bob)
        assert as_bob.http.get(f"/call/{private}").status_code == 200
        as_bob.delete(f"/room/{private}/participants/self")
        assert as_bob.http.get(f"/call/{private}").status_code == 404

    def test_anonymous_visitors_are_led_to_the_login_and_back(self, client):
        content = client.get(f"/call/{NOBODYS}").content.decode()
        assert f'href="{LOGIN}?next=%2Fcall%2F{NOBODYS}"' in content

    def test_users_are_led_from_an_unknown_room_to_their_rooms(self, as_carol):
        content = as_carol.http.get(f"/call/{NOBODYS}").content.decode()
        assert 'href="/apps/spreed/"' in content
        assert LOGIN not in content

    @pytest.mark.parametrize("path", ["/call/", "/call/ABC", "/call/abcd/", "/call/a"])
    def test_a_path_that_is_no_token_is_no_page(self, client, path):
        response = client.get(path)
        assert response.status_code == 404
        assert "Content-Security-Policy" not in response.headers

    def test_only_reading_is_possible(self, alices, private):
        assert alices.post(f"/call/{private}").status_code == 405

    def test_a_password_is_as_good_as_a_session(self, alice, private):
        client = TalkClient(alice, basic=PASSWORD)
        response = client.http.get(f"/call/{private}", headers=client.headers)
        assert data_of(response)["user"]["id"] == "alice"

    @pytest.mark.parametrize("cookie", ["\0", "nonsense"])
    def test_cookies_that_name_no_session_are_those_of_a_guest(self, client, cookie):
        client.cookies[settings.SESSION_COOKIE_NAME] = cookie
        response = client.get(f"/call/{RoomFactory().token}")
        assert data_of(response)["user"] is None


class TestRooms:
    """`/apps/spreed/`."""

    @pytest.mark.parametrize(
        "path", ["/apps/spreed/", "/apps/spreed", "/index.php/apps/spreed/"]
    )
    def test_a_user_gets_the_page(self, alices, path):
        data = data_of(alices.get(path))
        assert (data["token"], data["callUser"]) == (None, None)

    def test_others_are_sent_to_the_login_and_back(self, client):
        response = client.get("/apps/spreed/?token=abcd")
        assert response.status_code == 302
        way = f"{LOGIN}?next=/apps/spreed/%3Ftoken%3Dabcd"
        assert response.headers["Location"] == way

    def test_the_address_may_name_a_room_or_a_person(self, alices):
        assert data_of(alices.get("/apps/spreed/?token=abcd"))["token"] == "abcd"
        data = data_of(alices.get("/apps/spreed/?callUser=bob"))
        assert data["callUser"] == "bob"

    def test_a_text_that_is_no_token_opens_no_room(self, alices):
        data = data_of(alices.get("/apps/spreed/?token=</script>"))
        assert data["token"] is None

    def test_the_number_of_queries_is_that_of_a_login(
        self, alices, as_alice, django_assert_num_queries
    ):
        for _ in range(3):
            as_alice.create_room()
        with django_assert_num_queries(2):
            alices.get("/apps/spreed/")


class TestData:
    """The data that the script gets."""

    def test_of_a_user(self, alices, private):
        assert data_of(alices.get(f"/call/{private}")) == {
            "api": "/ocs/v2.php/apps/spreed/api/v1",
            "ocs": "/ocs/v2.php",
            "avatars": "/avatar",
            "roomPage": "/call",
            "roomsPage": "/apps/spreed/",
            "loginUrl": None,
            "token": private,
            "callUser": None,
            "user": {"id": "alice", "displayName": "Alice Adams"},
            "language": "en",
            "dir": "ltr",
            "stylesheet": "/static/talk/talk.css",
        }

    def test_of_an_anonymous_visitor(self, client):
        token = RoomFactory().token
        data = data_of(client.get(f"/call/{token}"))
        assert data["user"] is None
        assert data["loginUrl"] == f"{LOGIN}?next=%2Fcall%2F{token}"

    @pytest.mark.urls("tests.urls_below_prefix")
    def test_of_a_site_that_has_us_below_a_path(self, client, settings):
        settings.LOGIN_URL = LOGIN
        token = RoomFactory().token
        with override_script_prefix("/intranet/"):
            data = data_of(client.get(f"/cloud/call/{token}"))
        assert data["api"] == "/intranet/cloud/ocs/v2.php/apps/spreed/api/v1"
        assert data["roomPage"] == "/intranet/cloud/call"

    def test_names_cannot_end_the_element(self, client):
        user = UserFactory(first_name="</script><script>alert(1)", last_name="")
        client.force_login(user)
        response = client.get("/apps/spreed/")
        assert b"<script>alert" not in response.content
        assert data_of(response)["user"]["displayName"] == user.first_name

    def test_the_routes_of_the_data_are_those_of_the_site(self, alices, private):
        data = data_of(alices.get(f"/call/{private}"))
        link = reverse("talk:page-room", kwargs={"token": private})
        assert f"{data['roomPage']}/{private}" == link
        assert data["roomsPage"] == reverse("talk:page-rooms")


class TestLanguage:
    """The language of the page."""

    def test_that_of_the_request(self, client):
        response = client.get(f"/call/{NOBODYS}", headers={"Accept-Language": "de"})
        assert response.headers["Content-Language"] == "de"
        assert '<html lang="de" dir="ltr">' in response.content.decode()

    def test_that_which_the_site_knows_of_the_user(self, alices, monkeypatch):
        monkeypatch.setattr(
            "talk.adapters.DefaultAdapter.language", lambda self, user: "fr"
        )
        assert data_of(alices.get("/apps/spreed/"))["language"] == "fr"

    def test_some_are_written_from_the_right(self, client):
        response = client.get(f"/call/{NOBODYS}", headers={"Accept-Language": "he"})
        assert '<html lang="he" dir="rtl">' in response.content.decode()


class TestChoices:
    """The settings of a site for its pages."""

    def test_without_the_pages_their_paths_are_the_sites_own(self, client, settings):
        settings.TALK = {"PAGE": False}
        for path in (f"/call/{RoomFactory().token}", "/apps/spreed/"):
            response = client.get(path)
            assert response.status_code == 404
            assert "Permissions-Policy" not in response.headers

    def test_a_base_template_of_the_site_is_around_the_page(self, client, settings):
        settings.TALK = {"PAGE_BASE_TEMPLATE": "site_base.html"}
        settings.TEMPLATES = with_templates(
            settings,
            {"site_base.html": "<b>Site</b>{% block content %}{% endblock %}"},
        )
        response = client.get(f"/call/{RoomFactory(type=RoomType.PUBLIC).token}")
        assert response.content.decode().startswith("<b>Site</b>")
        assert data_of(response)["user"] is None
        assert "Content-Security-Policy" not in response.headers
