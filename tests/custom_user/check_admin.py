"""Checks that the admin works with any user model. Run by `tests/test_custom_user.py`."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from talk.models import Guest, Message, Participant, Room, Session
from tests.client import TalkClient
from tests.custom_user.check_talking import make
from tests.custom_user.models import Account

pytestmark = pytest.mark.django_db

MODELS = [Room, Message, Participant, Session, Guest]


@pytest.fixture
def chief() -> Client:
    account = make("ada@example.org")
    account.is_staff = True
    account.save()
    client = Client()
    client.force_login(account)
    return client


@pytest.fixture
def ana() -> Account:
    return make("ana@example.org")


@pytest.fixture
def room(ana: Any) -> Room:
    as_ana, guest = TalkClient(ana), TalkClient()
    token = as_ana.create_room(type=3)
    as_ana.join(token)
    guest.join(token)
    return Room.objects.get(token=token)


def page(model: type[Any], kind: str, *args: Any) -> str:
    return reverse(f"admin:talk_{model._meta.model_name}_{kind}", args=args)


@pytest.mark.parametrize("model", MODELS)
def test_every_page_is_there(model: Any, chief: Client, room: Room) -> None:
    row = model.objects.first()
    for url in (page(model, "changelist"), page(model, "change", row.pk)):
        assert chief.get(url).status_code == 200


@pytest.mark.parametrize("model", [Room, Participant])
def test_people_are_found_by_address(model: Any, chief: Client, room: Room) -> None:
    response = chief.get(page(model, "changelist") + "?q=ana@ex")
    (found,) = response.context["cl"].result_list
    assert found in model.objects.all()


def test_participants_see_the_changes_of_staff(
    chief: Client, room: Room, ana: Any
) -> None:
    values = {"action": "make_private", "_selected_action": room.pk, "confirmed": "yes"}
    assert chief.post(page(Room, "changelist"), values).status_code == 302
    (message,) = TalkClient(ana).history(room.token, limit=1).data
    assert message["systemMessage"] == "guests_disallowed"
    assert message["actorId"] == "ada@example.org"
