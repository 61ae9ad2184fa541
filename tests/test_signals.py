"""Signals about rooms, and their arguments."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction
from django.dispatch import Signal
from django.utils import timezone

from talk import signals
from talk.constants import RoomType
from talk.domain.access import NOBODY, Actor
from talk.domain.cleanup import clean_up
from talk.models import Room
from talk.rooms import get_or_create_room
from tests.api.helpers import SECRET
from tests.client import TalkClient
from tests.factories import GroupFactory, RoomFactory
from tests.hearing import Told, hearing, teller
from tests.mails import wait_for_mails

pytestmark = pytest.mark.django_db

EVERY_SIGNAL = {
    name: signal
    for name, signal in vars(signals).items()
    # It is sent off the request's thread, and not for each of these actions.
    if isinstance(signal, Signal) and name != "notifications_due"
}


@pytest.fixture(autouse=True)
def nothing_on_its_way(db: None) -> Iterator[None]:
    """The mails of a test are sent before the next test."""
    yield
    wait_for_mails()


@pytest.fixture
def told(django_capture_on_commit_callbacks: Any) -> Told:
    """Returns the arguments of a signal that an action causes."""
    return teller(django_capture_on_commit_callbacks)


class TestRoomCreated:
    """`room_created`."""

    @pytest.mark.parametrize(
        "parameters",
        [{"type": 1, "invite": "bob"}, {"type": 2}, {"type": 3}],
        ids=["one-to-one", "group", "public"],
    )
    def test_room_and_actor(self, told, as_alice, alice, bob, parameters):
        heard = told(signals.room_created, lambda: as_alice.create_room(**parameters))
        room = Room.objects.get()
        assert heard == [{"room": room, "actor": Actor(user=alice)}]
        assert heard[0]["room"].token == room.token

    def test_an_existing_one_to_one_room_sends_nothing(self, told, as_alice, pair):
        def create():
            as_alice.create_room(type=1, invite="bob")

        assert told(signals.room_created, create) == []

    def test_a_room_of_an_object_without_an_owner_has_no_actor(self, told):
        team = GroupFactory()
        heard = told(
            signals.room_created, lambda: get_or_create_room(team, name="Team")
        )
        assert heard == [{"room": Room.objects.get(), "actor": NOBODY}]

    @pytest.fixture
    def pair(self, as_alice: TalkClient, bob: Any) -> str:
        """The one-to-one room of Alice and Bob."""
        return as_alice.create_room(type=1, invite="bob")


class TestRoomDeleted:
    """`room_deleted`."""

    def test_room_and_actor(self, told, as_alice, alice):
        token = as_alice.create_room()
        key = Room.objects.get().pk
        heard = told(signals.room_deleted, lambda: as_alice.delete(f"/room/{token}"))
        (news,) = heard
        assert news.keys() == {"room", "actor"}
        assert (news["room"].pk, news["room"].token) == (key, token)
        assert news["actor"] == Actor(user=alice)

    def test_the_last_participant_who_leaves_is_the_actor(self, told, as_alice, alice):
        token = as_alice.create_room()
        path = f"/room/{token}/participants/self"
        (news,) = told(signals.room_deleted, lambda: as_alice.delete(path))
        assert news["actor"] == Actor(user=alice)

    def test_the_deletion_of_an_empty_room_has_no_actor(self, told):
        key = RoomFactory().pk
        (news,) = told(signals.room_deleted, lambda: clean_up(now=timezone.now()))
        assert (news["room"].pk, news["actor"]) == (key, NOBODY)

    def test_the_deletion_with_an_account_has_no_actor(self, told, as_alice, alice):
        token = as_alice.create_room()
        (news,) = told(signals.room_deleted, alice.delete)
        assert (news["room"].token, news["actor"]) == (token, NOBODY)


class TestRoomRenamed:
    """`room_renamed`."""

    def test_room_actor_and_both_names(self, told, as_alice, alice):
        token = as_alice.create_room(name="Old")
        (news,) = told(
            signals.room_renamed,
            lambda: as_alice.put(f"/room/{token}", roomName="New"),
        )
        assert news == {
            "room": Room.objects.get(),
            "actor": Actor(user=alice),
            "old_name": "Old",
            "new_name": "New",
        }
        assert news["room"].name == "New"

    def test_the_same_name_sends_nothing(self, told, as_alice):
        token = as_alice.create_room(name="Old")
        assert not told(
            signals.room_renamed,
            lambda: as_alice.put(f"/room/{token}", roomName="Old"),
        )


class TestRoomTypeChanged:
    """`room_type_changed`."""

    @pytest.mark.parametrize(
        ("method", "old", "new"),
        [
            ("post", RoomType.GROUP, RoomType.PUBLIC),
            ("delete", RoomType.PUBLIC, RoomType.GROUP),
        ],
    )
    def test_room_actor_and_both_types(self, told, as_alice, alice, method, old, new):
        token = as_alice.create_room(type=int(old))
        ask = getattr(as_alice, method)
        (news,) = told(signals.room_type_changed, lambda: ask(f"/room/{token}/public"))
        assert news == {
            "room": Room.objects.get(),
            "actor": Actor(user=alice),
            "old_type": old,
            "new_type": new,
        }
        assert isinstance(news["old_type"], RoomType)
        assert isinstance(news["new_type"], RoomType)
        assert news["room"].type == new

    def test_the_same_type_sends_nothing(self, told, as_alice):
        token = as_alice.create_room(type=3)
        ask = as_alice.post
        assert not told(signals.room_type_changed, lambda: ask(f"/room/{token}/public"))

    def test_a_third_participant_makes_a_one_to_one_room_a_group(
        self, told, as_alice, bob, carol
    ):
        token = as_alice.create_room(type=1, invite="bob")
        (news,) = told(
            signals.room_type_changed,
            lambda: as_alice.post(
                f"/room/{token}/participants", newParticipant="carol"
            ),
        )
        assert news["old_type"] is RoomType.ONE_TO_ONE
        assert news["new_type"] is RoomType.GROUP

    def test_an_invitation_by_mail_makes_a_room_public(self, told, as_alice):
        token = as_alice.create_room(type=2)
        path = f"/room/{token}/participants/guests"
        (news,) = told(
            signals.room_type_changed,
            lambda: as_alice.post(path, newParticipant="gwen@example.org"),
        )
        assert news["new_type"] is RoomType.PUBLIC


class TestRoomPasswordChanged:
    """`room_password_changed`."""

    @pytest.mark.parametrize("password", [SECRET, ""])
    def test_room_and_actor(self, told, as_alice, alice, password):
        token = as_alice.create_room()
        (news,) = told(
            signals.room_password_changed,
            lambda: as_alice.put(f"/room/{token}/password", password=password),
        )
        assert news == {"room": Room.objects.get(), "actor": Actor(user=alice)}
        assert bool(news["room"].password) is bool(password)


def everything(
    as_alice: TalkClient, as_guest: TalkClient, account: Callable[[str], Any]
) -> None:
    """Do everything that a signal announces."""
    token = as_alice.create_room(type=2)
    account("bob")
    room = f"/room/{token}"
    answers = [
        as_alice.post(f"{room}/participants", newParticipant="bob"),
        as_alice.post(f"{room}/moderators", participant="bob"),
        as_alice.delete(f"{room}/participants", participant="bob"),
        as_alice.post(f"{room}/public"),
        as_alice.put(room, roomName="New"),
        as_alice.put(f"{room}/password", password=SECRET),
        as_alice.post(f"{room}/participants/guests", newParticipant="g@example.org"),
        as_guest.ask_to_join(token, password=SECRET),
        as_guest.post(f"/call/{token}"),
        as_alice.post(f"/chat/{token}", message="hello"),
        as_alice.delete(room),
    ]
    assert [answer.status for answer in answers] == [200] * 9 + [201, 200]


@pytest.fixture
def do_everything(
    as_alice: TalkClient, as_guest: TalkClient, django_user_model: Any
) -> Callable[[], None]:
    """A function that does everything that a signal announces."""

    def account(name: str) -> Any:
        return django_user_model.objects.create_user(username=name)

    return lambda: everything(as_alice, as_guest, account)


@pytest.mark.parametrize("name", EVERY_SIGNAL)
def test_rolled_back_changes_send_nothing(
    do_everything, django_capture_on_commit_callbacks, name
) -> None:
    with (
        hearing(EVERY_SIGNAL[name]) as heard,
        django_capture_on_commit_callbacks(execute=True),
        transaction.atomic(),
    ):
        do_everything()
        transaction.set_rollback(True)
    assert heard == []


@pytest.mark.parametrize("name", EVERY_SIGNAL)
@pytest.mark.django_db(transaction=True)
def test_an_error_in_a_receiver_fails_no_request_and_no_other_receiver(
    do_everything, caplog, name
) -> None:
    signal = EVERY_SIGNAL[name]

    def fail(**arguments: Any) -> None:
        raise RuntimeError("the receiver is broken")

    signal.connect(fail)
    try:
        with hearing(signal) as heard, caplog.at_level(logging.ERROR):
            do_everything()
    finally:
        signal.disconnect(fail)
    assert heard
    assert "the receiver is broken" in caplog.text
