"""`/guest/{token}/name` and `actorDisplayName`: the names of guests."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from talk.constants import ParticipantType
from talk.models import Guest, Message, Participant, Room, Session
from tests.api.helpers import UNSTORABLE, assert_refused, rows, timeline_of
from tests.client import Answer, TalkClient
from tests.factories import GuestFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_gwen(as_guest: TalkClient, public: str) -> TalkClient:
    """A guest of the room, called Gwen."""
    as_guest.join(public)
    Guest.objects.update(display_name="Gwen")
    return as_guest


def set_name(client: TalkClient, token: str, name: Any) -> Answer:
    return client.post_json(f"/guest/{token}/name", {"displayName": name})


def say_as(client: TalkClient, token: str, name: Any, text: str = "hello") -> Answer:
    body = {"message": text, "actorDisplayName": name}
    return client.post_json(f"/chat/{token}", body)


def stored_name() -> str:
    """Return the name of the only guest."""
    return Guest.objects.get().display_name


KEPT = [
    "G",
    "Gwen Gray",
    " Gwen\t",
    " ",
    "0",
    "x" * 64,
    "😀" * 64,
    "e\u0301" * 32,
    "<b>Gwen</b>",
    "%s {actor}",
    "\u202eGwen\u202c",
]
TOO_LONG = ["x" * 65, "😀" * 65, " " * 65, "e\u0301" * 32 + "e", "x" * 100_000]
NO_TEXTS = [["Gwen"], {"name": "Gwen"}, []]


class TestSetDisplayName:
    """POST."""

    @pytest.mark.parametrize("name", KEPT)
    def test_a_guest_sets_a_name(
        self, as_gwen: TalkClient, public: str, name: str
    ) -> None:
        answer = set_name(as_gwen, public, name)
        assert answer.status == 200
        assert answer.meta == {"status": "ok", "statuscode": 200, "message": "OK"}
        assert answer.data == []
        assert stored_name() == name

    def test_the_name_may_be_sent_in_a_form(
        self, as_gwen: TalkClient, public: str
    ) -> None:
        answer = as_gwen.post(f"/guest/{public}/name", displayName="Gina")
        assert answer.status == 200
        assert stored_name() == "Gina"

    @pytest.mark.parametrize("body", [{"displayName": ""}, {"displayName": None}, {}])
    def test_an_empty_or_missing_name_removes_the_name(
        self, as_gwen: TalkClient, public: str, body: dict[str, Any]
    ) -> None:
        answer = as_gwen.post_json(f"/guest/{public}/name", body)
        assert answer.status == 200
        assert answer.data == []
        assert stored_name() == ""

    def test_the_same_name_again_is_accepted(
        self, as_gwen: TalkClient, public: str
    ) -> None:
        assert set_name(as_gwen, public, "Gwen").status == 200
        assert stored_name() == "Gwen"

    def test_a_number_becomes_its_digits(
        self, as_gwen: TalkClient, public: str
    ) -> None:
        assert set_name(as_gwen, public, 7).status == 200
        assert stored_name() == "7"

    @pytest.mark.parametrize("name", [*TOO_LONG, *UNSTORABLE, *NO_TEXTS])
    def test_a_name_that_cannot_be_stored_is_refused(
        self, as_gwen: TalkClient, public: str, name: Any
    ) -> None:
        assert_refused(set_name(as_gwen, public, name), 400)
        assert stored_name() == "Gwen"

    def test_a_guest_moderator_has_a_name_too(
        self, as_gwen: TalkClient, public: str
    ) -> None:
        guests = Participant.objects.filter(guest__isnull=False)
        guests.update(type=ParticipantType.GUEST_MODERATOR)
        assert set_name(as_gwen, public, "Gina").status == 200
        assert stored_name() == "Gina"

    @pytest.mark.parametrize("name", ["Alan", "", "x" * 65])
    def test_users_are_refused(
        self, as_alice: TalkClient, as_gwen: TalkClient, public: str, name: str
    ) -> None:
        assert_refused(set_name(as_alice, public, name), 403)
        assert stored_name() == "Gwen"

    def test_users_are_refused_before_the_room_is_read(
        self, as_carol: TalkClient
    ) -> None:
        assert_refused(set_name(as_carol, "nowhere9", "Carl"), 403)

    def test_a_guest_who_logs_in_is_a_user(
        self, as_gwen: TalkClient, public: str, carol: Any
    ) -> None:
        as_gwen.http.force_login(carol)
        assert_refused(set_name(as_gwen, public, "Carl"), 403)
        assert stored_name() == "Gwen"

    @pytest.mark.parametrize("name", ["Gina", "", "x" * 65, ["Gina"]])
    def test_a_caller_who_has_not_joined_gets_404(
        self, as_gwen: TalkClient, public: str, name: Any
    ) -> None:
        assert_refused(set_name(TalkClient(), public, name), 404)
        assert stored_name() == "Gwen"

    def test_a_guest_of_another_room_gets_404(
        self, as_alice: TalkClient, as_gwen: TalkClient, public: str
    ) -> None:
        other = as_alice.create_room()
        assert_refused(set_name(as_gwen, other, "Gina"), 404)
        assert stored_name() == "Gwen"

    def test_an_unknown_room_is_404(self, as_gwen: TalkClient) -> None:
        assert_refused(set_name(as_gwen, "nowhere9", "Gina"), 404)
        assert stored_name() == "Gwen"

    def test_a_guest_who_left_gets_404(self, as_gwen: TalkClient, public: str) -> None:
        as_gwen.leave(public)
        assert_refused(set_name(as_gwen, public, "Gina"), 404)
        assert stored_name() == "Gwen"

    def test_a_removed_guest_gets_404(self, as_gwen: TalkClient, public: str) -> None:
        Participant.objects.filter(guest__isnull=False).delete()
        assert_refused(set_name(as_gwen, public, "Gina"), 404)
        assert stored_name() == "Gwen"

    def test_other_guests_keep_their_names(
        self, as_gwen: TalkClient, public: str
    ) -> None:
        other = GuestFactory(display_name="Gus")
        set_name(as_gwen, public, "Gina")
        other.refresh_from_db()
        assert other.display_name == "Gus"

    def test_two_guests_may_have_the_same_name(
        self, as_gwen: TalkClient, public: str
    ) -> None:
        second = TalkClient()
        second.join(public)
        assert set_name(second, public, "Gwen").status == 200
        assert list(Guest.objects.values_list("display_name", flat=True)) == [
            "Gwen",
            "Gwen",
        ]

    def test_one_device_is_another_guest_in_each_room(
        self, as_alice: TalkClient, as_gwen: TalkClient, public: str
    ) -> None:
        other = as_alice.create_room()
        as_gwen.join(other)
        set_name(as_gwen, other, "Gina")
        names = {
            participant.room.token: participant.guest.display_name
            for participant in Participant.objects.filter(guest__isnull=False)
        }
        assert names == {public: "Gwen", other: "Gina"}

    def test_it_does_not_ping_the_session(
        self, as_gwen: TalkClient, public: str
    ) -> None:
        past = timezone.now() - timedelta(seconds=50)
        Session.objects.update(last_ping=past)
        set_name(as_gwen, public, "Gina")
        assert Session.objects.get().last_ping == past

    def test_it_creates_no_message(self, as_gwen: TalkClient, public: str) -> None:
        before = timeline_of(public)
        set_name(as_gwen, public, "Gina")
        assert timeline_of(public) == before

    @pytest.mark.parametrize("message_count", [1, 20])
    def test_the_cost_does_not_depend_on_the_number_of_messages(
        self,
        as_gwen: TalkClient,
        public: str,
        message_count: int,
        django_assert_num_queries: Any,
    ) -> None:
        for _ in range(message_count):
            as_gwen.say(public, "hello")
        # HTTP session, participant, savepoint, two for the presence version, name, end of savepoint
        with django_assert_num_queries(7):
            set_name(as_gwen, public, "Gina")

    def test_the_same_name_again_costs_no_write(
        self, as_gwen: TalkClient, public: str, django_assert_num_queries: Any
    ) -> None:
        with django_assert_num_queries(
            4
        ):  # HTTP session, participant, savepoint and its end
            set_name(as_gwen, public, "Gwen")


class TestNamesInMessages:
    """Names of guests in the chat."""

    def test_a_message_shows_the_name_set_before(
        self, as_gwen: TalkClient, public: str
    ) -> None:
        set_name(as_gwen, public, "Gina")
        answer = as_gwen.post(f"/chat/{public}", message="hello")
        assert answer.data["actorDisplayName"] == "Gina"

    def test_old_messages_show_the_current_name(
        self, as_alice: TalkClient, as_gwen: TalkClient, public: str
    ) -> None:
        as_gwen.say(public, "one")
        set_name(as_gwen, public, "Gina")
        (message,) = as_alice.history(public, limit=1).data
        assert message["actorDisplayName"] == "Gina"

    def test_old_messages_show_no_name_after_it_was_removed(
        self, as_alice: TalkClient, as_gwen: TalkClient, public: str
    ) -> None:
        as_gwen.say(public, "one")
        set_name(as_gwen, public, "")
        (message,) = as_alice.history(public, limit=1).data
        assert message["actorDisplayName"] == ""

    def test_the_name_in_a_message_is_not_marked(
        self, as_alice: TalkClient, as_gwen: TalkClient, public: str
    ) -> None:
        as_gwen.say(public, "one")
        (message,) = as_alice.history(public, limit=1).data
        assert message["actorDisplayName"] == "Gwen"


class TestActorDisplayName:
    """A name that comes with a message."""

    @pytest.mark.parametrize("name", KEPT)
    def test_it_names_the_guest(
        self, as_gwen: TalkClient, public: str, name: str
    ) -> None:
        answer = say_as(as_gwen, public, name)
        assert answer.status == 201
        assert answer.data["actorDisplayName"] == name
        assert stored_name() == name

    def test_it_names_old_messages_too(
        self, as_alice: TalkClient, as_gwen: TalkClient, public: str
    ) -> None:
        as_gwen.say(public, "one")
        say_as(as_gwen, public, "Gina", text="two")
        names = [m["actorDisplayName"] for m in as_alice.history(public, limit=2).data]
        assert names == ["Gina", "Gina"]

    @pytest.mark.parametrize("body", [{}, {"actorDisplayName": ""}])
    def test_without_one_the_stored_name_stays(
        self, as_gwen: TalkClient, public: str, body: dict[str, Any]
    ) -> None:
        answer = as_gwen.post_json(f"/chat/{public}", {"message": "hello", **body})
        assert answer.status == 201
        assert answer.data["actorDisplayName"] == "Gwen"
        assert stored_name() == "Gwen"

    def test_null_is_no_name(self, as_gwen: TalkClient, public: str) -> None:
        assert say_as(as_gwen, public, None).data["actorDisplayName"] == "Gwen"

    def test_a_guest_without_any_name_has_an_empty_one(
        self, as_guest: TalkClient, public: str
    ) -> None:
        as_guest.join(public)
        assert say_as(as_guest, public, "").data["actorDisplayName"] == ""

    @pytest.mark.parametrize("name", [*TOO_LONG, *UNSTORABLE, *NO_TEXTS])
    def test_a_name_that_cannot_be_stored_refuses_the_message(
        self, as_gwen: TalkClient, public: str, name: Any
    ) -> None:
        before = rows(Room, Message)
        assert_refused(say_as(as_gwen, public, name), 400)
        assert stored_name() == "Gwen"
        assert rows(Room, Message) == before

    @pytest.mark.parametrize(
        ("text", "status"), [("", 400), ("a\0b", 400), ("x" * 1001, 413)]
    )
    def test_a_refused_message_does_not_name_the_guest(
        self, as_gwen: TalkClient, public: str, text: str, status: int
    ) -> None:
        assert_refused(say_as(as_gwen, public, "Gina", text=text), status)
        assert stored_name() == "Gwen"

    def test_a_guest_who_has_not_joined_gets_no_name(
        self, as_gwen: TalkClient, public: str
    ) -> None:
        assert_refused(say_as(TalkClient(), public, "Gina"), 404)
        assert stored_name() == "Gwen"

    def test_the_name_is_ignored_for_users(
        self, as_alice: TalkClient, as_gwen: TalkClient, public: str
    ) -> None:
        answer = say_as(as_alice, public, "Gina")
        assert answer.data["actorDisplayName"] == "Alice Adams"
        assert stored_name() == "Gwen"

    @hypothesis_settings(
        max_examples=100,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        name=st.one_of(
            st.text(st.characters(exclude_categories=()), max_size=66),
            st.text(min_size=60, max_size=70),
        )
    )
    def test_any_name_is_stored_unchanged_or_refused(
        self, as_gwen: TalkClient, public: str, name: str
    ) -> None:
        name = json.loads(json.dumps(name))  # two surrogates may have become one pair
        before = stored_name()
        answer = say_as(as_gwen, public, name)
        if len(name) > 64 or any(c == "\0" or "\ud800" <= c <= "\udfff" for c in name):
            assert answer.status == 400
            assert stored_name() == before
        else:
            assert answer.status == 201
            assert answer.data["actorDisplayName"] == (name or before)
