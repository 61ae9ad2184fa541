"""Checks in the strictest site. Run by `tests/test_custom_user.py`, and by CI with
the wheel, outside of the checkout."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from talk.models import Room
from tests.custom_user.check_talking import make
from tests.custom_user.models import Account

pytestmark = pytest.mark.django_db

API = "/community/ocs/v2.php/apps/spreed/api/v1"
HEADERS = {"OCS-APIRequest": "true", "Accept": "application/json"}


@pytest.fixture
def ana() -> Account:
    return make("ana@example.org")


@pytest.fixture
def as_ana(ana: Account) -> Client:
    client = Client(headers=HEADERS)
    client.force_login(ana)
    return client


@pytest.fixture
def token(as_ana: Client) -> str:
    form = {"roomType": 3, "roomName": "Square"}
    return data_of(as_ana.post(f"{API}/room", form), 201)["token"]


def data_of(response: Any, status: int = 200) -> Any:
    """Return the data in an answer that has the status."""
    assert response.status_code == status, response.content
    return response.json()["ocs"]["data"]


def test_an_account_and_a_guest_talk(as_ana: Client, token: str) -> None:
    guest = Client(headers=HEADERS)
    data_of(guest.post(f"{API}/room/{token}/participants/active"))
    guest.post(f"{API}/chat/{token}", {"message": "hello"})
    newest = data_of(as_ana.get(f"{API}/chat/{token}", {"lookIntoFuture": 0}))[0]
    assert (newest["actorType"], newest["message"]) == ("guests", "hello")


def test_a_failed_request_changes_nothing(as_ana: Client, token: str) -> None:
    answer = as_ana.put(f"{API}/room/{token}", {"roomName": ""}, "application/json")
    assert answer.status_code == 400
    assert Room.objects.get(token=token).name == "Square"


def test_the_link_of_a_public_room_needs_no_login(token: str) -> None:
    page = Client().get(f"/community/call/{token}")
    assert page.status_code == 200
    assert f'"api": "{API}"'.encode() in page.content


def test_the_site_keeps_its_other_pages_to_itself(token: str) -> None:
    room = Room.objects.get(token=token)
    url = reverse("admin:talk_room_change", args=[room.pk])
    assert url.startswith("/staff/")
    assert Client().get(url).status_code == 302
