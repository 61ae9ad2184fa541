"""GET /chat/{token}/mentions: whom one may mean by the letters typed so far."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest
from django.contrib.auth import get_user_model

from talk.constants import ParticipantType
from tests.api.callers import (
    Caller,
    guest,
    guest_moderator,
    invited,
    self_joined,
    user_called,
    without_cookies,
)
from tests.api.helpers import (
    UNSTORABLE,
    assert_not_found,
    assert_refused,
    make_pinged_before,
    put_guest_in,
    put_in,
    rows,
    set_password,
    unread,
)
from tests.api.moderation import join_as_guest
from tests.client import BASE, Answer, TalkClient
from tests.factories import ParticipantFactory, RoomFactory, UserFactory
from tests.timelines import write

pytestmark = pytest.mark.django_db


def ask(client: TalkClient, token: str, **parameters: Any) -> Answer:
    """Ask for suggestions."""
    return client.get(f"/chat/{token}/mentions", **parameters)


def suggested(client: TalkClient, token: str, **parameters: Any) -> list[str]:
    """Return the ids of the suggestions, in order."""
    answer = ask(client, token, **parameters)
    assert answer.status == 200, answer
    return [suggestion["id"] for suggestion in answer.data]


def put_in_all(token: str, *names: str) -> None:
    """Let people of these ids be in a room, in this order; they have no other names."""
    for name in names:
        put_in(token, UserFactory(username=name, first_name="", last_name=""))


def let_say(token: str, *names: str) -> None:
    """Let people say something in a room, one after the other."""
    for name in names:
        user_called(name).say(token, "hello")


@pytest.mark.usefixtures("alice")
class TestAccess:
    """Access, beyond the authorisation matrix."""

    @pytest.mark.parametrize("parameters", [{"search": "\0"}, {"limit": "x"}])
    def test_non_participants_learn_nothing_from_odd_parameters(
        self, public, non_participant, parameters
    ):
        assert_not_found(ask(non_participant, public, **parameters))


class TestCandidates:
    """All users of the room but the one who asks."""

    def test_both_people_of_a_pair_get_the_other_one(self, as_alice, as_bob, pair):
        assert suggested(as_alice, pair) == ["bob"]
        assert suggested(as_bob, pair) == ["alice"]

    @pytest.mark.parametrize("room", ["group", "public", "locked"])
    def test_somebody_alone_gets_nothing(self, as_alice, request, room):
        answer = ask(as_alice, request.getfixturevalue(room))
        assert answer.status == 200
        assert answer.data == []

    @pytest.mark.parametrize(
        "type",
        [
            ParticipantType.OWNER,
            ParticipantType.MODERATOR,
            ParticipantType.USER,
            ParticipantType.SELF_JOINED,
        ],
    )
    def test_users_of_any_type_are_suggested(self, as_alice, public, bob, type):
        put_in(public, bob, type=type)
        assert suggested(as_alice, public) == ["bob"]

    def test_whether_they_are_connected_does_not_matter(self, as_alice, as_bob, shared):
        assert suggested(as_alice, shared) == ["bob"]
        as_bob.join(shared)
        assert suggested(as_alice, shared) == ["bob"]
        make_pinged_before(shared, seconds=1000)
        assert suggested(as_alice, shared) == ["bob"]

    def test_self_joined_users_are_suggested(self, as_alice, shared):
        self_joined(shared)
        assert suggested(as_alice, shared) == ["bob", "carol"]

    def test_guests_are_not(self, as_alice, shared):
        put_guest_in(shared)
        join_as_guest(shared, type=ParticipantType.GUEST_MODERATOR)
        assert suggested(as_alice, shared) == ["bob"]

    def test_guests_are_not_found_by_their_name(self, as_alice, as_guest, shared):
        as_guest.join(shared)
        as_guest.post(f"/guest/{shared}/name", displayName="Gwen")
        assert suggested(as_alice, shared, search="gwen") == []

    @pytest.mark.parametrize("caller", [guest, guest_moderator])
    def test_a_guest_is_suggested_all_users(self, shared, alice, caller: Caller):
        assert suggested(caller(shared), shared) == ["alice", "bob"]

    def test_the_caller_is_not_suggested_even_when_they_match(
        self, as_alice, as_bob, shared
    ):
        assert suggested(as_alice, shared, search="alice") == []
        assert suggested(as_bob, shared, search="alice") == ["alice"]
        assert suggested(as_bob, shared, search="bob") == []

    def test_people_of_other_rooms_are_not_suggested(self, as_alice, public, carol):
        ParticipantFactory(user=carol)
        assert suggested(as_alice, public, search="carol") == []

    def test_a_user_who_has_left_is_not_suggested(self, as_alice, as_bob, shared):
        assert as_bob.delete(f"/room/{shared}/participants/self").status == 200
        assert suggested(as_alice, shared) == []

    def test_a_mentioned_non_participant_is_not_suggested(
        self, as_alice, shared, carol
    ):
        as_alice.say(shared, "hello @carol")
        assert suggested(as_alice, shared) == ["bob"]

    def test_a_deleted_account_is_not_suggested(self, as_alice, shared, bob):
        bob.delete()
        assert suggested(as_alice, shared) == []

    @pytest.mark.parametrize("search", ["", "b", "Brown"])
    def test_a_password_makes_no_difference(self, as_alice, shared, search):
        set_password(shared)
        assert suggested(as_alice, shared, search=search) == ["bob"]


class TestMatching:
    """The search matches a part of the id or of the display name."""

    @pytest.fixture
    def room(self, public: str) -> str:
        """A room with Zoe, whose id is "zz9"."""
        zoe = UserFactory(username="zz9", first_name="Zoe", last_name="Zimmer")
        put_in(public, zoe)
        return public

    @pytest.mark.parametrize(
        "search",
        [
            "",
            "zz9",
            "ZZ9",
            "z9",
            "9",
            "Z",
            "Zoe Zimmer",
            "zoe zimmer",
            "ZOE ZIMMER",
            "Zoe",
            "oe",
            "imme",
            "ZIMM",
            "e Z",
            " ",
        ],
    )
    def test_is_found(self, as_alice, room, search):
        assert suggested(as_alice, room, search=search) == ["zz9"]

    @pytest.mark.parametrize(
        "search",
        [
            "unknown",
            "zz99",
            "Zoe Zimmers",
            "ZoeZimmer",
            "Zoe  Zimmer",
            " zz9",
            "zz9 ",
            "@zz9",
            "%",
            "z%9",
            "_",
            "z_9",
            "\\",
            "*",
            ".",
            "z.9",
            "'",
            '"',
            "zz9' OR '1'='1",
            "x" * 10_000,
        ],
    )
    def test_is_not_found(self, as_alice, room, search):
        answer = ask(as_alice, room, search=search)
        assert answer.status == 200
        assert answer.data == []

    @pytest.mark.parametrize(
        ("name", "search"),
        [("a_b", "a_"), ("a%b", "%b"), ("a\\b", "\\"), ("a'b", "'"), ("a@b.c", "@b.")],
    )
    def test_wildcards_of_databases_are_plain_characters(
        self, as_alice, public, name, search
    ):
        put_in_all(public, "axb", name)
        assert suggested(as_alice, public, search=search) == [name]

    @pytest.mark.parametrize("search", ["é", "Zoé", "zoé", "久", "久美子"])
    def test_any_letters_are_found(self, as_alice, public, search):
        zoe = UserFactory(username="z", first_name="Zoé", last_name="久美子")
        put_in(public, zoe)
        assert suggested(as_alice, public, search=search) == ["z"]

    def test_a_missing_search_lists_everybody(self, as_alice, shared):
        assert suggested(as_alice, shared) == ["bob"]

    def test_without_a_name_the_id_is_what_can_be_found(self, as_alice, public):
        put_in_all(public, "zed")
        assert suggested(as_alice, public, search=" ") == []
        assert suggested(as_alice, public, search="ED") == ["zed"]

    @pytest.mark.parametrize("text", UNSTORABLE)
    def test_a_text_that_no_database_stores_is_refused(self, as_alice, shared, text):
        path = f"/chat/{shared}/mentions"
        answer = as_alice.request("GET", path, body=json.dumps({"search": text}))
        assert_refused(answer, 400)


class TestOrder:
    """Order: newest comment first, then exact matches, then partial matches."""

    def test_in_the_order_in_which_they_came(self, as_alice, public):
        put_in_all(public, "zoe", "adam", "mona")
        assert suggested(as_alice, public) == ["zoe", "adam", "mona"]

    def test_an_exact_id_comes_first(self, as_alice, public):
        put_in_all(public, "zora", "zo", "lorenzo")
        assert suggested(as_alice, public, search="ZO") == ["zo", "zora", "lorenzo"]

    def test_an_exact_display_name_comes_first(self, as_alice, public):
        put_in_all(public, "zoe")
        put_in(public, UserFactory(username="x", first_name="Zo", last_name=""))
        assert suggested(as_alice, public, search="zo") == ["x", "zoe"]

    def test_a_whole_first_name_is_not_exact(self, as_alice, public):
        put_in_all(public, "zora")
        put_in(public, UserFactory(username="x", first_name="Zo", last_name="Li"))
        assert suggested(as_alice, public, search="zo") == ["zora", "x"]

    def test_exact_ones_keep_their_order_among_each_other(self, as_alice, public):
        put_in_all(public, "zora")
        put_in(public, UserFactory(username="x", first_name="Zo", last_name=""))
        put_in_all(public, "zo")
        assert suggested(as_alice, public, search="zo") == ["x", "zo", "zora"]

    def test_an_author_comes_first(self, as_alice, public):
        put_in_all(public, "zoe", "adam", "mona")
        let_say(public, "mona")
        assert suggested(as_alice, public) == ["mona", "zoe", "adam"]

    def test_the_author_of_the_newest_comment_comes_first(self, as_alice, public):
        put_in_all(public, "zoe", "adam", "mona")
        let_say(public, "adam", "zoe")
        assert suggested(as_alice, public) == ["zoe", "adam", "mona"]
        let_say(public, "adam")
        assert suggested(as_alice, public) == ["adam", "zoe", "mona"]

    def test_writing_in_the_same_second_counts_too(self, clock, as_alice, public):
        put_in_all(public, "zoe", "adam")
        let_say(public, "zoe", "adam")
        assert suggested(as_alice, public) == ["adam", "zoe"]

    def test_an_author_comes_before_an_exact_match(self, as_alice, public):
        put_in_all(public, "zo", "zora", "lorenzo")
        let_say(public, "lorenzo")
        expected = ["lorenzo", "zo", "zora"]
        assert suggested(as_alice, public, search="zo") == expected

    def test_comments_in_other_rooms_do_not_count(self, as_alice, public):
        put_in_all(public, "zoe", "adam")
        other = RoomFactory().token
        put_in(other, get_user_model().objects.get(username="adam"))
        let_say(other, "adam")
        assert suggested(as_alice, public) == ["zoe", "adam"]

    def test_system_messages_do_not_count(self, as_alice, public):
        put_in_all(public, "zoe")
        put_in(public, UserFactory(username="mona"), type=ParticipantType.MODERATOR)
        as_mona = user_called("mona")
        assert as_mona.put(f"/room/{public}", roomName="New").status == 200
        assert suggested(as_alice, public) == ["zoe", "mona"]

    def test_comments_of_guests_do_not_change_the_order(
        self, as_alice, as_guest, public
    ):
        put_in_all(public, "zoe", "adam")
        let_say(public, "adam")
        as_guest.join(public)
        as_guest.say(public, "hello")
        assert suggested(as_alice, public) == ["adam", "zoe"]

    def test_comments_count_after_a_user_comes_back(self, as_alice, public):
        put_in_all(public, "zoe", "adam")
        let_say(public, "adam")
        path = f"/room/{public}/participants"
        assert as_alice.delete(path, participant="adam").status == 200
        assert as_alice.post(path, newParticipant="adam").status == 200
        assert suggested(as_alice, public) == ["adam", "zoe"]


class TestLimit:
    """How many there are at most."""

    @pytest.fixture
    def full(self, public: str) -> str:
        """A room with 210 people besides Alice."""
        put_in_all(public, *[f"u{number:03}" for number in range(210)])
        return public

    @pytest.mark.parametrize(
        ("parameters", "count"),
        [
            ({}, 20),
            ({"limit": ""}, 20),
            ({"limit": 0}, 20),
            ({"limit": -1}, 20),
            ({"limit": -500}, 20),
            ({"limit": "many"}, 20),
            ({"limit": 1}, 1),
            ({"limit": "7x"}, 7),
            ({"limit": 25}, 25),
            ({"limit": 200}, 200),
            ({"limit": 201}, 200),
            ({"limit": 10**30}, 200),
        ],
    )
    def test_the_first_ones_are_given(self, as_alice, full, parameters, count):
        expected = [f"u{number:03}" for number in range(count)]
        assert suggested(as_alice, full, **parameters) == expected

    def test_it_applies_after_sorting(self, as_alice, full):
        let_say(full, "u205")
        assert suggested(as_alice, full, limit=2) == ["u205", "u000"]

    def test_it_applies_after_searching(self, as_alice, full):
        assert suggested(as_alice, full, search="u20", limit=3) == [
            "u200",
            "u201",
            "u202",
        ]

    def test_an_exact_match_is_among_the_first(self, as_alice, public):
        put_in_all(public, *[f"zo{number}" for number in range(30)], "zo")
        assert suggested(as_alice, public, search="zo", limit=1) == ["zo"]


class TestFormat:
    """The keys of a suggestion."""

    def test_it_has_id_label_and_source(self, as_alice, shared):
        assert ask(as_alice, shared, search="bo").data == [
            {"id": "bob", "label": "Bob Brown", "source": "users"}
        ]

    def test_the_label_without_a_name_is_the_id(self, as_alice, public):
        put_in_all(public, "zoe")
        assert ask(as_alice, public).data == [
            {"id": "zoe", "label": "zoe", "source": "users"}
        ]

    def test_numbers_stay_texts(self, as_alice, public):
        put_in_all(public, "123")
        assert ask(as_alice, public, search="12").data == [
            {"id": "123", "label": "123", "source": "users"}
        ]

    def test_the_id_is_what_a_mention_is_made_of(self, as_alice, public):
        put_in(public, UserFactory(username="zoe z", first_name="Zoe"))
        (suggestion,) = ask(as_alice, public).data
        text = f'hi @"{suggestion["id"]}"'
        answer = as_alice.post(f"/chat/{public}", message=text)
        parameter = answer.data["messageParameters"]["mention-user1"]
        assert parameter["name"] == suggestion["label"]

    def xml(self, client: TalkClient, token: str) -> ElementTree.Element:
        response = client.http.get(
            f"{BASE}/chat/{token}/mentions",
            headers={**client.headers, "Accept": "application/xml"},
        )
        assert response.status_code == 200
        assert response["Content-Type"] == "application/xml; charset=utf-8"
        return ElementTree.fromstring(response.content)

    def test_xml_says_the_same(self, as_alice, shared, carol):
        put_in(shared, carol)
        elements = self.xml(as_alice, shared).findall("data/element")
        assert [{part.tag: part.text for part in each} for each in elements] == [
            {"id": "bob", "label": "Bob Brown", "source": "users"},
            {"id": "carol", "label": "Carol Clark", "source": "users"},
        ]

    def test_nobody_is_an_empty_element_of_xml(self, as_alice, public):
        data = self.xml(as_alice, public).find("data")
        assert data is not None
        assert (len(data), data.text) == (0, None)


class TestSideEffects:
    """None."""

    @pytest.mark.parametrize("caller", [invited, self_joined, guest, without_cookies])
    def test_asking_changes_nothing(self, as_alice, shared, clock, caller: Caller):
        client = caller(shared)
        as_alice.say(shared, "hello @bob")
        clock.shift(50)
        before = rows()
        assert ask(client, shared, search="a").status == 200
        assert rows() == before

    def test_asking_is_not_reading(self, as_alice, as_bob, shared):
        as_alice.say(shared, "hello @bob")
        ask(as_bob, shared)
        assert unread(as_bob, shared) == 1
        assert as_bob.room(shared)["unreadMention"] is True


@pytest.mark.parametrize("size", [2, 100])
class TestQueries:
    """The same for few people and for many."""

    @pytest.fixture
    def busy(self, shared: str, alice: Any, size: int) -> str:
        for number in range(size - 2):
            put_in(shared, UserFactory(username=f"bob{number}"))
        write(shared, ["hello"] * 10 * size, user=alice)
        return shared

    @pytest.mark.parametrize("search", ["", "bob"])
    @pytest.mark.parametrize(
        ("caller", "count"),
        [
            # Login 2, place 1, people 1.
            (invited, 4),
            # HTTP session 1, place 1, people 1.
            (guest, 3),
            # Account 1, place 1, people 1.
            (without_cookies, 3),
        ],
    )
    def test_asking(
        self, busy, caller: Caller, count, search, django_assert_num_queries
    ):
        client = caller(busy)
        with django_assert_num_queries(count):
            assert ask(client, busy, search=search, limit=200).status == 200
