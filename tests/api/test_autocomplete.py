"""GET core/autocomplete/get: users, groups and addresses that match a search."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from talk.adapters import DefaultAdapter
from tests.api.helpers import UNSTORABLE, assert_login_needed, assert_refused, put_in
from tests.api.wire import V1, V2
from tests.client import TalkClient
from tests.factories import GroupFactory, RoomFactory, UserFactory

pytestmark = pytest.mark.django_db

PATH = f"{V2}/core/autocomplete/get"
USERS, GROUPS, EMAILS = 0, 1, 4


class ApartAdapter(DefaultAdapter):
    """An adapter that makes users called hidden unreachable."""

    def reachable_users(self, user, users):
        return [each for each in users if "hidden" not in each.username]


class TenantAdapter(DefaultAdapter):
    """An adapter that finds users of the same domain, and no groups."""

    def searchable_users(self, user):
        domain = user.email.split("@")[1]
        return super().searchable_users(user).filter(email__endswith=f"@{domain}")

    def search_groups(self, user, search, limit):
        return []


def ask(client: TalkClient, search: str = "", *types: int, **rest: Any) -> Any:
    """Return the matches."""
    parameters = {"search": search, "itemType": "call", "itemId": "new", **rest}
    if types:
        parameters["shareTypes[]"] = types
    answer = client.get(PATH, **parameters)
    assert answer.status == 200, answer
    return answer.data


def found(client: TalkClient, search: str = "", *types: int, **rest: Any) -> list[str]:
    """Return the ids of the matches, in order."""
    return [match["id"] for match in ask(client, search, *types, **rest)]


def let_there_be(*names: str) -> None:
    """Create accounts with these ids, without names."""
    for name in names:
        UserFactory(username=name, first_name="", last_name="")


class TestAnswer:
    """Shape of the response, and access to it."""

    def test_it_finds_matches_of_each_source(self, as_alice, bob):
        GroupFactory(name="bobsleigh")
        assert ask(as_alice, "bob", USERS, GROUPS) == [
            {"id": "bob", "label": "Bob Brown", "source": "users"},
            {"id": "bobsleigh", "label": "bobsleigh", "source": "groups"},
        ]
        assert ask(as_alice, "x@example.org", EMAILS) == [
            {"id": "x@example.org", "label": "x@example.org", "source": "emails"}
        ]

    def test_no_match_is_an_empty_list(self, as_alice):
        assert ask(as_alice, "nobody", USERS, GROUPS, EMAILS) == []

    def test_v1_says_the_same(self, as_alice, bob):
        answer = as_alice.get(f"{V1}/core/autocomplete/get", search="bob")
        assert answer.meta["statuscode"] == 100
        assert [match["id"] for match in answer.data] == ["bob"]

    def test_anonymous_callers_get_401(self, as_guest, bob):
        assert_login_needed(as_guest.get(PATH, search="bob"))

    def test_guests_get_401(self, as_guest, bob):
        as_guest.join(RoomFactory().token)
        assert_login_needed(as_guest.get(PATH, search="bob"))


class TestUsers:
    """The accounts that are found."""

    @pytest.mark.parametrize("search", ["bob", "BOB", "o", "Brown", "bob br", ""])
    def test_users_are_found_by_id_and_name_in_any_case(self, as_alice, bob, search):
        assert found(as_alice, search) == ["bob"]

    @pytest.mark.parametrize("search", ["bobby", "%", "_", "bob  brown"])
    def test_wildcards_have_no_meaning(self, as_alice, bob, search):
        assert found(as_alice, search) == []

    def test_the_caller_is_not_found(self, as_alice):
        assert found(as_alice, "alice") == []

    def test_disabled_accounts_are_not_found(self, as_alice):
        UserFactory(username="gone", is_active=False)
        assert found(as_alice, "gone") == []

    def test_an_exact_match_comes_first(self, as_alice):
        let_there_be("ann-marie", "joann", "ann")
        UserFactory(username="zoe", first_name="Ann", last_name="")
        assert found(as_alice, "Ann") == ["ann", "zoe", "ann-marie", "joann"]

    def test_a_missing_search_is_an_empty_one(self, as_alice, bob):
        answer = as_alice.get(PATH)
        assert [match["id"] for match in answer.data] == ["bob"]


class TestRoom:
    """`itemId` leaves out the participants of a room."""

    def test_participants_of_the_room_are_not_found(self, as_alice, bob, carol):
        token = as_alice.create_room()
        put_in(token, bob)
        assert found(as_alice, itemId=token) == ["carol"]
        assert found(as_alice, itemId="new") == ["bob", "carol"]

    def test_a_room_of_others_is_ignored(self, as_alice, bob):
        token = RoomFactory().token
        put_in(token, bob)
        assert found(as_alice, itemId=token) == ["bob"]

    def test_guests_in_the_room_hide_no_user(self, as_alice, as_guest, bob):
        token = as_alice.create_room()
        as_guest.join(token)
        assert found(as_alice, itemId=token) == ["bob"]


class TestSources:
    """`shareTypes`: 0 users, 1 groups, 4 mail addresses."""

    @pytest.fixture(autouse=True)
    def named_alike(self, bob):
        GroupFactory(name="bobs")

    @pytest.mark.parametrize(
        ("parameters", "expected"),
        [
            ({}, ["bob"]),
            ({"shareTypes[]": [0]}, ["bob"]),
            ({"shareTypes[]": [1]}, ["bobs"]),
            ({"shareTypes[]": [0, 1, 4]}, ["bob", "bobs"]),
            ({"shareTypes[]": [7, 3]}, []),
            ({"shareTypes": "1"}, ["bobs"]),
            ({"shareTypes[0]": "0", "shareTypes[1]": "1"}, ["bob", "bobs"]),
            ({"shareTypes[]": ["x"]}, ["bob"]),
        ],
    )
    def test_every_notation_is_understood(self, as_alice, parameters, expected):
        answer = as_alice.get(PATH, search="bob", **parameters)
        assert [match["id"] for match in answer.data] == expected

    @pytest.mark.parametrize(
        ("value", "expected"),
        [([0, 1], ["bob", "bobs"]), (1, ["bobs"]), ([], []), ([[1], None], ["bob"])],
    )
    def test_every_notation_in_json_is_understood(self, as_alice, value, expected):
        answer = as_alice.request(
            "GET", f"{PATH}?search=bob", body=json.dumps({"shareTypes": value})
        )
        assert [match["id"] for match in answer.data] == expected


class TestGroups:
    """The groups that are found."""

    def test_exact_matches_come_first(self, as_alice):
        let_there_be("teamster")
        for name in ("a team", "Team", "none"):
            GroupFactory(name=name)
        assert found(as_alice, "team", USERS, GROUPS) == ["Team", "teamster", "a team"]

    def test_an_empty_search_finds_all_groups(self, as_alice):
        GroupFactory(name="b")
        GroupFactory(name="a")
        assert found(as_alice, "", GROUPS) == ["a", "b"]


class TestEmails:
    """An e-mail address matches itself."""

    @pytest.mark.parametrize("search", ["x", "x@", "@example.org", "a b@example.org"])
    def test_a_malformed_address_is_not_found(self, as_alice, search):
        assert found(as_alice, search, EMAILS) == []

    def test_no_address_is_found_where_invitations_are_forbidden(
        self, as_alice, monkeypatch
    ):
        monkeypatch.setattr(
            DefaultAdapter, "may_invite_by_email", lambda self, user: False
        )
        assert found(as_alice, "x@example.org", EMAILS) == []


class TestLimit:
    """`limit`, for each source."""

    @pytest.mark.parametrize(
        ("limit", "count"), [(3, 3), (None, 10), (0, 10), (-1, 10), ("x", 10)]
    )
    def test_the_default_is_ten(self, as_alice, limit, count):
        let_there_be(*(f"user{number}" for number in range(12)))
        rest = {} if limit is None else {"limit": limit}
        assert len(found(as_alice, **rest)) == count

    def test_the_maximum_is_two_hundred(self, as_alice):
        user_model = get_user_model()
        rows = [user_model(username=f"user{number}") for number in range(210)]
        user_model.objects.bulk_create(rows)
        Group.objects.bulk_create([Group(name=f"{number}") for number in range(210)])
        matches = ask(as_alice, "", USERS, GROUPS, limit=10_000)
        sources = [match["source"] for match in matches]
        assert (sources.count("users"), sources.count("groups")) == (200, 200)


class TestOddTexts:
    """Texts that are no name."""

    @pytest.mark.parametrize("text", UNSTORABLE)
    @pytest.mark.parametrize("name", ["search", "itemId"])
    def test_a_text_that_cannot_be_stored_is_refused(self, as_alice, name, text):
        answer = as_alice.request("GET", PATH, body=json.dumps({name: text}))
        assert_refused(answer, 400)

    def test_a_very_long_text_finds_nothing(self, as_alice, bob):
        answer = as_alice.request(
            "GET", PATH, body=json.dumps({"search": "b" * 100_000})
        )
        assert answer.data == []


class TestSite:
    """Decisions of the site's adapter."""

    def test_separated_users_are_not_found(self, settings, as_alice):
        settings.TALK = {"ADAPTER": "tests.api.test_autocomplete.ApartAdapter"}
        let_there_be("hidden", "shown")
        assert found(as_alice) == ["shown"]

    def test_separated_users_do_not_count_towards_the_limit(self, settings, as_alice):
        settings.TALK = {"ADAPTER": "tests.api.test_autocomplete.ApartAdapter"}
        let_there_be("hidden1", "hidden2", "hidden3", "shown1", "shown2", "shown3")
        assert found(as_alice, limit=2) == ["shown1", "shown2"]

    def test_the_search_ends_if_nearly_all_users_are_separated(
        self, settings, as_alice, django_assert_num_queries
    ):
        settings.TALK = {"ADAPTER": "tests.api.test_autocomplete.ApartAdapter"}
        let_there_be(*(f"hidden{number}" for number in range(9)), "shown")
        with django_assert_num_queries(7):
            assert found(as_alice, limit=1) == []

    def test_the_adapter_chooses_the_users_and_groups_to_search(
        self, settings, as_alice, alice
    ):
        settings.TALK = {"ADAPTER": "tests.api.test_autocomplete.TenantAdapter"}
        alice.email = "alice@one.example"
        alice.save()
        UserFactory(username="near", email="near@one.example")
        UserFactory(username="far", email="far@other.example")
        GroupFactory(name="near")
        assert found(as_alice, "", USERS, GROUPS) == ["near"]


class TestQueries:
    """Two for the login, one for each source and for the room."""

    @pytest.mark.parametrize(
        ("types", "item", "count"),
        [
            ([USERS], "new", 3),
            ([USERS], "room", 4),
            ([USERS, GROUPS], "room", 5),
            ([EMAILS], "new", 2),
        ],
    )
    @pytest.mark.parametrize("people", [1, 10])
    def test_the_number_of_queries_does_not_depend_on_the_matches(
        self, as_alice, django_assert_num_queries, types, item, count, people
    ):
        token = as_alice.create_room()
        for _ in range(people):
            UserFactory()
            GroupFactory()
            put_in(token, UserFactory())
        item_id = token if item == "room" else item
        with django_assert_num_queries(count):
            matches = ask(as_alice, "", *types, itemId=item_id)
        assert (EMAILS in types) or len(matches) >= people
