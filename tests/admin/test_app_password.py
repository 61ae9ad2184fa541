"""App passwords in the Django admin."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.urls import reverse

from talk.models import AppPassword
from tests.api.wire import basic, who
from tests.factories import AppPasswordFactory, UserFactory

pytestmark = pytest.mark.django_db

LIST = "/admin/talk/apppassword/"
ADD = f"{LIST}add/"
TOKEN = re.compile(r"\b[A-Za-z0-9]{5}(?:-[A-Za-z0-9]{5}){4}\b")


def staff(*actions: str) -> Client:
    """Return the browser of staff with these permissions for app passwords."""
    user = UserFactory(is_staff=True)
    names = [f"{action}_apppassword" for action in actions]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    assert user.user_permissions.count() == len(actions)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def admin(db: None) -> Client:
    """Return the browser of a superuser."""
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def hers(alice: Any) -> Any:
    """Return an app password of Alice."""
    return AppPasswordFactory(user=alice, label="Weather bot")


def page_of(app_password: Any) -> str:
    """Return the URL of the page of an app password."""
    return reverse("admin:talk_apppassword_change", args=[app_password.pk])


def delete_chosen(client: Client, *chosen: Any, confirmed: bool = True) -> Any:
    """Run the action that deletes app passwords."""
    data = {
        "action": "delete_selected",
        "_selected_action": [app_password.pk for app_password in chosen],
        **({"post": "yes"} if confirmed else {}),
    }
    return client.post(LIST, data, follow=True)


class TestList:
    """The list of app passwords."""

    def test_it_shows_the_user_and_the_label(self, admin: Client, hers: Any) -> None:
        text = admin.get(LIST).content.decode()
        assert "Weather bot" in text
        assert "alice" in text

    @pytest.mark.parametrize("search", ["alice", "LIC", "weather"])
    def test_names_and_labels_are_searched(
        self, admin: Client, hers: Any, search: str
    ) -> None:
        AppPasswordFactory(label="Other")
        text = admin.get(LIST, {"q": search}).content.decode()
        assert "Weather bot" in text
        assert "Other" not in text

    @pytest.mark.parametrize("count", [1, 20])
    def test_it_costs_four_queries(
        self, admin: Client, count: int, django_assert_num_queries: Any
    ) -> None:
        """Query the session, user, count and rows; set a savepoint in atomic requests."""
        for _ in range(count):
            AppPasswordFactory()
        is_atomic = connection.settings_dict["ATOMIC_REQUESTS"]
        with django_assert_num_queries(6 if is_atomic else 4):
            admin.get(LIST)

    def test_no_digest_is_shown(self, admin: Client, hers: Any) -> None:
        for page in (LIST, page_of(hers), f"{LIST}{hers.pk}/delete/"):
            response = admin.get(page)
            assert response.status_code == 200
            assert hers.digest not in response.content.decode()


class TestAdd:
    """The page that adds an app password."""

    @pytest.fixture
    def added(self, admin: Client, alice: Any) -> Any:
        """Add an app password for Alice and return the response."""
        data = {"user": alice.pk, "label": "Weather bot"}
        return admin.post(ADD, data, follow=True)

    def test_it_asks_for_user_and_label(self, admin: Client) -> None:
        text = admin.get(ADD).content.decode()
        assert re.findall(
            r'<(?:input|select|textarea)[^>]* name="(user|label|\w+_at)"', text
        ) == [
            "user",
            "label",
        ]

    def test_it_shows_a_token_that_logs_in(self, added: Any) -> None:
        (token,) = TOKEN.findall(added.content.decode())
        assert who(Client(), Authorization=basic("alice", token)) == "alice"
        assert AppPassword.objects.get().label == "Weather bot"

    def test_it_shows_the_token_once(self, admin: Client, added: Any) -> None:
        app_password = AppPassword.objects.get()
        history = f"{LIST}{app_password.pk}/history/"
        for page in (LIST, page_of(app_password), "/admin/", history):
            assert TOKEN.findall(admin.get(page).content.decode()) == []

    def test_it_does_not_log_the_token(self, added: Any) -> None:
        (token,) = TOKEN.findall(added.content.decode())
        entry = LogEntry.objects.values().get()
        assert entry["object_id"] == str(AppPassword.objects.get().pk)
        assert token not in repr(entry)

    def test_exceeding_the_maximum_is_an_error_on_the_page(
        self, settings: Any, admin: Client, hers: Any
    ) -> None:
        settings.TALK = {"APP_PASSWORDS_MAX": 1}
        response = admin.post(ADD, {"user": hers.user.pk, "label": "Other"})
        assert "too many app passwords" in response.content.decode()
        assert AppPassword.objects.count() == 1

    def test_exceeding_the_maximum_after_validation_is_403(
        self, settings: Any, monkeypatch: Any, admin: Client, hers: Any
    ) -> None:
        settings.TALK = {"APP_PASSWORDS_MAX": 1}
        name = "talk.admin.app_password.may_create_app_password"
        monkeypatch.setattr(name, lambda *, user: True)
        response = admin.post(ADD, {"user": hers.user.pk, "label": "Other"})
        assert response.status_code == 403
        assert AppPassword.objects.count() == 1

    def test_an_unknown_user_is_an_error_on_the_page(self, admin: Client) -> None:
        response = admin.post(ADD, {"user": 10**6, "label": "Other"})
        assert response.status_code == 200
        assert not AppPassword.objects.exists()


class TestPage:
    """The page of an app password, and its deletion."""

    def test_it_changes_nothing(self, admin: Client, hers: Any) -> None:
        data = {"user": hers.user.pk, "label": "Changed"}
        assert admin.post(page_of(hers), data).status_code == 403
        hers.refresh_from_db()
        assert hers.label == "Weather bot"

    def test_deleting_revokes(self, admin: Client, hers: Any) -> None:
        other = AppPasswordFactory(user=hers.user)
        admin.post(f"{LIST}{hers.pk}/delete/", {"post": "yes"})
        assert list(AppPassword.objects.all()) == [other]

    def test_the_action_revokes(self, admin: Client, hers: Any) -> None:
        other, third = AppPasswordFactory(), AppPasswordFactory()
        delete_chosen(admin, hers, other)
        assert list(AppPassword.objects.all()) == [third]

    def test_the_action_asks_first(self, admin: Client, hers: Any) -> None:
        text = delete_chosen(admin, hers, confirmed=False).content.decode()
        assert "Weather bot" in text
        assert AppPassword.objects.exists()


class TestPermissions:
    """Permissions of staff who are no superusers."""

    @pytest.mark.parametrize("path", ["", "add/", "{pk}/change/", "{pk}/delete/"])
    def test_staff_without_permission_see_no_page(self, hers: Any, path: str) -> None:
        assert staff().get(LIST + path.format(pk=hers.pk)).status_code == 403

    def test_the_view_permission_does_not_allow_adding(self, hers: Any) -> None:
        client = staff("view")
        assert client.get(LIST).status_code == 200
        assert client.get(page_of(hers)).status_code == 200
        assert client.post(ADD, {"user": hers.user.pk}).status_code == 403

    def test_the_view_permission_does_not_allow_revoking(self, hers: Any) -> None:
        client = staff("view")
        delete_chosen(client, hers)
        response = client.post(f"{LIST}{hers.pk}/delete/", {"post": "yes"})
        assert response.status_code == 403
        assert AppPassword.objects.exists()

    def test_the_delete_permission_allows_revoking(self, hers: Any) -> None:
        delete_chosen(staff("view", "delete"), hers)
        assert not AppPassword.objects.exists()
