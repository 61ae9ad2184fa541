"""Messages in the admin: reading, finding and deleting them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient
from django.utils import translation

from talk.domain.message_history import EXPORT_BATCH
from talk.models import Message, Room
from tests.admin.helpers import (
    act,
    cost,
    list_url,
    listed,
    offered,
    page_url,
    shown,
    told,
)
from tests.timelines import ids_of, write

pytestmark = pytest.mark.django_db

LIST_QUERIES = 6
"""Session, user, room, count and rows; the users and guests whom messages name."""


def texts(client: Any, url: str) -> list[str]:
    """Return the rendered texts of a list."""
    return [row.rendered for row in client.get(url).context["cl"].result_list]


def in_room(room: Room, **parameters: Any) -> str:
    return list_url(Message, room=room.token, **parameters)


class TestReading:
    def test_the_newest_come_first_unless_sorted(self, chief, room, as_alice):
        for text in "abc":
            as_alice.say(room.token, text)
        assert texts(chief, in_room(room))[:3] == ["c", "b", "a"]
        assert texts(chief, in_room(room, o=1))[1:] == ["a", "b", "c"]

    def test_the_list_can_be_limited_to_a_room(self, chief, room, as_alice):
        other = as_alice.create_room(type=3)
        as_alice.say(other, "elsewhere")
        said = as_alice.say(room.token, "here")
        assert listed(chief, in_room(room))[0] == said
        assert "elsewhere" not in texts(chief, in_room(room))
        assert "elsewhere" in texts(chief, list_url(Message))

    def test_system_messages_are_rendered_in_the_third_person(
        self, chief, room, as_alice, bob
    ):
        as_alice.post(f"/room/{room.token}/participants", newParticipant="bob")
        assert texts(chief, in_room(room)) == [
            "Alice Adams added Bob Brown to the conversation",
            "Alice Adams created the conversation",
        ]

    def test_system_messages_are_in_the_language_of_the_reader(self, chief, room):
        url = in_room(room)
        with translation.override("de"):
            expected = translation.gettext("{actor} created the conversation")
        response = chief.get(url, headers={"Accept-Language": "de"})
        (row,) = response.context["cl"].result_list
        assert row.rendered == expected.replace("{actor}", "Alice Adams")

    def test_mentions_show_names(self, chief, room, as_alice, bob):
        as_alice.say(room.token, "Hi @bob and @nobody")
        assert texts(chief, in_room(room))[0] == "Hi @Bob Brown and @nobody"

    def test_text_is_escaped(self, chief, room, as_alice):
        as_alice.say(room.token, "<script>alert(1)</script>")
        text = shown(chief, in_room(room))
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
        assert "<script>alert" not in text

    def test_a_deleted_author_is_shown_as_deleted(self, chief, room, alice, as_alice):
        as_alice.say(room.token, "a")
        Message.objects.update(actor_user=None)
        assert "deleted_users" in shown(chief, in_room(room))

    def test_guests_are_marked_as_guests(self, chief, room, guest):
        guest.say(room.token, "hi")
        assert "Gwen (guest)" in shown(chief, in_room(room))

    def test_the_page_shows_the_text_and_the_room(self, chief, room, as_alice):
        said = as_alice.say(room.token, "Good <morning>")
        text = shown(chief, page_url(Message(pk=said)))
        assert "Good &lt;morning&gt;" in text
        assert page_url(room) in text

    @pytest.mark.parametrize("messages", [1, 30])
    def test_the_list_costs_the_same_for_many_messages(
        self, chief, room, alice, messages
    ):
        write(room.token, ["Hi @alice"] * messages, user=alice)
        assert cost(chief, in_room(room)) == LIST_QUERIES


class TestFinding:
    def test_a_word_is_searched_within_a_room(self, chief, room, as_alice):
        said = as_alice.say(room.token, "Buy cheap things")
        as_alice.say(room.token, "Hello")
        assert listed(chief, in_room(room, q="CHEAP")) == [said]

    def test_all_rooms_together_have_no_search(self, chief, room, as_alice):
        as_alice.say(room.token, "Buy cheap things")
        url = list_url(Message, q="Hello")
        assert len(listed(chief, url)) == 2
        assert 'id="searchbar"' not in shown(chief, url)
        assert 'id="searchbar"' in shown(chief, in_room(room))

    def test_messages_are_filtered_by_kind(self, chief, room, as_alice):
        (created,) = ids_of(room.token)
        said = as_alice.say(room.token, "a")
        assert listed(chief, in_room(room, kind="comment")) == [said]
        assert listed(chief, in_room(room, kind="system")) == [created]

    def test_the_filter_by_kind_needs_a_room(self, chief, room):
        assert "By kind" not in shown(chief, list_url(Message))

    @pytest.mark.parametrize("token", ["unknown", "%00", "'", "a" * 500])
    def test_an_unknown_room_has_no_messages(self, chief, room, token):
        assert listed(chief, list_url(Message, room=token)) == []

    def test_a_long_list_links_to_older_messages(self, chief, room, alice, monkeypatch):
        monkeypatch.setattr("talk.admin.base.ROWS_MAX", 3)
        write(room.token, list("abcde"), user=alice)
        monkeypatch.setattr("talk.admin.message.MessageAdmin.list_per_page", 2)
        assert texts(chief, in_room(room)) == ["e", "d"]
        page = chief.get(in_room(room, p=2))
        assert [row.rendered for row in page.context["cl"].result_list] == ["c"]
        older = page.context["cl"].older_url
        following = list_url(Message) + older
        assert texts(chief, following) == ["b", "a"]
        assert older in page.content.decode().replace("&amp;", "&")

    def test_a_list_in_ascending_order_has_no_such_link(
        self, chief, room, alice, monkeypatch
    ):
        monkeypatch.setattr("talk.admin.base.ROWS_MAX", 3)
        write(room.token, list("abcde"), user=alice)
        assert chief.get(in_room(room, o=1)).context["cl"].older_url == ""

    @pytest.mark.parametrize("before", ["x", "-1", "9" * 40])
    def test_an_invalid_start_is_ignored(self, chief, room, before):
        assert len(listed(chief, in_room(room, before=before))) == 1


class TestDeletion:
    def test_one_message_is_deleted(self, chief, room, as_alice):
        before, said = as_alice.say(room.token, "a"), as_alice.say(room.token, "spam")
        message = Message(pk=said)
        assert "Alice Adams (alice): spam" in shown(chief, page_url(message, "delete"))
        chief.post(page_url(message, "delete"), {"post": "yes"})
        assert as_alice.room(room.token)["lastMessage"]["id"] == before

    def test_messages_of_several_rooms_are_deleted(self, chief, room, as_alice):
        other = as_alice.create_room(type=3)
        said = [as_alice.say(token, "spam") for token in (room.token, other)]
        rows = list(Message.objects.filter(pk__in=said))
        assert "spam" in act(chief, rows, "delete_selected").content.decode()
        reports = told(chief, act(chief, rows, "delete_selected", post="yes"))
        assert reports == ["Successfully deleted 2 messages."]
        assert not Message.objects.filter(pk__in=said).exists()
        assert Room.objects.get(pk=room.pk).last_position == 2

    def test_a_deleted_message_is_no_longer_unread(self, chief, room, as_alice, as_bob):
        as_alice.post(f"/room/{room.token}/participants", newParticipant="bob")
        said = as_alice.say(room.token, "spam")
        assert as_bob.room(room.token)["unreadMessages"] == 1
        chief.post(page_url(Message(pk=said), "delete"), {"post": "yes"})
        assert as_bob.room(room.token)["unreadMessages"] == 0

    def test_deletion_is_offered_within_a_room(self, chief, room):
        assert offered(chief, in_room(room)) == {"delete_selected"}


class TestExport:
    def lines(self, response: Any) -> list[dict[str, Any]]:
        assert response.status_code == 200
        assert response["Content-Type"] == "application/x-ndjson"
        text = b"".join(response.streaming_content).decode()
        assert text.endswith("\n")
        return [json.loads(line) for line in text.splitlines()]

    def test_the_history_is_exported_as_the_api_shows_it(
        self, chief, room, as_alice, as_bob
    ):
        as_alice.say(room.token, "Grüße\nan alle")
        as_bob.join(room.token)
        lines = self.lines(act(chief, [room], "export_history"))
        shown_by_api = as_bob.history(room.token).data
        assert lines == shown_by_api[::-1]

    def test_more_than_a_batch_is_exported_in_order(self, chief, room, alice):
        write(room.token, ["a"] * (EXPORT_BATCH + 1), user=alice)
        lines = self.lines(act(chief, [room], "export_history"))
        assert [line["id"] for line in lines] == ids_of(room.token)

    def test_the_response_is_streamed_in_batches(
        self, chief, room, alice, django_assert_num_queries
    ):
        write(room.token, ["a"] * (EXPORT_BATCH + 1), user=alice)
        parts = iter(act(chief, [room], "export_history").streaming_content)
        with django_assert_num_queries(1):
            assert next(parts).count(b"\n") == EXPORT_BATCH

    def test_several_rooms_are_exported_together(self, chief, room, as_alice):
        as_alice.create_room(type=2)
        response = act(chief, list(Room.objects.all()), "export_history")
        assert "talk-rooms.jsonl" in response["Content-Disposition"]
        assert len({line["token"] for line in self.lines(response)}) == 2

    def test_the_file_of_one_room_is_named_after_its_token(self, chief, room):
        response = act(chief, [room], "export_history")
        name = f'attachment; filename="talk-{room.token}.jsonl"'
        assert response["Content-Disposition"] == name

    def test_texts_are_in_the_language_of_the_request(self, chief, room):
        values = {"action": "export_history", "_selected_action": [room.pk]}
        response = chief.post(list_url(Room), values, headers={"Accept-Language": "de"})
        with translation.override("de"):
            expected = translation.gettext("{actor} created the conversation")
        assert [line["message"] for line in self.lines(response)] == [expected]

    def test_the_view_permission_allows_the_export(self, viewer, room):
        assert len(self.lines(act(viewer, [room], "export_history"))) == 1


class TestExportUnderASGI:
    def test_the_response_is_streamed_in_batches(self, chief, room, alice):
        write(room.token, ["a"] * EXPORT_BATCH, user=alice)
        values = {"action": "export_history", "_selected_action": [room.pk]}

        @async_to_sync
        async def export() -> list[bytes]:
            client = AsyncClient()
            client.cookies = chief.cookies
            response = await client.post(list_url(Room), values)
            assert response.is_async
            return [part async for part in response.streaming_content]

        assert [part.count(b"\n") for part in export()] == [EXPORT_BATCH, 1]
