"""The page of a room, its settings, actions on rooms, and their deletion."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import check_password

from talk import signals
from talk.constants import RoomType
from talk.exceptions import NotFound
from talk.models import Message, Participant, Room, Session
from tests.admin.helpers import (
    act,
    act_confirmed,
    browser,
    cost,
    list_url,
    page_url,
    shown,
    told,
)
from tests.api.helpers import SECRET, set_password
from tests.client import TalkClient
from tests.factories import ParticipantFactory
from tests.hearing import hearing

pytestmark = pytest.mark.django_db

PAGE_QUERIES = 8


def save(client: Any, room: Room, **fields: Any) -> Any:
    """Submit the form of a room with some fields changed."""
    values = {"name": room.name, "type": room.type, "new_password": "", **fields}
    return client.post(page_url(room), values)


def errors(response: Any) -> dict[str, list[str]]:
    """Return the errors of the form."""
    assert response.status_code == 200
    return dict(response.context["adminform"].form.errors)


def newest(client: TalkClient, room: Room) -> tuple[str, str]:
    """Return the actor and the key of the newest system message in the room."""
    (message,) = client.history(room.token, limit=1).data
    return message["actorDisplayName"], message["systemMessage"]


class TestPage:
    def test_it_shows_the_participants(self, chief, room, guest):
        text = shown(chief, page_url(room))
        assert "Alice Adams (alice)" in text
        assert "Gwen (guest)" in text
        assert "1 device" in text

    def test_it_links_to_the_lists_of_the_room(self, chief, room):
        text = shown(chief, page_url(room))
        for model in (Message, Participant, Session):
            assert list_url(model, room=room.token) in text

    def test_it_links_to_the_page_of_the_room(self, chief, room):
        assert f'href="http://testserver/call/{room.token}"' in shown(
            chief, page_url(room)
        )

    def test_it_links_to_the_configured_site(self, chief, room, settings):
        settings.TALK = {"SITE_URL": "https://talk.example.org/sub/"}
        link = f'href="https://talk.example.org/sub/call/{room.token}"'
        assert link in shown(chief, page_url(room))

    def test_it_links_below_the_prefix_of_the_urls(self, chief, room, settings):
        settings.ROOT_URLCONF = "tests.admin.urls_below_prefix"
        link = f'href="http://testserver/chat/call/{room.token}"'
        assert link in shown(chief, page_url(room))

    def test_it_does_not_link_without_the_urls_of_talk(self, chief, room, settings):
        settings.ROOT_URLCONF = "tests.admin.urls_without_talk"
        assert "Enter the room" not in shown(chief, page_url(room))

    @pytest.mark.parametrize(
        ("prepare", "is_offered", "action"),
        [
            (lambda room, client: None, False, "end_call"),
            (lambda room, client: client.post(f"/call/{room.token}"), True, "end_call"),
            (lambda room, client: None, False, "clear_password"),
            (lambda room, client: set_password(room.token), True, "clear_password"),
            (lambda room, client: None, False, "make_public"),
            (lambda room, client: None, True, "make_private"),
        ],
    )
    def test_it_offers_the_actions_that_apply(
        self, chief, room, as_alice, prepare, is_offered, action
    ):
        as_alice.join(room.token)
        prepare(room, as_alice)
        text = shown(chief, page_url(room))
        assert (f'value="{action}"' in text) is is_offered

    def test_it_shows_the_first_of_many_participants(self, chief, room):
        for _ in range(30):
            ParticipantFactory(room=room)
        text = shown(chief, page_url(room))
        assert "20 of 31" in text

    @pytest.mark.parametrize("count", [1, 30])
    def test_it_costs_the_same_for_many_participants(self, chief, room, count):
        for _ in range(count):
            ParticipantFactory(room=room)
        assert cost(chief, page_url(room)) == PAGE_QUERIES

    def test_it_names_the_object_of_an_objects_room(self, chief, room):
        Room.objects.filter(pk=room.pk).update(
            object_type="blog.article", object_id="17"
        )
        assert "blog.article 17" in shown(chief, page_url(room))


class TestSettings:
    def test_a_room_is_renamed(self, chief, room, as_alice):
        assert save(chief, room, name="Market").status_code == 302
        assert as_alice.room(room.token)["name"] == "Market"
        assert newest(as_alice, room) == ("Ada Admin", "conversation_renamed")

    def test_saving_without_a_change_writes_no_message(self, chief, room, as_alice):
        before = as_alice.history(room.token).data
        assert save(chief, room).status_code == 302
        assert as_alice.history(room.token).data == before

    @pytest.mark.parametrize("name", ["", "a" * 201])
    def test_an_invalid_name_is_refused(self, chief, room, name):
        assert list(errors(save(chief, room, name=name))) == ["name"]
        assert Room.objects.get().name == "Square"

    def test_a_room_may_stay_nameless(self, chief, room):
        Room.objects.update(name="")
        nameless = Room.objects.get()
        assert save(chief, nameless, type=2).status_code == 302

    def test_a_one_to_one_room_cannot_be_named(self, chief, as_alice, bob):
        room = Room.objects.get(token=as_alice.create_room(type=1, invite="bob"))
        assert list(errors(save(chief, room, name="Us"))) == ["name"]

    def test_a_one_to_one_room_becomes_a_group_with_a_name(self, chief, as_alice, bob):
        room = Room.objects.get(token=as_alice.create_room(type=1, invite="bob"))
        assert save(chief, room, name="Us", type=2).status_code == 302
        assert as_alice.room(room.token)["name"] == "Us"

    def test_a_room_cannot_become_one_to_one(self, chief, room):
        assert list(errors(save(chief, room, type=1))) == ["type"]

    def test_making_a_room_private_removes_guests(self, chief, room, guest, as_alice):
        save(chief, room, type=2)
        assert guest.get(f"/chat/{room.token}").status == 404
        assert newest(as_alice, room) == ("Ada Admin", "guests_disallowed")

    def test_a_password_is_set(self, chief, room, as_alice, as_guest):
        save(chief, room, new_password=SECRET)
        assert as_guest.ask_to_join(room.token).status == 403
        assert check_password(SECRET, Room.objects.get().password)
        assert newest(as_alice, room) == ("Ada Admin", "password_set")

    def test_a_password_is_neither_logged_nor_shown(self, chief, room):
        save(chief, room, new_password=SECRET)
        assert SECRET not in LogEntry.objects.get().change_message
        assert SECRET not in shown(chief, page_url(room))

    def test_a_password_is_removed(self, chief, room, as_alice, as_guest):
        set_password(room.token)
        save(chief, room, clear_password="on")
        assert as_guest.ask_to_join(room.token).status == 200
        assert newest(as_alice, room) == ("Ada Admin", "password_removed")

    def test_an_empty_field_keeps_the_password(self, chief, room):
        set_password(room.token)
        save(chief, room, name="Market")
        assert check_password(SECRET, Room.objects.get().password)

    def test_a_password_cannot_be_set_and_removed_at_once(self, chief, room):
        response = save(chief, room, new_password=SECRET, clear_password="on")
        assert list(errors(response)) == ["clear_password"]

    def test_a_private_room_cannot_have_a_password(self, chief, room):
        response = save(chief, room, type=2, new_password=SECRET)
        assert list(errors(response)) == ["new_password"]
        assert Room.objects.get().type == RoomType.PUBLIC

    def test_a_room_that_changes_meanwhile_is_not_saved(self, chief, room, monkeypatch):
        def refuse(**_: Any) -> None:
            raise NotFound

        monkeypatch.setattr("talk.admin.room.room_administration.change_room", refuse)
        reports = told(chief, save(chief, room, name="Market"))
        assert reports == ["The room was changed meanwhile. Nothing was saved."]
        assert not LogEntry.objects.exists()


class TestActions:
    def test_make_public(self, chief, as_alice, as_guest):
        room = Room.objects.get(token=as_alice.create_room(type=2))
        reports = told(chief, act(chief, [room], "make_public"))
        assert reports == ["1 room is public now."]
        assert as_guest.ask_to_join(room.token).status == 200
        assert newest(as_alice, room) == ("Ada Admin", "guests_allowed")

    def test_make_private(self, chief, room, guest, as_alice):
        assert act_confirmed(chief, [room], "make_private") == [
            "1 room is private now."
        ]
        assert guest.get(f"/chat/{room.token}").status == 404
        assert newest(as_alice, room) == ("Ada Admin", "guests_disallowed")

    def test_clear_password(self, chief, room, as_alice, as_guest):
        set_password(room.token)
        reports = act_confirmed(chief, [room], "clear_password")
        assert reports == ["1 password was removed."]
        assert as_guest.ask_to_join(room.token).status == 200
        assert newest(as_alice, room) == ("Ada Admin", "password_removed")

    def test_end_call(self, chief, room, as_alice, guest):
        as_alice.join(room.token)
        for client in (as_alice, guest):
            client.post(f"/call/{room.token}")
        assert act_confirmed(chief, [room], "end_call") == ["1 call was ended."]
        assert as_alice.get(f"/call/{room.token}").data == []
        assert newest(as_alice, room)[1] == "call_ended"

    def test_disconnect_everybody(self, chief, room, as_alice, guest):
        as_alice.join(room.token)
        reports = act_confirmed(chief, [room], "disconnect_everybody")
        assert reports == ["2 sessions were ended."]
        assert guest.get(f"/chat/{room.token}").status == 404
        assert as_alice.room(room.token)["sessionId"] == "0"

    def test_remove_guests(self, chief, room, guest):
        assert act_confirmed(chief, [room], "remove_guests") == ["1 guest was removed."]
        assert guest.get(f"/chat/{room.token}").status == 404

    @pytest.mark.parametrize(
        "action",
        [
            "make_private",
            "clear_password",
            "end_call",
            "disconnect_everybody",
            "remove_guests",
        ],
    )
    def test_nothing_is_done_before_the_confirmation(
        self, chief, room, guest, as_alice, action
    ):
        set_password(room.token)
        guest.post(f"/call/{room.token}")
        before = as_alice.history(room.token).data
        assert act(chief, [room], action).status_code == 200
        assert as_alice.history(room.token).data == before
        assert guest.get(f"/chat/{room.token}", lookIntoFuture=0).status == 200

    def test_the_confirmation_page_names_the_rooms(self, chief, room):
        text = act(chief, [room], "make_private").content.decode()
        assert f"Square ({room.token})" in text

    def test_rooms_without_a_change_are_counted_separately(self, chief, room, as_alice):
        other = Room.objects.get(token=as_alice.create_room(type=2))
        reports = told(chief, act(chief, [room, other], "make_public"))
        assert reports == ["1 room is public now.", "1 room was left as it is."]

    def test_changed_rooms_are_counted(self, chief, as_alice):
        for _ in range(2):
            as_alice.create_room(type=2)
        rooms = list(Room.objects.all())
        reports = told(chief, act(chief, rooms, "make_public"))
        assert reports == ["2 rooms are public now."]

    def test_a_deleted_room_is_reported_as_unchanged(self, chief, room, monkeypatch):
        def refuse(**_: Any) -> int:
            raise NotFound

        monkeypatch.setattr("talk.admin.room.room_administration.make_private", refuse)
        reports = act_confirmed(chief, [room], "make_private")
        assert reports == ["1 room was left as it is."]

    def test_an_action_is_logged_in_the_history_of_the_room(self, chief, room):
        act_confirmed(chief, [room], "make_private")
        entry = LogEntry.objects.get()
        assert (entry.object_id, entry.change_message) == (str(room.pk), "Make private")

    def test_an_action_returns_to_the_page_of_the_room(self, chief, room):
        question = act(chief, [room], "make_private", back=room.pk)
        assert f'name="back" value="{room.pk}"' in question.content.decode()
        response = act(chief, [room], "make_private", back=room.pk, confirmed="yes")
        assert response["Location"] == page_url(room)

    def test_an_action_does_not_redirect_to_another_site(self, chief, room):
        response = act(
            chief, [room], "make_private", back="//evil.example", confirmed="yes"
        )
        assert response["Location"] == list_url(Room)

    @pytest.mark.parametrize("action", ["make_public", "make_private", "end_call"])
    def test_the_view_permission_does_not_allow_actions(
        self, viewer, room, as_alice, action
    ):
        before = as_alice.room(room.token)
        response = act(viewer, [room], action, confirmed="yes")
        assert told(viewer, response) == ["No action selected."]
        assert as_alice.room(room.token)["type"] == before["type"]

    def test_the_change_permission_does_not_allow_deletion(self, room):
        client = browser("change_room")
        response = act(client, [room], "delete_selected", post="yes")
        assert told(client, response) == ["No action selected."]
        assert Room.objects.exists()


class TestDeletion:
    def test_a_room_is_deleted(self, chief, room, guest, as_alice):
        text = shown(chief, page_url(room, "delete"))
        assert f"Square ({room.token})" in text
        assert "Participants: 2" in text
        chief.post(page_url(room, "delete"), {"post": "yes"})
        assert as_alice.get(f"/room/{room.token}").status == 404
        assert not Message.objects.exists()

    def test_several_rooms_are_deleted(self, chief, as_alice):
        for _ in range(3):
            as_alice.create_room(type=2)
        rooms = list(Room.objects.all())
        assert "Rooms: 2" in act(chief, rooms[:2], "delete_selected").content.decode()
        reports = told(chief, act(chief, rooms[:2], "delete_selected", post="yes"))
        assert reports == ["Successfully deleted 2 rooms."]
        assert len(as_alice.get("/room").data) == 1

    def test_the_confirmation_page_reads_no_messages(self, chief, room, as_alice):
        for _ in range(5):
            as_alice.say(room.token, "a")
        assert cost(chief, page_url(room, "delete")) == 6

    @pytest.mark.django_db(transaction=True)
    def test_the_signal_names_the_staff_user(self, chief, room):
        with hearing(signals.room_deleted) as heard:
            chief.post(page_url(room, "delete"), {"post": "yes"})
        assert [event["actor"].user.get_username() for event in heard] == ["ada"]

    def test_the_delete_permission_is_enough_for_deletion(self, room):
        client = browser("view_room", "delete_room")
        client.post(page_url(room, "delete"), {"post": "yes"})
        assert not Room.objects.exists()
