"""Accounts that are deleted at the moment at which somebody adds them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from talk.adapters import DefaultAdapter
from tests.api.helpers import assert_done, assert_refused, user_types_of
from tests.api.moderation import told
from tests.client import TalkClient
from tests.factories import GroupFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


def delete_carol() -> None:
    get_user_model().objects.filter(username="carol").delete()


class VanishingAdapter(DefaultAdapter):
    """Finds Carol, whose account is deleted before anything comes of it."""

    def find_users(self, user_ids):
        found = super().find_users(user_ids)
        if "carol" in found:
            delete_carol()
        return found

    def find_group_members(self, group_id):
        found = super().find_group_members(group_id)
        delete_carol()
        return found


@pytest.fixture
def token(as_alice: TalkClient, bob: Any, carol: Any, settings: Any) -> str:
    """The one-to-one room of Alice and Bob, on a site where Carol vanishes."""
    GroupFactory(name="team").user_set.add(carol, UserFactory(username="dora"))
    GroupFactory(name="solo").user_set.add(carol)
    token = as_alice.create_room(type=1, invite="bob")
    settings.TALK = {"ADAPTER": f"{__name__}.VanishingAdapter"}
    return token


def test_a_user_who_vanishes_is_404_and_leaves_the_pair_alone(as_alice, token):
    path = f"/room/{token}/participants"
    assert_refused(as_alice.post(path, newParticipant="carol"), 404)
    assert as_alice.room(token)["type"] == 1
    assert told(as_alice, token) == [("user_added", "alice", "bob")]


def test_a_member_who_vanishes_does_not_keep_the_others_out(as_alice, token):
    path = f"/room/{token}/participants"
    answer = as_alice.post(path, newParticipant="team", source="groups")
    assert (answer.status, answer.data) == (200, {"type": 2})
    assert user_types_of(token) == {"alice": 1, "bob": 1, "dora": 3}
    assert told(as_alice, token)[1:] == [("user_added", "alice", "dora")]


def test_a_group_whose_only_member_vanishes_adds_nobody(as_alice, token):
    path = f"/room/{token}/participants"
    assert_done(as_alice.post(path, newParticipant="solo", source="groups"))
    assert as_alice.room(token)["type"] == 1
    assert told(as_alice, token) == [("user_added", "alice", "bob")]
