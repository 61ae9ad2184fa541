"""Every page of every model, by permission."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse

from talk.models import Guest, Message, Participant, Room, Session
from tests.admin.helpers import add_url, browser, list_url, offered, page_url, shown

pytestmark = pytest.mark.django_db

MODELS = [Room, Message, Participant, Guest, Session]
WITHOUT_DELETION = {Guest}
HASH = "md5$salt$hash"


@pytest.fixture
def row(request: pytest.FixtureRequest, room: Room, guest: Any) -> Any:
    """Return a row of the model of the test."""
    room.password = HASH
    room.save()
    return request.getfixturevalue("model").objects.order_by("-pk").first()


@pytest.mark.parametrize("model", MODELS)
class TestPages:
    def test_a_superuser_sees_the_list(self, model, row, chief):
        assert page_url(row) in shown(chief, list_url(model))

    def test_a_superuser_sees_a_page(self, model, row, chief):
        assert "Square" in shown(chief, page_url(row))

    def test_a_superuser_sees_the_history(self, model, row, chief):
        assert chief.get(page_url(row, "history")).status_code == 200

    def test_a_superuser_cannot_add_a_row(self, model, row, chief):
        assert chief.get(add_url(model)).status_code == 403
        assert chief.post(add_url(model), {}).status_code == 403

    def test_a_superuser_is_asked_before_a_deletion(self, model, row, chief):
        if model in WITHOUT_DELETION:
            pytest.skip("messages name guests")
        assert "Are you sure" in shown(chief, page_url(row, "delete"))
        assert model.objects.filter(pk=row.pk).exists()

    def test_a_viewer_sees_the_list_and_a_page(self, model, row, viewer):
        assert page_url(row) in shown(viewer, list_url(model))
        assert "Square" in shown(viewer, page_url(row))

    def test_a_viewer_is_offered_no_changes(self, model, row, viewer):
        harmless = {"export_history"} if model is Room else set()
        assert offered(viewer, list_url(model)) == harmless
        page = shown(viewer, page_url(row))
        assert 'name="_save"' not in page
        assert "deletelink" not in page

    def test_a_viewer_cannot_change_or_delete(self, model, row, viewer):
        assert viewer.post(page_url(row), {"name": "New"}).status_code == 403
        assert viewer.get(page_url(row, "delete")).status_code == 403
        assert viewer.post(page_url(row, "delete"), {"post": "yes"}).status_code == 403
        assert model.objects.filter(pk=row.pk).exists()

    def test_staff_without_permission_see_no_page(self, model, row, clerk):
        for url in (list_url(model), page_url(row), page_url(row, "delete")):
            assert clerk.get(url).status_code == 403

    def test_an_anonymous_user_has_to_log_in(self, model, row):
        response = Client().get(list_url(model))
        assert response.status_code == 302
        assert "/login/" in response["Location"]

    @pytest.mark.parametrize("page", ["list", "change"])
    def test_no_page_shows_secrets(self, model, row, chief, page):
        text = shown(chief, list_url(model) if page == "list" else page_url(row))
        session = Session.objects.first()
        for secret in (HASH, session.session_id, session.device):
            assert secret not in text

    def test_a_missing_row_redirects_to_the_index(self, model, row, chief):
        missing = model(pk=10**9)
        response = chief.get(page_url(missing))
        assert response.status_code == 302
        assert response["Location"] == reverse("admin:index")

    def test_pages_have_no_inline_script_or_style(self, model, row, chief):
        for url in (list_url(model), page_url(row)):
            text = shown(chief, url)
            assert "<style" not in text
            assert " style=" not in text
            assert "<script>" not in text


def test_the_style_sheet_exists(chief, room):
    assert 'href="/static/talk/admin/admin.css"' in shown(chief, page_url(room))
    assert finders.find("talk/admin/admin.css")


def test_accounts_can_still_be_deleted_in_the_admin(chief, room, alice):
    url = reverse("admin:auth_user_delete", args=[alice.pk])
    assert "Cannot delete" not in shown(chief, url)
    assert chief.post(url, {"post": "yes"}).status_code == 302
    assert not Room.objects.exists()


@pytest.mark.parametrize("model", MODELS)
def test_no_list_counts_more_than_it_shows(model, row, chief, monkeypatch):
    monkeypatch.setattr("talk.admin.base.ROWS_MAX", 0)
    assert "The first 0" in shown(chief, list_url(model))


def test_the_page_of_a_room_hides_models_without_permission(room, guest):
    """Staff who may only view rooms do not learn who their participants are."""
    client = browser("view_room")
    text = shown(client, page_url(room))
    assert "Gwen" not in text
    assert list_url(Participant) not in text
    assert offered(client, list_url(Room)) == set()
