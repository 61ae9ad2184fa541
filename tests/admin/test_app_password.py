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
    """Return the browser of somebody who may do this to app passwords."""
    user = UserFactory(is_staff=True)
    names = [f"{action}_apppassword" for action in actions]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    assert user.user_permissions.count() == len(actions)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def admin(db: None) -> Client:
    """A superuser's browser."""
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def hers(alice: Any) -> Any:
    """An app password of Alice's."""
    return AppPasswordFactory(user=alice, label="Weather bot")


def page_of(app_password: Any) -> str:
    """Return the address of the page of one."""
    return reverse("admin:talk_apppassword_change", args=[app_password.pk])


def delete_chosen(client: Client, *chosen: Any, confirmed: bool = True) -> Any:
    """Run the action that deletes."""
    data = {
        "action": "delete_selected",
        "_selected_action": [one.pk for one in chosen],
        **({"post": "yes"} if confirmed else {}),
    }
    return client.post(LIST, data, follow=True)


class TestList:
    """The list."""

    def test_it_tells_who_has_which(self, admin: Client, hers: Any) -> None:
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
        """Session and account, a count, the rows; a savepoint if requests are atomic."""
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
    """The page that makes one."""

    @pytest.fixture
    def added(self, admin: Client, alice: Any) -> Any:
        """The answer to making one for Alice."""
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

    def test_it_shows_what_one_logs_in_with(self, added: Any) -> None:
        (token,) = TOKEN.findall(added.content.decode())
        assert who(Client(), Authorization=basic("alice", token)) == "alice"
        assert AppPassword.objects.get().label == "Weather bot"

    def test_it_shows_it_once(self, admin: Client, added: Any) -> None:
        made = AppPassword.objects.get()
        for page in (LIST, page_of(made), "/admin/", f"{LIST}{made.pk}/history/"):
            assert TOKEN.findall(admin.get(page).content.decode()) == []

    def test_it_does_not_log_it(self, added: Any) -> None:
        (token,) = TOKEN.findall(added.content.decode())
        entry = LogEntry.objects.values().get()
        assert entry["object_id"] == str(AppPassword.objects.get().pk)
        assert token not in repr(entry)

    def test_one_too_many_is_refused_on_the_page(
        self, settings: Any, admin: Client, hers: Any
    ) -> None:
        settings.TALK = {"APP_PASSWORDS_MAX": 1}
        response = admin.post(ADD, {"user": hers.user.pk, "label": "Other"})
        assert "too many app passwords" in response.content.decode()
        assert AppPassword.objects.count() == 1

    def test_one_too_many_at_the_last_moment_is_403(
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
    """The page of one."""

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
    """What staff may do."""

    @pytest.mark.parametrize("path", ["", "add/", "{pk}/change/", "{pk}/delete/"])
    def test_without_permission_nothing(self, hers: Any, path: str) -> None:
        assert staff().get(LIST + path.format(pk=hers.pk)).status_code == 403

    def test_who_may_look_may_not_add(self, hers: Any) -> None:
        client = staff("view")
        assert client.get(LIST).status_code == 200
        assert client.get(page_of(hers)).status_code == 200
        assert client.post(ADD, {"user": hers.user.pk}).status_code == 403

    def test_who_may_look_may_not_revoke(self, hers: Any) -> None:
        client = staff("view")
        delete_chosen(client, hers)
        response = client.post(f"{LIST}{hers.pk}/delete/", {"post": "yes"})
        assert response.status_code == 403
        assert AppPassword.objects.exists()

    def test_who_may_delete_may_revoke(self, hers: Any) -> None:
        delete_chosen(staff("view", "delete"), hers)
        assert not AppPassword.objects.exists()
