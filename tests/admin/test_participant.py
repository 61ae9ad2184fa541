"""Participants in the admin: the list, promotion and removal."""

from __future__ import annotations

from typing import Any

import pytest

from talk.constants import ParticipantType
from talk.models import Participant, Room
from tests.admin.helpers import (
    act,
    browser,
    cost,
    list_url,
    listed,
    offered,
    page_url,
    shown,
    told,
)
from tests.api.helpers import put_in
from tests.factories import ParticipantFactory, SessionFactory

pytestmark = pytest.mark.django_db

LIST_QUERIES = 5
"""Session, user, count and rows; the live sessions."""


@pytest.fixture
def participant(room: Room, bob: Any) -> Participant:
    """Return Bob as a participant of the room."""
    return put_in(room.token, bob)


class TestList:
    def test_the_list_can_be_limited_to_a_room(self, chief, room, participant):
        ParticipantFactory()
        found = listed(chief, list_url(Participant, room=room.token))
        assert found == sorted(
            room.participants.values_list("pk", flat=True), reverse=True
        )

    def test_a_participant_is_found_by_username(self, chief, participant):
        assert listed(chief, list_url(Participant, q="bo")) == [participant.pk]

    def test_an_unknown_username_finds_no_participant(self, chief, participant):
        assert listed(chief, list_url(Participant, q="nobody")) == []

    def test_the_list_shows_who_is_connected(self, chief, participant):
        SessionFactory(participant=participant)
        rows = chief.get(list_url(Participant)).context["cl"].result_list
        assert [row.is_connected for row in rows] == [True, False]

    @pytest.mark.parametrize("count", [1, 30])
    def test_the_list_costs_the_same_for_many_participants(self, chief, room, count):
        for _ in range(count):
            SessionFactory(participant=ParticipantFactory(room=room))
        assert cost(chief, list_url(Participant)) == LIST_QUERIES


class TestRank:
    def test_a_participant_is_promoted_and_demoted(self, chief, participant, as_bob):
        reports = told(chief, act(chief, [participant], "promote"))
        assert reports == ["1 participant is a moderator now."]
        (room,) = as_bob.get("/room").data
        assert room["participantType"] == ParticipantType.MODERATOR
        assert room["lastMessage"]["message"] == "{actor} promoted you to moderator"
        reports = told(chief, act(chief, [participant], "demote"))
        assert reports == ["1 participant is no moderator any more."]
        (room,) = as_bob.get("/room").data
        assert room["participantType"] == ParticipantType.USER

    def test_owners_are_not_promoted(self, chief, room, participant):
        rows = list(room.participants.all())
        reports = told(chief, act(chief, rows, "promote"))
        assert reports[0] == "1 participant is a moderator now."
        assert reports[1].startswith("1 participant was left as they are")

    def test_the_change_permission_allows_promotion(self, room, participant):
        client = browser("view_participant", "change_participant")
        assert offered(client, list_url(Participant)) == {"promote", "demote"}
        act(client, [participant], "promote")
        participant.refresh_from_db()
        assert participant.type == ParticipantType.MODERATOR

    def test_the_view_permission_does_not_allow_promotion(self, viewer, participant):
        act(viewer, [participant], "promote")
        participant.refresh_from_db()
        assert participant.type == ParticipantType.USER


class TestRemoval:
    def test_a_participant_is_removed(self, chief, room, participant, as_alice, as_bob):
        assert "Bob Brown (bob) in Square" in shown(
            chief, page_url(participant, "delete")
        )
        chief.post(page_url(participant, "delete"), {"post": "yes"})
        assert as_bob.get("/room").data == []
        (message,) = as_alice.history(room.token, limit=1).data
        assert message["systemMessage"] == "user_removed"
        assert message["actorDisplayName"] == "Ada Admin"

    def test_several_participants_are_removed(self, chief, room, participant):
        rows = [participant, ParticipantFactory(room=room)]
        reports = told(chief, act(chief, rows, "delete_selected", post="yes"))
        assert reports == ["Successfully deleted 2 participants."]
        assert room.participants.count() == 1

    def test_removing_both_of_a_one_to_one_room_deletes_it(self, chief, as_alice, bob):
        as_alice.create_room(type=1, invite="bob")
        rows = list(Participant.objects.all())
        text = act(chief, rows, "delete_selected").content.decode()
        assert text.count("and the room, which ends without them") == 2
        act(chief, rows, "delete_selected", post="yes")
        assert not Room.objects.exists()

    def test_removing_the_last_participant_deletes_the_room(self, chief, room):
        (owner,) = room.participants.all()
        text = shown(chief, page_url(owner, "delete"))
        assert "and the room, which ends without them" in text
        chief.post(page_url(owner, "delete"), {"post": "yes"})
        assert not Room.objects.exists()

    def test_a_guest_is_removed(self, chief, room, guest):
        participant = room.participants.get(guest__isnull=False)
        chief.post(page_url(participant, "delete"), {"post": "yes"})
        assert guest.get(f"/chat/{room.token}").status == 404
