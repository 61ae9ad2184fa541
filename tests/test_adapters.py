"""The default adapter, and its replacement by a site."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model

from talk.adapters import DefaultAdapter, get_adapter
from talk.constants import RoomType
from tests.factories import GroupFactory, UserFactory

pytestmark = pytest.mark.django_db


class UpperAdapter(DefaultAdapter):
    """An adapter with its own display names."""

    def display_name(self, user):
        return super().display_name(user).upper()


def test_the_user_id_is_the_user_name() -> None:
    assert get_adapter().user_id(UserFactory(username="zoe")) == "zoe"


def test_the_display_name_is_the_full_name() -> None:
    user = UserFactory(first_name="Zoe", last_name="Zimmer")
    assert get_adapter().display_name(user) == "Zoe Zimmer"


def test_without_a_full_name_the_display_name_is_the_id() -> None:
    user = UserFactory(username="zoe", first_name="", last_name="")
    assert get_adapter().display_name(user) == "zoe"


def test_users_are_found_by_exact_id(django_assert_num_queries) -> None:
    user = UserFactory(username="zoe")
    UserFactory(username="yann")
    with django_assert_num_queries(1):
        assert get_adapter().find_users(["zoe", "Zoe", "nobody"]) == {"zoe": user}


def test_finding_no_ids_costs_no_query(django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        assert get_adapter().find_users([]) == {}


def test_disabled_accounts_are_found() -> None:
    user = UserFactory(username="zoe", is_active=False)
    assert get_adapter().find_users(["zoe"]) == {"zoe": user}


def test_the_members_of_a_group_are_its_active_users(django_assert_num_queries) -> None:
    group = GroupFactory(name="team")
    user, disabled = UserFactory(), UserFactory(is_active=False)
    group.user_set.set([user, disabled])
    with django_assert_num_queries(2):
        assert get_adapter().find_group_members("team") == [user]


def test_an_unknown_group_differs_from_an_empty_one() -> None:
    GroupFactory(name="empty")
    assert get_adapter().find_group_members("empty") == []
    assert get_adapter().find_group_members("nothing") is None


def test_the_groups_of_a_user_are_ordered_by_name() -> None:
    user = UserFactory()
    user.groups.set([GroupFactory(name="b"), GroupFactory(name="a")])
    assert get_adapter().group_ids(user) == ["a", "b"]


def test_the_email_address_may_be_missing() -> None:
    assert (
        get_adapter().email(UserFactory(email="zoe@example.org")) == "zoe@example.org"
    )
    assert get_adapter().email(get_user_model()(username="zoe")) == ""


def test_a_site_replaces_the_adapter_by_a_setting(settings, as_alice) -> None:
    settings.TALK = {"ADAPTER": "tests.test_adapters.UpperAdapter"}
    token = as_alice.create_room()
    assert as_alice.history(token).data[0]["actorDisplayName"] == "ALICE ADAMS"


@pytest.mark.parametrize("room_type", RoomType)
def test_every_user_may_create_rooms(room_type, django_assert_num_queries) -> None:
    user = UserFactory()
    with django_assert_num_queries(0):
        assert get_adapter().may_create_room(user, room_type) is True


def test_all_users_are_reachable_in_the_given_order(django_assert_num_queries) -> None:
    user, one, other = UserFactory.create_batch(3)
    with django_assert_num_queries(0):
        assert get_adapter().reachable_users(user, [other, user, one]) == [
            other,
            user,
            one,
        ]
        assert get_adapter().reachable_users(user, ()) == []


def test_every_user_may_invite_by_email(django_assert_num_queries) -> None:
    user = UserFactory()
    with django_assert_num_queries(0):
        assert get_adapter().may_invite_by_email(user) is True


def test_all_users_are_searchable(django_assert_num_queries) -> None:
    user, other = UserFactory.create_batch(2)
    with django_assert_num_queries(0):
        rows = get_adapter().searchable_users(user)
    assert set(rows) == {user, other}


def test_groups_are_found_by_a_part_of_their_name(django_assert_num_queries) -> None:
    user = UserFactory()
    for name in ("my team", "Team", "a team", "other"):
        GroupFactory(name=name)
    with django_assert_num_queries(1):
        found = get_adapter().search_groups(user, "team", 2)
    assert found == ["Team", "a team"]


def test_users_have_no_picture(django_assert_num_queries) -> None:
    user = UserFactory()
    with django_assert_num_queries(0):
        assert get_adapter().picture(user, None) is None


@pytest.mark.parametrize("site", ["https://example.com", "http://localhost/intranet"])
def test_the_link_of_a_room_is_the_page_of_its_call(site) -> None:
    assert get_adapter().room_url("abcdefgh", site) == f"{site}/call/abcdefgh"


def test_an_older_adapter_inherits_new_methods(settings) -> None:
    settings.TALK = {"ADAPTER": "tests.test_adapters.UpperAdapter"}
    user = UserFactory()
    assert isinstance(get_adapter(), UpperAdapter)
    assert get_adapter().may_create_room(user, RoomType.PUBLIC) is True
    assert get_adapter().reachable_users(user, [user]) == [user]
    assert get_adapter().may_invite_by_email(user) is True


def test_a_wrong_path_of_an_adapter_is_an_error(settings) -> None:
    settings.TALK = {"ADAPTER": "tests.test_adapters.NoAdapter"}
    with pytest.raises(ImportError, match="NoAdapter"):
        get_adapter()
