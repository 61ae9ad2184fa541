"""Images of people: what is drawn, who sees it, and how it is kept."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from talk.adapters import DefaultAdapter, Picture
from talk.api.views import avatars as views
from talk.rendering.avatars import COLOURS, colour_of, initials_of
from tests.client import TalkClient
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

BROWSER = {"Accept": "image/avif,image/webp,image/svg+xml,image/*,*/*;q=0.8"}
PNG = b"\x89PNG\r\n\x1a\n"


class PictureAdapter(DefaultAdapter):
    """A site that has pictures of some, and shows Bob's to users only."""

    def picture(self, user, viewer):
        if user.username == "alice":
            return Picture(PNG, "image/png")
        if user.username == "bob" and viewer is not None:
            return "/media/bob.jpg"
        return None


class ApartAdapter(PictureAdapter):
    """A site where nobody may know anybody."""

    def reachable_users(self, user, users):
        return []


def letters(client: Client, path: str, **headers: str) -> str:
    """Return the letters of an image that a browser is shown."""
    response = client.get(path, headers={**BROWSER, **headers})
    assert response.headers["Content-Type"] == "image/svg+xml"
    return response.content.decode().split("</text>")[0].split(">")[-1]


def luminance(value: str) -> float:
    """Return the relative luminance of a colour, as WCAG defines it."""
    channels = [int(value[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


class TestInitials:
    """The letters that stand for a name."""

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("Alice Adams", "AA"),
            ("alice", "A"),
            ("Ana María de la Cruz", "AC"),
            ("bob@example.org", "B"),
            ("(Éva) 2", "É2"),
            ("e\u0301va", "É"),
            ("王小明", "王"),
            ("ßx", "S"),
            ("😀", "?"),
            ("", "?"),
            ("<b> &", "B"),
        ],
    )
    def test_initials(self, name, expected):
        assert initials_of(name) == expected


class TestColour:
    """The colour that somebody keeps."""

    @pytest.mark.parametrize("value", COLOURS)
    def test_white_letters_can_be_read_on_it(self, value):
        assert 1.05 / (luminance(value) + 0.05) >= 4.5

    def test_it_is_always_the_same(self):
        assert colour_of("alice") == "#00708f"

    def test_all_are_used(self):
        assert {colour_of(str(number)) for number in range(500)} == set(COLOURS)


class TestUser:
    """`/avatar/{user}/{size}`."""

    @pytest.mark.parametrize(
        "path",
        [
            "/avatar/bob/64",
            "/index.php/avatar/bob/64",
            "/index.php/avatar/bob/64/dark",
            "/avatar//bob/64",
        ],
    )
    def test_apps_ask_in_several_ways(self, as_alice, bob, path):
        assert letters(as_alice.http, path) == "BB"

    def test_users_see_their_own_avatar(self, settings, as_alice):
        settings.TALK = {"ADAPTER": "tests.web.test_avatars.ApartAdapter"}
        response = as_alice.http.get("/avatar/alice/64")
        assert response.content == PNG

    def test_a_password_is_as_good_as_a_session(self, alice, bob):
        client = TalkClient(alice, basic=PASSWORD)
        path, headers = "/avatar/bob/64", {**client.headers, **BROWSER}
        assert b">BB<" in client.http.get(path, headers=headers).content

    def test_wrong_credentials_count_as_anonymous(self, client, bob):
        assert letters(client, "/avatar/bob/64", Authorization="Basic eDp5") == "B"

    def test_ids_with_odd_characters_have_an_avatar(self, as_alice):
        UserFactory(username="ä b@x", first_name="Zoe", last_name="")
        assert letters(as_alice.http, "/avatar/%C3%A4%20b%40x/64") == "Z"

    @pytest.mark.parametrize("user_id", ["%00", "a%00b", "%FF", "x" * 5000])
    def test_impossible_ids_have_an_avatar_too(self, client, user_id):
        assert client.get(f"/avatar/{user_id}/64").status_code == 200

    @pytest.mark.parametrize(
        "path", ["/avatar/bob", "/avatar/bob/x", "/avatar//64", "/avatar/bob/64/light"]
    )
    def test_a_path_that_is_no_avatar_is_not_found(self, client, path):
        assert client.get(path).status_code == 404

    def test_images_are_only_read(self, client):
        assert client.post("/avatar/bob/64").status_code == 405

    def test_it_costs_one_query_and_those_of_the_login(
        self, client, as_alice, bob, django_assert_num_queries
    ):
        with django_assert_num_queries(3):
            as_alice.http.get("/avatar/bob/64")
        for user_id in ("bob", "nobody"):
            with django_assert_num_queries(1):
                client.get(f"/avatar/{user_id}/64")


class TestUnknownIds:
    """Known and unknown ids look alike to requests that may not see the user."""

    def test_anonymous_visitors_cannot_tell_them_from_known_ids(self, client, bob):
        known = client.get("/avatar/bob/64", headers=BROWSER)
        bob.delete()
        unknown = client.get("/avatar/bob/64", headers=BROWSER)
        assert known.content == unknown.content
        assert dict(known.headers) == dict(unknown.headers)

    def test_users_whom_the_site_keeps_apart_see_no_name(self, settings, as_carol, bob):
        settings.TALK = {"ADAPTER": "tests.web.test_avatars.ApartAdapter"}
        assert letters(as_carol.http, "/avatar/bob/64") == "B"

    def test_users_see_the_same_colour_as_others(self, client, as_alice, bob):
        def see(browser: Client) -> bytes:
            image = browser.get("/avatar/bob/64", headers=BROWSER).content
            return image.split(b'fill="')[1][:7]

        assert see(as_alice.http) == see(client)


class TestGuest:
    """`/avatar/guest/{name}/{size}`."""

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("/avatar/guest/Gwen%20Green/64", "GG"),
            ("/index.php/avatar/guest/Gwen/64/dark", "G"),
            ("/avatar/guest//64", "?"),
        ],
    )
    def test_the_letters_of_the_name(
        self, client, path, expected, django_assert_num_queries
    ):
        with django_assert_num_queries(0):
            response = client.get(path, headers=BROWSER)
        assert response.status_code == 201
        assert f">{expected}<" in response.content.decode()

    def test_a_user_who_is_called_guest_is_a_user(self, as_alice):
        UserFactory(username="guest", first_name="Zoe", last_name="")
        assert letters(as_alice.http, "/avatar/guest/64") == "Z"


class TestFormat:
    """SVG for browsers, PNG for apps."""

    @pytest.mark.parametrize("accept", [None, "*/*", "image/png, image/*"])
    def test_apps_get_png(self, client, accept):
        image = pytest.importorskip("PIL.Image")
        headers = {} if accept is None else {"Accept": accept}
        response = client.get("/avatar/bob/128", headers=headers)
        assert response.headers["Content-Type"] == "image/png"
        assert image.open(BytesIO(response.content)).size == (128, 128)

    @pytest.mark.parametrize("name", ["Alice Adams", "Éva", "王小明", ""])
    def test_every_name_can_be_drawn(self, client, name):
        pytest.importorskip("PIL")
        response = client.get(f"/avatar/guest/{name}/64")
        assert response.content.startswith(PNG)

    def test_without_the_extra_apps_get_svg(self, client, monkeypatch):
        monkeypatch.setattr("talk.rendering.avatars.find_spec", lambda name: None)
        response = client.get("/avatar/bob/64")
        assert response.headers["Content-Type"] == "image/svg+xml"

    @pytest.mark.parametrize(
        ("asked", "drawn"),
        [("64", 64), ("65", 128), ("1", 64), ("0", 64), ("-1", 64), ("999999999", 512)],
    )
    def test_sizes_are_few_and_bounded(self, client, asked, drawn):
        content = client.get(f"/avatar/bob/{asked}", headers=BROWSER).content.decode()
        assert f'width="{drawn}" height="{drawn}"' in content


class TestPicture:
    """A site's own pictures."""

    @pytest.fixture(autouse=True)
    def of_the_site(self, settings, alice, bob):
        settings.TALK = {"ADAPTER": "tests.web.test_avatars.PictureAdapter"}

    def test_of_bytes(self, client):
        response = client.get("/avatar/alice/64", headers=BROWSER)
        assert response.content == PNG
        assert response.headers["Content-Type"] == "image/png"
        assert response.headers["X-NC-IsCustomAvatar"] == "1"

    def test_of_a_url(self, as_alice):
        response = as_alice.http.get("/avatar/bob/64")
        assert response.status_code == 302
        assert response.headers["Location"] == "/media/bob.jpg"
        assert response.headers["X-NC-IsCustomAvatar"] == "1"

    def test_the_site_knows_who_looks(self, client):
        response = client.get("/avatar/bob/64")
        assert response.status_code == 200
        assert response.headers["X-NC-IsCustomAvatar"] == "0"

    @pytest.mark.parametrize("content_type", ["image/svg+xml", "text/html", ""])
    def test_a_format_that_may_hold_a_script_is_no_picture(self, content_type):
        with pytest.raises(ValueError, match="no type of a picture"):
            Picture(b"", content_type)


class TestKeeping:
    """Avatars that are not requested or drawn again."""

    @pytest.mark.parametrize("path", ["/avatar/bob/64", "/avatar/guest/Gwen/64"])
    @pytest.mark.parametrize("headers", [{}, BROWSER])
    def test_a_client_that_has_it_gets_a_304(self, client, path, headers):
        first = client.get(path, headers=headers)
        condition = {"If-None-Match": first.headers["ETag"]}
        again = client.get(path, headers={**headers, **condition})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["Cache-Control"] == "private, max-age=1800"

    def test_another_name_is_another_image(self, as_alice, bob):
        first = as_alice.http.get("/avatar/bob/64")
        bob.first_name = "Robert"
        bob.save()
        condition = {"If-None-Match": first.headers["ETag"]}
        assert as_alice.http.get("/avatar/bob/64", headers=condition).status_code == 200

    def test_png_is_drawn_once(self, client, monkeypatch):
        pytest.importorskip("PIL")
        first = client.get("/avatar/bob/64").content
        monkeypatch.setattr(views, "render_png", None)
        assert client.get("/avatar/bob/64").content == first
        cache.clear()
        with pytest.raises(TypeError):
            client.get("/avatar/bob/64")

    def test_proxies_keep_nothing_that_depends_on_who_looks(self, client):
        response = client.get("/avatar/bob/64")
        assert "private" in response.headers["Cache-Control"]
        names = {name.strip() for name in response.headers["Vary"].split(",")}
        assert names >= {"Accept", "Authorization", "Cookie"}

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("Content-Security-Policy", "default-src 'none'; sandbox"),
            ("X-Content-Type-Options", "nosniff"),
            ("Cross-Origin-Resource-Policy", "same-site"),
        ],
    )
    def test_an_image_is_nothing_but_an_image(self, client: Any, name, value):
        assert client.get("/avatar/bob/64").headers[name] == value
