"""Checks that talking works with any user model. Run by `tests/test_custom_user.py`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import TalkClient
from tests.custom_user.models import Account

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Account:
    return make("ana@example.org")


@pytest.fixture
def ben() -> Account:
    return make("ben@example.org")


def make(email: str) -> Account:
    account = Account(email=email)
    account.set_password("secret")
    account.save()
    return account


def test_two_accounts_have_one_room_for_the_two_of_them(ana: Any, ben: Any) -> None:
    as_ana, as_ben = TalkClient(ana), TalkClient(ben, basic="secret")
    token = as_ana.create_room(type=1, invite="ben@example.org")
    assert as_ben.create_room(type=1, invite="ana@example.org") == token

    as_ana.say(token, "hello")
    (room,) = as_ben.get("/room").data
    assert room["name"] == room["displayName"] == "ana@example.org"
    assert sorted(room["participants"]) == ["ana@example.org", "ben@example.org"]
    assert room["lastMessage"]["actorId"] == "ana@example.org"
    assert room["unreadMessages"] == 1


def test_an_account_joins_a_public_room(ana: Any, ben: Any) -> None:
    token = TalkClient(ana).create_room(type=3)
    as_ben = TalkClient(ben)
    as_ben.join(token)
    as_ben.say(token, "hi")
    assert as_ben.get("/room").data[0]["participantType"] == 5


def test_a_site_without_groups_has_none_to_invite(ana: Any) -> None:
    answer = TalkClient(ana).post("/room", roomType=2, invite="team")
    assert answer.status == 404


def test_the_profile_names_the_address(ana: Any) -> None:
    profile = TalkClient(ana).get("/ocs/v2.php/cloud/user").data
    assert profile["id"] == profile["email"] == "ana@example.org"
    assert profile["groups"] == []


def test_messages_of_a_deleted_account_stay(ana: Any, ben: Any) -> None:
    as_ana, as_ben = TalkClient(ana), TalkClient(ben)
    token = as_ana.create_room(type=3)
    as_ben.join(token)
    as_ben.say(token, "hi")
    ben.delete()
    removed, said = as_ana.history(token, limit=2).data
    assert removed["systemMessage"] == "user_removed"
    assert (said["actorType"], said["message"]) == ("deleted_users", "hi")


def test_an_account_gets_an_app_password_and_uses_it(ana: Any) -> None:
    client = TalkClient(ana, basic="secret")
    token = client.get("/ocs/v2.php/core/getapppassword").data["apppassword"]
    with_token = TalkClient(ana, basic=token)
    assert with_token.get("/ocs/v2.php/cloud/user").data["id"] == "ana@example.org"
    assert with_token.delete("/ocs/v2.php/core/apppassword").status == 200
    assert with_token.get("/ocs/v2.php/cloud/user").status == 401


def test_the_password_of_an_account_is_remembered(ana: Any) -> None:
    client = TalkClient(ana, basic="secret")
    statuses = [client.get("/ocs/v2.php/cloud/user").status for _ in range(2)]
    assert statuses == [200, 200]


def test_people_are_found_and_groups_are_none(ana: Any, ben: Any) -> None:
    parameters = {"search": "ben", "shareTypes[]": [0, 1]}
    answer = TalkClient(ana).get("/ocs/v2.php/core/autocomplete/get", **parameters)
    label = "ben@example.org"
    assert answer.data == [{"id": label, "label": label, "source": "users"}]


def test_everybody_has_an_avatar(ana: Any, ben: Any) -> None:
    response = TalkClient(ana).http.get("/avatar/ben@example.org/64")
    assert response.status_code == 200


def test_the_page_knows_who_looks_at_it(settings, ana: Any) -> None:
    token = TalkClient(ana).create_room()
    settings.ROOT_URLCONF = "tests.urls_below_prefix"
    response = TalkClient(ana).http.get(f"/cloud/call/{token}")
    assert b'{"id": "ana@example.org"' in response.content
