"""Signals about participants, sessions, invitations and comments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from talk import signals
from talk.constants import ParticipantType
from talk.domain.access import NOBODY, Actor
from talk.domain.cleanup import clean_up
from talk.models import Message, Participant, Room, Session
from tests.api.helpers import make_pinged_before, put_in
from tests.factories import GroupFactory
from tests.hearing import Told, teller
from tests.mails import wait_for_mails

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_on_its_way(db: None) -> Iterator[None]:
    """The mails of a test are sent before the next test."""
    yield
    wait_for_mails()


@pytest.fixture
def told(django_capture_on_commit_callbacks: Any) -> Told:
    """Returns the arguments of a signal that an action causes."""
    return teller(django_capture_on_commit_callbacks)


def place_of(user: Any) -> Participant:
    """Return a user's only participant."""
    return Participant.objects.get(user=user)


class TestParticipantsAdded:
    """`participants_added`."""

    def test_room_actor_and_new_participants(self, told, as_alice, alice, bob):
        token = as_alice.create_room()
        (news,) = told(
            signals.participants_added,
            lambda: as_alice.post(f"/room/{token}/participants", newParticipant="bob"),
        )
        assert news == {
            "room": Room.objects.get(),
            "actor": Actor(user=alice),
            "participants": [place_of(bob)],
        }
        assert isinstance(news["participants"], list)

    def test_all_members_of_a_group_together(self, told, as_alice, bob, carol):
        token = as_alice.create_room()
        GroupFactory(name="staff").user_set.set([bob, carol])
        (news,) = told(
            signals.participants_added,
            lambda: as_alice.post(
                f"/room/{token}/participants", newParticipant="staff", source="groups"
            ),
        )
        assert news["participants"] == [place_of(bob), place_of(carol)]

    def test_an_existing_participant_sends_nothing(self, told, as_alice, bob):
        token = as_alice.create_room()
        put_in(token, bob)
        assert not told(
            signals.participants_added,
            lambda: as_alice.post(f"/room/{token}/participants", newParticipant="bob"),
        )

    def test_a_new_room_sends_its_first_participants(self, told, as_alice, alice, bob):
        (news,) = told(
            signals.participants_added,
            lambda: as_alice.create_room(type=1, invite="bob"),
        )
        assert news["participants"] == [place_of(alice), place_of(bob)]


class TestParticipantRemoved:
    """`participant_removed`."""

    def test_room_actor_and_participant(self, told, as_alice, alice, bob):
        token = as_alice.create_room()
        participant = put_in(token, bob, type=ParticipantType.MODERATOR)
        (news,) = told(
            signals.participant_removed,
            lambda: as_alice.delete(f"/room/{token}/participants", participant="bob"),
        )
        assert news == {
            "room": Room.objects.get(),
            "actor": Actor(user=alice),
            "participant": participant,
        }
        assert news["participant"].user == bob
        assert news["participant"].type == ParticipantType.MODERATOR

    def test_a_guest_who_is_removed(self, told, as_alice, alice, as_guest):
        token = as_alice.create_room()
        session_id = as_guest.join(token)
        participant = Session.objects.get(session_id=session_id).participant
        path = f"/room/{token}/participants/guests"
        (news,) = told(
            signals.participant_removed,
            lambda: as_alice.delete(path, participant=session_id),
        )
        assert news["participant"] == participant
        assert news["participant"].guest == participant.guest
        assert news["actor"] == Actor(user=alice)

    def test_a_user_who_leaves_for_good(self, told, as_alice, as_bob, bob):
        token = as_alice.create_room()
        participant = put_in(token, bob)
        path = f"/room/{token}/participants/self"
        (news,) = told(signals.participant_removed, lambda: as_bob.delete(path))
        assert (news["participant"], news["actor"]) == (participant, Actor(user=bob))

    def test_a_self_joined_user_who_disconnects(self, told, as_alice, as_carol, carol):
        token = as_alice.create_room()
        as_carol.join(token)
        participant = place_of(carol)
        (news,) = told(signals.participant_removed, lambda: as_carol.leave(token))
        assert (news["participant"], news["actor"]) == (participant, Actor(user=carol))

    def test_a_guest_who_disconnects(self, told, as_alice, as_guest):
        token = as_alice.create_room()
        as_guest.join(token)
        guest = Participant.objects.get(guest__isnull=False).guest
        (news,) = told(signals.participant_removed, lambda: as_guest.leave(token))
        assert news["actor"] == Actor(guest=guest)

    def test_a_guest_whose_session_is_dead(self, told, as_alice, as_guest):
        token = as_alice.create_room()
        as_guest.join(token)
        make_pinged_before(token, seconds=100)
        participant = Participant.objects.get(guest__isnull=False)
        (news,) = told(
            signals.participant_removed, lambda: clean_up(now=timezone.now())
        )
        assert news["participant"] == participant

    def test_a_user_whose_account_is_deleted(self, told, as_alice, bob):
        token = as_alice.create_room()
        participant = put_in(token, bob)
        (news,) = told(signals.participant_removed, bob.delete)
        assert (news["participant"], news["actor"]) == (participant, NOBODY)

    def test_everyone_who_is_removed_when_the_room_becomes_private(
        self, told, as_alice, as_carol, as_guest
    ):
        token = as_alice.create_room()
        as_carol.join(token)
        as_guest.join(token)
        by_link = Participant.objects.filter(type__in=[4, 5]).order_by("pk")
        participants = list(by_link)
        heard = told(
            signals.participant_removed,
            lambda: as_alice.delete(f"/room/{token}/public"),
        )
        found = [news["participant"] for news in heard]
        assert sorted(found, key=lambda participant: participant.pk) == participants

    def test_disconnecting_sends_nothing(self, told, as_alice):
        token = as_alice.create_room()
        as_alice.join(token)
        assert not told(signals.participant_removed, lambda: as_alice.leave(token))


class TestParticipantTypeChanged:
    """`participant_type_changed`."""

    @pytest.mark.parametrize(
        ("method", "old", "new"),
        [
            ("post", ParticipantType.USER, ParticipantType.MODERATOR),
            ("delete", ParticipantType.MODERATOR, ParticipantType.USER),
        ],
    )
    def test_room_actor_participant_and_both_types(
        self, told, as_alice, alice, bob, method, old, new
    ):
        token = as_alice.create_room()
        participant = put_in(token, bob, type=old)
        ask = getattr(as_alice, method)
        (news,) = told(
            signals.participant_type_changed,
            lambda: ask(f"/room/{token}/moderators", participant="bob"),
        )
        assert news == {
            "room": Room.objects.get(),
            "actor": Actor(user=alice),
            "participant": participant,
            "old_type": old,
            "new_type": new,
        }
        assert isinstance(news["old_type"], ParticipantType)
        assert isinstance(news["new_type"], ParticipantType)
        assert news["participant"].type == new

    def test_a_guest(self, told, as_alice, as_guest):
        token = as_alice.create_room()
        session_id = as_guest.join(token)
        (news,) = told(
            signals.participant_type_changed,
            lambda: as_alice.post(f"/room/{token}/moderators", sessionId=session_id),
        )
        assert news["participant"].guest is not None
        assert news["new_type"] is ParticipantType.GUEST_MODERATOR


class TestSessionStarted:
    """`session_started`."""

    def test_room_actor_and_session(self, told, as_alice, alice):
        token = as_alice.create_room()
        (news,) = told(signals.session_started, lambda: as_alice.join(token))
        session = Session.objects.get()
        assert news == {
            "room": Room.objects.get(),
            "actor": Actor(user=alice),
            "session": session,
        }
        assert news["session"].participant == place_of(alice)

    def test_a_guest(self, told, as_alice, as_guest):
        token = as_alice.create_room()
        (news,) = told(signals.session_started, lambda: as_guest.join(token))
        guest = Participant.objects.get(guest__isnull=False).guest
        assert news["actor"] == Actor(guest=guest)


class TestEmailInvited:
    """`email_invited`."""

    def test_room_actor_and_address(self, told, as_alice, alice):
        token = as_alice.create_room()
        path = f"/room/{token}/participants/guests"
        (news,) = told(
            signals.email_invited,
            lambda: as_alice.post(path, newParticipant="gwen@example.org"),
        )
        assert news == {
            "room": Room.objects.get(),
            "actor": Actor(user=alice),
            "address": "gwen@example.org",
        }

    def test_an_invalid_address_sends_nothing(self, told, as_alice):
        token = as_alice.create_room()
        path = f"/room/{token}/participants/guests"
        assert not told(
            signals.email_invited, lambda: as_alice.post(path, newParticipant="gwen")
        )


class TestMessagePosted:
    """`message_posted`."""

    def test_room_actor_and_message(self, told, as_alice, alice):
        token = as_alice.create_room()
        (news,) = told(signals.message_posted, lambda: as_alice.say(token, "hello"))
        assert news == {
            "room": Room.objects.get(),
            "actor": Actor(user=alice),
            "message": Message.objects.get(text="hello"),
        }

    def test_a_guest(self, told, as_alice, as_guest):
        token = as_alice.create_room()
        as_guest.join(token)
        guest = Participant.objects.get(guest__isnull=False).guest
        (news,) = told(signals.message_posted, lambda: as_guest.say(token, "hello"))
        assert news["actor"] == Actor(guest=guest)

    def test_system_messages_send_nothing(self, told, as_alice):
        token = as_alice.create_room()
        assert not told(
            signals.message_posted,
            lambda: as_alice.put(f"/room/{token}", roomName="New"),
        )
