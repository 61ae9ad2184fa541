"""POST /room/{token}/participants with a group: its members are added at once."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from talk.models import Participant
from tests.api.helpers import (
    TIMESTAMP,
    UNSTORABLE,
    assert_done,
    assert_refused,
    put_in,
    rows,
    unread,
    user_types_of,
)
from tests.api.moderation import KEEPS_CAROL_APART, last_activity, told
from tests.api.wire import PLACES, send
from tests.client import Answer, TalkClient
from tests.factories import GroupFactory, UserFactory

AS_GROUP = [
    {"isGroup": "true"},
    {"isGroup": "1"},
    {"isGroup": "yes"},
    {"source": "groups"},
    {"source": "groups", "isGroup": "true"},
    {"source": "groups", "isGroup": "false"},
]


def add_group(
    client: TalkClient, token: str, group_id: str = "team", **parameters: Any
) -> Answer:
    """Request to add a group."""
    parameters = parameters or {"source": "groups"}
    path = f"/room/{token}/participants"
    return client.post(path, newParticipant=group_id, **parameters)


@pytest.fixture
def team(bob: Any, carol: Any) -> Any:
    """A group of Bob and Carol."""
    group = GroupFactory(name="team")
    group.user_set.add(bob, carol)
    return group


@pytest.mark.usefixtures("team")
class TestRequest:
    """Parameters that name a group."""

    @pytest.mark.parametrize("parameters", AS_GROUP, ids=str)
    def test_a_group_is_named_by_flag_or_source(self, as_alice, public, parameters):
        assert_done(add_group(as_alice, public, **parameters))
        assert user_types_of(public) == {"alice": 1, "bob": 3, "carol": 3}

    @pytest.mark.parametrize("body", [{"isGroup": True}, {"isGroup": "false"}], ids=str)
    def test_every_text_in_json_is_true(self, as_alice, public, body):
        body = {"newParticipant": "team", **body}
        assert_done(as_alice.post_json(f"/room/{public}/participants", body))
        assert user_types_of(public) == {"alice": 1, "bob": 3, "carol": 3}

    def test_a_source_of_null_is_ignored(self, as_alice, public):
        body = {"newParticipant": "team", "source": None, "isGroup": True}
        assert_done(as_alice.post_json(f"/room/{public}/participants", body))
        assert user_types_of(public) == {"alice": 1, "bob": 3, "carol": 3}

    @pytest.mark.parametrize("parameters", [{"isGroup": "1"}, {"source": "groups"}])
    @pytest.mark.parametrize("place", PLACES)
    def test_the_parameters_may_be_sent_anywhere(
        self, as_alice, public, place, parameters
    ):
        path = f"/room/{public}/participants"
        answer = send(
            as_alice, "POST", path, place, newParticipant="team", **parameters
        )
        assert_done(answer)
        assert user_types_of(public) == {"alice": 1, "bob": 3, "carol": 3}

    @pytest.mark.parametrize("parameters", AS_GROUP, ids=str)
    @pytest.mark.parametrize("group_id", ["nothing", "", "Team", "te%", "bob"])
    def test_an_unknown_group_is_404(self, as_alice, public, group_id, parameters):
        before = rows()
        assert_refused(add_group(as_alice, public, group_id, **parameters), 404)
        assert rows() == before

    @pytest.mark.parametrize("group_id", UNSTORABLE)
    def test_a_group_that_cannot_be_stored_is_refused(self, as_alice, public, group_id):
        before = rows()
        body = {"newParticipant": group_id, "isGroup": True}
        answer = as_alice.post_json(f"/room/{public}/participants", body)
        assert answer.status in (400, 404)
        assert rows() == before

    def test_an_unknown_group_is_403_for_users(self, as_bob, bob, public):
        put_in(public, bob)
        assert_refused(add_group(as_bob, public, "nothing"), 403)

    def test_an_unknown_group_is_404_for_non_participants(self, as_bob, public):
        assert_refused(add_group(as_bob, public, "nothing"), 404)

    def test_the_caller_may_be_outside_the_group(self, as_alice, alice, public):
        assert not alice.groups.exists()
        assert_done(add_group(as_alice, public))


@pytest.mark.usefixtures("team")
class TestEffects:
    """Each member of the group becomes a participant."""

    def test_each_member_is_announced(self, as_alice, public):
        add_group(as_alice, public)
        assert sorted(told(as_alice, public)) == [
            ("user_added", "alice", "bob"),
            ("user_added", "alice", "carol"),
        ]

    def test_members_are_announced_in_the_order_of_their_ids(self, as_alice, public):
        add_group(as_alice, public)
        participants = Participant.objects.filter(type=3).order_by("pk")
        order = list(participants.values_list("user__username", flat=True))
        assert [user for _, _, user in told(as_alice, public)] == order

    def test_members_have_read_everything(self, as_alice, as_bob, public):
        as_alice.say(public, "before")
        add_group(as_alice, public)
        assert unread(as_bob, public) == 0

    def test_an_addition_is_activity(self, clock, as_alice, public):
        clock.shift(60)
        add_group(as_alice, public)
        assert last_activity(as_alice, public) == TIMESTAMP + 60

    @pytest.mark.parametrize("type", [1, 2, 3, 5])
    def test_existing_participants_are_unchanged_and_not_announced(
        self, as_alice, bob, public, type
    ):
        put_in(public, bob, type=type)
        add_group(as_alice, public)
        assert user_types_of(public) == {"alice": 1, "bob": type, "carol": 3}
        assert told(as_alice, public) == [("user_added", "alice", "carol")]

    def test_the_caller_stays_owner(self, as_alice, alice, team, public):
        team.user_set.add(alice)
        add_group(as_alice, public)
        assert user_types_of(public) == {"alice": 1, "bob": 3, "carol": 3}

    def test_a_group_of_participants_changes_nothing(self, clock, as_alice, public):
        add_group(as_alice, public)
        clock.shift(60)
        before = rows()
        assert_done(add_group(as_alice, public))
        assert rows() == before

    def test_an_empty_group_adds_nobody(self, clock, as_alice, public):
        GroupFactory(name="empty")
        clock.shift(60)
        before = rows()
        assert_done(add_group(as_alice, public, "empty"))
        assert rows() == before

    def test_disabled_members_are_left_out(self, as_alice, team, public):
        team.user_set.add(UserFactory(username="dora", is_active=False))
        add_group(as_alice, public)
        assert user_types_of(public) == {"alice": 1, "bob": 3, "carol": 3}

    def test_members_whom_the_site_separates_are_left_out(
        self, as_alice, public, settings
    ):
        settings.TALK = KEEPS_CAROL_APART
        assert_done(add_group(as_alice, public))
        assert user_types_of(public) == {"alice": 1, "bob": 3}
        assert told(as_alice, public) == [("user_added", "alice", "bob")]

    def test_a_group_of_separated_users_adds_nobody(
        self, as_alice, bob, team, pair, settings
    ):
        settings.TALK = KEEPS_CAROL_APART
        before = rows()
        assert_done(add_group(as_alice, pair))
        assert rows() == before

    def test_later_members_are_not_added(self, as_alice, team, public):
        add_group(as_alice, public)
        team.user_set.add(UserFactory(username="dora"))
        assert "dora" not in user_types_of(public)

    def test_former_members_stay(self, as_alice, team, public):
        add_group(as_alice, public)
        team.user_set.clear()
        assert user_types_of(public) == {"alice": 1, "bob": 3, "carol": 3}

    def test_the_cost_does_not_depend_on_the_number_of_members(self, as_alice, public):
        costs = []
        for name, members in [("few", 2), ("many", 20)]:
            GroupFactory(name=name).user_set.set(UserFactory.create_batch(members))
            with CaptureQueriesContext(connection) as queries:
                assert_done(add_group(as_alice, public, name))
            costs.append(len(queries))
        assert costs[0] == costs[1]


@pytest.mark.usefixtures("team")
class TestPair:
    """Adding a user makes a one-to-one room a group room."""

    @pytest.mark.parametrize("parameters", AS_GROUP, ids=str)
    def test_the_response_has_the_new_type_as_a_number(
        self, as_alice, pair, parameters
    ):
        answer = add_group(as_alice, pair, **parameters)
        assert answer.status == 200
        assert answer.data == {"type": 2}
        assert as_alice.room(pair)["type"] == 2

    def test_the_pair_stay_owners_and_the_others_are_users(self, as_alice, pair):
        add_group(as_alice, pair)
        assert user_types_of(pair) == {"alice": 1, "bob": 1, "carol": 3}

    def test_the_addition_is_the_only_system_message(self, as_alice, pair):
        add_group(as_alice, pair)
        assert told(as_alice, pair) == [
            ("user_added", "alice", "bob"),
            ("user_added", "alice", "carol"),
        ]

    def test_the_pair_may_have_a_new_room_of_their_own(self, as_alice, pair):
        add_group(as_alice, pair)
        answer = as_alice.post("/room", roomType=1, invite="bob")
        assert answer.status == 201
        assert answer.data["token"] != pair

    def test_a_group_of_the_pair_changes_nothing(
        self, clock, as_alice, alice, bob, pair
    ):
        GroupFactory(name="two").user_set.add(alice, bob)
        clock.shift(60)
        before = rows()
        assert_done(add_group(as_alice, pair, "two"))
        assert rows() == before

    def test_an_unknown_group_changes_nothing(self, as_alice, pair):
        before = rows()
        assert_refused(add_group(as_alice, pair, "nothing"), 404)
        assert rows() == before
