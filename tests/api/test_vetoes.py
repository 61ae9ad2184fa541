"""Requests that a site's adapter forbids or changes, as clients see them."""

from __future__ import annotations

from typing import Any

import pytest

from talk.adapters import DefaultAdapter
from talk.constants import RoomType
from talk.models import Participant
from tests.api.helpers import assert_refused, put_in, rows, user_types_of
from tests.api.invitations import ADDRESS, WAYS, Invite, inviter, links_in, parts_of
from tests.client import BASE, TalkClient
from tests.factories import GroupFactory
from tests.mails import wait_for_mails

HERE = __name__


class NoRooms(DefaultAdapter):
    """Nobody creates rooms."""

    def may_create_room(self, user, room_type):
        return False


class OnlyGroupRooms(DefaultAdapter):
    """People create group rooms and no others."""

    def may_create_room(self, user, room_type):
        assert isinstance(room_type, RoomType)
        return room_type is RoomType.GROUP


class OnlyAliceCreates(DefaultAdapter):
    """Alice alone creates rooms."""

    def may_create_room(self, user, room_type):
        return user.username == "alice"


class CarolIsApart(DefaultAdapter):
    """Nobody talks to Carol, and she to nobody."""

    def reachable_users(self, user, users):
        if user.username == "carol":
            return []
        return [other for other in users if other.username != "carol"]


class NobodyIsReachable(DefaultAdapter):
    """People are kept apart altogether."""

    def reachable_users(self, user, users):
        return []


class NoMails(DefaultAdapter):
    """Nobody invites strangers."""

    def may_invite_by_email(self, user):
        return False


class OnlyAliceInvites(DefaultAdapter):
    """Alice alone invites strangers."""

    def may_invite_by_email(self, user):
        return user.username == "alice"


class OwnLinks(DefaultAdapter):
    """Rooms have pages of the site's own."""

    def room_url(self, token, site):
        return f"{site}/talk/about/{token}?from=mail"


def use(settings: Any, adapter: type[DefaultAdapter], **more: Any) -> None:
    """Let the site use an adapter."""
    settings.TALK = {"ADAPTER": f"{HERE}.{adapter.__name__}", **more}


class TestMayCreateRoom:
    """`may_create_room`."""

    REQUESTS = (
        pytest.param({"roomType": 1, "invite": "bob"}, id="one-to-one"),
        pytest.param({"roomType": 2, "roomName": "Plan"}, id="group"),
        pytest.param({"roomType": 2, "invite": "staff"}, id="group of a group"),
        pytest.param({"roomType": 3, "roomName": "Plan"}, id="public"),
    )

    @pytest.fixture(autouse=True)
    def staff(self, bob: Any) -> None:
        """A group that has Bob in it."""
        GroupFactory(name="staff").user_set.add(bob)

    @pytest.mark.parametrize("parameters", REQUESTS)
    def test_a_no_is_403_and_creates_nothing(self, settings, as_alice, parameters):
        use(settings, NoRooms)
        before = rows()
        assert_refused(as_alice.post("/room", **parameters), 403)
        assert rows() == before

    @pytest.mark.parametrize(
        ("type", "status"), [(1, 403), (2, 201), (3, 403)], ids=str
    )
    def test_it_is_asked_about_the_type(self, settings, as_alice, type, status):
        use(settings, OnlyGroupRooms)
        invite = "bob" if type == 1 else ""
        answer = as_alice.post("/room", roomType=type, invite=invite)
        assert answer.status == status

    def test_it_is_asked_about_the_user(self, settings, as_alice, as_bob):
        use(settings, OnlyAliceCreates)
        assert as_alice.post("/room", roomType=3).status == 201
        assert_refused(as_bob.post("/room", roomType=3), 403)

    @pytest.mark.parametrize(
        ("parameters", "status"),
        [
            ({"roomType": 1, "invite": "nobody"}, 404),
            ({"roomType": 2, "invite": "nothing"}, 404),
            ({"roomType": 4}, 400),
            ({}, 400),
        ],
        ids=["unknown user", "unknown group", "unknown type", "no type"],
    )
    def test_an_invalid_request_has_the_same_error(
        self, settings, as_alice, parameters, status
    ):
        use(settings, NoRooms)
        assert_refused(as_alice.post("/room", **parameters), status)

    def test_rooms_that_are_there_stay_in_use(self, settings, as_alice, public):
        use(settings, NoRooms)
        assert as_alice.join(public)
        assert as_alice.say(public, "hello")


class TestReachableUsers:
    """`reachable_users`."""

    def test_a_one_to_one_room_with_somebody_unreachable_is_404(
        self, settings, as_alice, carol
    ):
        use(settings, CarolIsApart)
        before = rows()
        answer = as_alice.post("/room", roomType=1, invite="carol")
        assert_refused(answer, 404)
        assert rows() == before

    def test_it_is_the_answer_for_somebody_unknown(self, settings, as_alice, carol):
        use(settings, CarolIsApart)
        apart = as_alice.post("/room", roomType=1, invite="carol")
        unknown = as_alice.post("/room", roomType=1, invite="nobody")
        assert (apart.status, apart.meta, apart.data) == (
            unknown.status,
            unknown.meta,
            unknown.data,
        )

    def test_it_is_asked_for_the_one_who_asks(self, settings, as_carol, alice):
        use(settings, CarolIsApart)
        answer = as_carol.post("/room", roomType=1, invite="alice")
        assert_refused(answer, 404)

    def test_others_are_reached(self, settings, as_alice, bob):
        use(settings, CarolIsApart)
        answer = as_alice.post("/room", roomType=1, invite="bob")
        assert answer.status == 201

    def test_adding_somebody_unreachable_is_404(
        self, settings, as_alice, carol, public
    ):
        use(settings, CarolIsApart)
        before = rows()
        answer = as_alice.post(f"/room/{public}/participants", newParticipant="carol")
        assert_refused(answer, 404)
        assert rows() == before

    def test_a_pair_stays_one_when_the_third_is_unreachable(
        self, settings, as_alice, carol, pair
    ):
        use(settings, CarolIsApart)
        before = rows()
        answer = as_alice.post(f"/room/{pair}/participants", newParticipant="carol")
        assert_refused(answer, 404)
        assert rows() == before

    def test_an_unreachable_member_of_an_added_group_is_left_out(
        self, settings, as_alice, bob, carol, public
    ):
        use(settings, CarolIsApart)
        GroupFactory(name="staff").user_set.set([bob, carol])
        answer = as_alice.post(
            f"/room/{public}/participants", newParticipant="staff", source="groups"
        )
        assert answer.status == 200
        assert user_types_of(public) == {"alice": 1, "bob": 3}

    def test_a_group_of_nobody_reachable_adds_nobody(
        self, settings, as_alice, bob, public
    ):
        use(settings, NobodyIsReachable)
        GroupFactory(name="staff").user_set.set([bob])
        before = rows()
        answer = as_alice.post(
            f"/room/{public}/participants", newParticipant="staff", source="groups"
        )
        assert answer.status == 200
        assert rows() == before

    def test_an_unreachable_member_of_an_invited_group_is_left_out(
        self, settings, as_alice, alice, bob, carol
    ):
        use(settings, CarolIsApart)
        GroupFactory(name="staff").user_set.set([alice, bob, carol])
        token = as_alice.create_room(type=2, invite="staff")
        assert user_types_of(token) == {"alice": 1, "bob": 3}

    def test_a_room_of_a_group_has_its_creator_even_if_nobody_is_reachable(
        self, settings, as_alice, alice, bob
    ):
        use(settings, NobodyIsReachable)
        GroupFactory(name="staff").user_set.set([alice, bob])
        token = as_alice.create_room(type=2, invite="staff")
        assert user_types_of(token) == {"alice": 1}

    def test_participants_stay_in_a_room(self, settings, as_alice, carol, public):
        put_in(public, carol)
        use(settings, CarolIsApart)
        assert TalkClient(carol).say(public, "hello")
        assert Participant.objects.filter(user=carol).exists()


class TestMayInviteByEmail:
    """`may_invite_by_email`."""

    @pytest.fixture(params=WAYS)
    def invite(
        self, request: pytest.FixtureRequest, django_capture_on_commit_callbacks: Any
    ) -> Invite:
        """Invite in one way, then in the other."""
        return inviter(request.param, django_capture_on_commit_callbacks)

    @pytest.mark.parametrize("room", ["public", "group", "pair"])
    def test_a_no_is_403_and_changes_nothing(
        self, settings, as_alice, request, invite: Invite, room
    ):
        use(settings, NoMails)
        token = request.getfixturevalue(room)
        before = rows()
        assert_refused(invite(as_alice, token), 403)
        assert rows() == before
        assert wait_for_mails() == []

    def test_it_is_asked_about_the_user(
        self, settings, as_alice, as_bob, bob, public, invite: Invite
    ):
        use(settings, OnlyAliceInvites)
        put_in(public, bob, type=2)
        assert invite(as_alice, public).status == 200
        assert_refused(invite(as_bob, public), 403)
        assert len(wait_for_mails()) == 1

    def test_an_address_that_is_none_stays_400(
        self, settings, as_alice, public, invite: Invite
    ):
        use(settings, NoMails)
        assert_refused(invite(as_alice, public, "gwen"), 400)

    def test_a_stranger_stays_a_404(self, settings, as_carol, public, invite: Invite):
        use(settings, NoMails)
        assert_refused(invite(as_carol, public), 404)

    def test_adding_users_is_no_mail(self, settings, as_alice, bob, public):
        use(settings, NoMails)
        answer = as_alice.post(f"/room/{public}/participants", newParticipant="bob")
        assert answer.status == 200


class TestRoomUrl:
    """`room_url`."""

    @pytest.fixture(params=WAYS)
    def invite(
        self, request: pytest.FixtureRequest, django_capture_on_commit_callbacks: Any
    ) -> Invite:
        """Invite in one way, then in the other."""
        return inviter(request.param, django_capture_on_commit_callbacks)

    def links(self, invite: Invite, client: TalkClient, token: str) -> set[str]:
        """Return the links in the mail of an invitation."""
        assert invite(client, token).status == 200
        (mail,) = wait_for_mails()
        assert mail.to == [ADDRESS]
        parts = parts_of(mail)
        assert links_in(parts["text/plain"]) == links_in(parts["text/html"])
        return links_in(parts["text/plain"])

    def test_it_is_the_link_in_the_mail(
        self, settings, as_alice, public, invite: Invite
    ):
        use(settings, OwnLinks)
        expected = f"http://testserver/talk/about/{public}?from=mail"
        assert self.links(invite, as_alice, public) == {expected}

    @pytest.mark.parametrize("end", ["", "/"])
    def test_the_site_is_that_of_the_settings(
        self, settings, as_alice, public, invite: Invite, end
    ):
        use(settings, OwnLinks, SITE_URL=f"https://example.com/intranet{end}")
        expected = f"https://example.com/intranet/talk/about/{public}?from=mail"
        assert self.links(invite, as_alice, public) == {expected}

    def test_by_default_it_is_the_page_of_the_call(
        self, as_alice, public, invite: Invite
    ):
        assert self.links(invite, as_alice, public) == {
            f"http://testserver/call/{public}"
        }


class TestPrefix:
    """Where the app's URLs live decides where links lead."""

    @pytest.fixture
    def below_site(self, settings) -> None:
        """The whole site lives below a path of the server."""
        settings.FORCE_SCRIPT_NAME = "/site"

    def link(self, capture: Any, client: TalkClient, path: str) -> str:
        """Return the link in the mail of an invitation."""
        with capture(execute=True):
            assert client.post(path, newParticipant=ADDRESS).status == 200
        (mail,) = wait_for_mails()
        (link,) = links_in(parts_of(mail)["text/plain"])
        return link

    def test_the_prefix_of_the_site_stands_in_the_link(
        self, as_alice, public, below_site, django_capture_on_commit_callbacks
    ):
        path = f"/room/{public}/participants/guests"
        link = self.link(django_capture_on_commit_callbacks, as_alice, path)
        assert link == f"http://testserver/site/call/{public}"

    def test_the_prefix_of_the_app_stands_in_the_link(
        self, as_alice, public, settings, django_capture_on_commit_callbacks
    ):
        settings.ROOT_URLCONF = "tests.urls_below_prefix"
        path = f"/cloud{BASE}/room/{public}/participants/guests"
        with django_capture_on_commit_callbacks(execute=True):
            answer = as_alice.http.post(
                path, {"newParticipant": ADDRESS}, headers=as_alice.headers
            )
        assert answer.status_code == 200
        (mail,) = wait_for_mails()
        links = links_in(parts_of(mail)["text/plain"])
        assert links == {f"http://testserver/cloud/call/{public}"}
