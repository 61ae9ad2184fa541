"""Inviting by e-mail, in both ways: access, effects, refusals."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.core.mail.backends.base import BaseEmailBackend

from talk.adapters import DefaultAdapter
from talk.models import Message, Participant, Room
from tests.api.helpers import (
    SECRET,
    TIMESTAMP,
    UNSTORABLE,
    assert_done,
    assert_refused,
    rows,
    set_password,
    user_types_of,
)
from tests.api.invitations import ADDRESS, BROKEN, WAYS, Invite, inviter
from tests.api.moderation import (
    NO_TEXT,
    body_of,
    last_activity,
    newest,
    told,
)
from tests.api.wire import PLACES, send
from tests.factories import UserFactory
from tests.mails import wait_for_mails

GUESTS = "participants/guests"
"""The endpoint for invitations by e-mail only."""

ADDRESSES = [
    "gwen@example.org",
    "g.w+talk@mail.example.org",
    "GWEN@EXAMPLE.ORG",
    "o'neill@example.org",
    "gwen_99@xn--mller-kva.example",
]

NO_ADDRESSES = [
    "",
    "gwen@example",
    "gwen@example.org, eve@example.org",
    "gwen@example.org\r\nBcc: eve@example.org",
    7,
]
"""`tests.domain.test_text` has more of them."""


@pytest.fixture(params=WAYS)
def invite(
    request: pytest.FixtureRequest, django_capture_on_commit_callbacks: Any
) -> Invite:
    """Invite in one way, then in the other."""
    return inviter(request.param, django_capture_on_commit_callbacks)


class NoMailAdapter(DefaultAdapter):
    """An adapter that forbids invitations by e-mail."""

    def may_invite_by_email(self, user):
        return False


class ThreadBackend(BaseEmailBackend):
    """Records the thread that sends a mail."""

    threads: list[int] = []  # noqa: RUF012 - emptied by the test

    def send_messages(self, messages: Any) -> int:
        self.threads.append(threading.get_ident())
        return len(messages)


class TestAccess:
    """Access, beyond the authorisation matrix."""

    @pytest.mark.parametrize("room", ["public", "group", "pair"])
    def test_a_site_may_forbid_it(
        self, as_alice, request, invite: Invite, settings, room
    ):
        token = request.getfixturevalue(room)
        settings.TALK = {"ADAPTER": f"{__name__}.NoMailAdapter"}
        before = rows()
        assert_refused(invite(as_alice, token), 403)
        assert rows() == before
        assert wait_for_mails() == []

    def test_a_site_that_forbids_it_tells_non_participants_nothing(
        self, as_carol, public, invite: Invite, settings
    ):
        settings.TALK = {"ADAPTER": f"{__name__}.NoMailAdapter"}
        assert_refused(invite(as_carol, public), 404)


class TestRequest:
    """Valid and invalid addresses."""

    @pytest.mark.parametrize("place", PLACES)
    @pytest.mark.parametrize("way", WAYS)
    def test_the_address_may_be_sent_anywhere(
        self, as_alice, public, django_capture_on_commit_callbacks, way, place
    ):
        path, rest = WAYS[way]
        with django_capture_on_commit_callbacks(execute=True):
            answer = send(
                as_alice,
                "POST",
                f"/room/{public}/{path}",
                place,
                newParticipant=ADDRESS,
                **rest,
            )
        assert_done(answer)
        assert [mail.to for mail in wait_for_mails()] == [[ADDRESS]]

    @pytest.mark.parametrize("address", ADDRESSES)
    def test_an_address_is_used_unchanged(
        self, as_alice, public, invite: Invite, address
    ):
        assert_done(invite(as_alice, public, address))
        assert [mail.to for mail in wait_for_mails()] == [[address]]

    @pytest.mark.parametrize(
        "address", NO_ADDRESSES, ids=lambda value: repr(value)[:40]
    )
    @pytest.mark.parametrize("room", ["public", "group"])
    def test_a_malformed_address_is_400(
        self, as_alice, request, invite: Invite, room, address
    ):
        token = request.getfixturevalue(room)
        before = rows()
        assert_refused(invite(as_alice, token, address), 400)
        assert rows() == before
        assert wait_for_mails() == []

    @pytest.mark.parametrize("text", UNSTORABLE)
    def test_an_address_that_cannot_be_stored_is_400(
        self, as_alice, group, invite: Invite, text
    ):
        before = rows()
        assert_refused(invite(as_alice, group, f"{text}@example.org"), 400)
        assert rows() == before
        assert wait_for_mails() == []

    @pytest.mark.parametrize("value", NO_TEXT)
    @pytest.mark.parametrize("way", WAYS)
    def test_without_a_text_it_is_400(self, as_alice, group, way, value):
        path, rest = WAYS[way]
        body = {**body_of("newParticipant", value), **rest}
        before = rows()
        assert_refused(as_alice.post_json(f"/room/{group}/{path}", body), 400)
        assert rows() == before

    def test_without_an_address_it_is_404_for_non_participants(
        self, non_participant, public
    ):
        assert_refused(non_participant.post(f"/room/{public}/{GUESTS}"), 404)

    def test_without_an_address_it_is_403_for_users(self, as_bob, shared):
        assert_refused(as_bob.post(f"/room/{shared}/{GUESTS}"), 403)

    def test_the_flag_for_groups_is_ignored(self, as_alice, public, invite: Invite):
        assert_done(invite(as_alice, public, isGroup=True))
        assert [mail.to for mail in wait_for_mails()] == [[ADDRESS]]

    def test_the_source_is_ignored_by_the_endpoint_for_addresses(
        self, as_alice, bob, public
    ):
        path = f"/room/{public}/{GUESTS}"
        answer = as_alice.post(path, newParticipant="bob", source="users")
        assert_refused(answer, 400)
        assert user_types_of(public) == {"alice": 1}


class TestPublicRoom:
    """The only effect is a mail."""

    @pytest.mark.parametrize("room", ["public", "locked", "shared"])
    def test_nothing_changes(self, clock, as_alice, request, invite: Invite, room):
        token = request.getfixturevalue(room)
        clock.shift(60)
        before = rows()
        assert_done(invite(as_alice, token))
        assert rows() == before

    def test_the_owner_of_the_address_is_not_added(
        self, as_alice, public, invite: Invite
    ):
        UserFactory(email=ADDRESS)
        assert_done(invite(as_alice, public))
        assert user_types_of(public) == {"alice": 1}
        assert told(as_alice, public) == []

    def test_invited_guests_need_the_password(
        self, as_guest, as_alice, locked, invite: Invite
    ):
        invite(as_alice, locked)
        assert_refused(as_guest.ask_to_join(locked), 403)


class TestPrivateRoom:
    """The room becomes public."""

    @pytest.mark.parametrize("room", ["group", "staff", "pair"])
    def test_the_response_has_the_new_type_as_a_number(
        self, as_alice, request, invite: Invite, room
    ):
        token = request.getfixturevalue(room)
        answer = invite(as_alice, token)
        assert answer.status == 200
        assert answer.meta == {"status": "ok", "statuscode": 200, "message": "OK"}
        assert answer.data == {"type": 3}
        assert as_alice.room(token)["type"] == 3

    def test_anyone_may_join_afterwards(
        self, as_alice, as_guest, group, invite: Invite
    ):
        invite(as_alice, group)
        assert as_guest.ask_to_join(group).status == 200

    @pytest.mark.parametrize(
        ("room", "before"),
        [
            ("group", []),
            ("staff", [("user_added", "alice", "bob")]),
            ("pair", [("user_added", "alice", "bob")]),
        ],
    )
    def test_a_system_message_announces_that_guests_are_allowed(
        self, as_alice, request, invite: Invite, room, before
    ):
        token = request.getfixturevalue(room)
        invite(as_alice, token)
        allowed = ("guests_allowed", "alice", "")
        assert told(as_alice, token) == [*before, allowed]

    def test_the_system_message_names_the_inviter(
        self, as_alice, as_bob, staff, invite: Invite
    ):
        invite(as_alice, staff)
        message = newest(as_bob, staff)
        assert message["message"] == "{actor} allowed guests in the conversation"
        assert message["messageParameters"] == {
            "actor": {"type": "user", "id": "alice", "name": "Alice Adams"}
        }
        assert (message["actorType"], message["actorId"]) == ("users", "alice")
        text = newest(as_alice, staff)["message"]
        assert text == "You allowed guests in the conversation"

    def test_the_change_is_activity(self, clock, as_alice, group, invite: Invite):
        clock.shift(60)
        invite(as_alice, group)
        assert last_activity(as_alice, group) == TIMESTAMP + 60

    @pytest.mark.parametrize("room", ["group", "staff", "pair"])
    def test_all_participants_stay(self, as_alice, request, invite: Invite, room):
        token = request.getfixturevalue(room)
        before = rows(Participant)
        invite(as_alice, token)
        assert rows(Participant) == before

    def test_the_second_address_changes_no_type(self, as_alice, group, invite: Invite):
        invite(as_alice, group)
        before = rows(Room, Message)
        assert_done(invite(as_alice, group, "gus@example.org"))
        assert rows(Room, Message) == before
        recipients = sorted(mail.to[0] for mail in wait_for_mails())
        assert recipients == ["gus@example.org", ADDRESS]

    def test_an_earlier_password_still_applies(
        self, as_alice, as_guest, group, invite: Invite
    ):
        set_password(group)
        invite(as_alice, group)
        assert_refused(as_guest.ask_to_join(group), 403)
        assert as_guest.ask_to_join(group, password=SECRET).status == 200

    def test_a_pair_may_have_a_new_room_of_their_own(
        self, as_alice, pair, invite: Invite
    ):
        invite(as_alice, pair)
        assert user_types_of(pair) == {"alice": 1, "bob": 1}
        answer = as_alice.post("/room", roomType=1, invite="bob")
        assert answer.status == 201
        assert answer.data["token"] != pair

    def test_a_former_pair_has_no_name(self, as_alice, as_bob, pair, invite: Invite):
        invite(as_bob, pair)
        found = as_alice.room(pair)
        assert (found["name"], found["displayName"]) == ("", "Bob Brown")


class TestFailure:
    """The request succeeds whatever happens to the mail."""

    @pytest.fixture
    def broken(self, settings: Any) -> None:
        """Break the mail server, and try each mail once."""
        settings.TALK = {"OUTGOING_TRIES": 1}
        settings.EMAIL_BACKEND = BROKEN

    @pytest.mark.usefixtures("broken")
    @pytest.mark.parametrize(("room", "data"), [("public", []), ("group", {"type": 3})])
    def test_a_broken_mail_server_does_not_fail_the_request(
        self, as_alice, request, invite: Invite, room, data
    ):
        token = request.getfixturevalue(room)
        answer = invite(as_alice, token)
        assert wait_for_mails() == []
        assert (answer.status, answer.data) == (200, data)
        assert as_alice.room(token)["type"] == 3

    @pytest.mark.usefixtures("broken")
    def test_a_broken_mail_server_is_logged(
        self, as_alice, public, invite: Invite, caplog
    ):
        invite(as_alice, public)
        wait_for_mails()
        errors = [record for record in caplog.records if record.levelname == "ERROR"]
        assert [record.name.split(".")[0] for record in errors] == ["talk"]
        assert errors[0].exc_info is not None

    def test_mails_after_a_failure_are_sent(
        self, as_alice, public, invite: Invite, settings
    ):
        settings.TALK = {"OUTGOING_TRIES": 1}
        settings.EMAIL_BACKEND = BROKEN
        invite(as_alice, public)
        wait_for_mails()
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        invite(as_alice, public, "gus@example.org")
        assert [mail.to for mail in wait_for_mails()] == [["gus@example.org"]]

    def test_another_thread_sends_the_mail(
        self, as_alice, public, invite: Invite, settings
    ):
        ThreadBackend.threads.clear()
        settings.EMAIL_BACKEND = f"{__name__}.ThreadBackend"
        invite(as_alice, public)
        wait_for_mails()
        assert len(ThreadBackend.threads) == 1
        assert threading.get_ident() not in ThreadBackend.threads

    def test_the_mail_is_sent_after_the_commit(
        self, as_alice, public, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks():
            path = f"/room/{public}/{GUESTS}"
            assert_done(as_alice.post(path, newParticipant=ADDRESS))
        assert wait_for_mails() == []

    @pytest.mark.django_db(transaction=True)
    def test_a_real_commit_sends_the_mail(self, as_alice):
        token = as_alice.create_room(type=2)
        path = f"/room/{token}/{GUESTS}"
        answer = as_alice.post(path, newParticipant=ADDRESS)
        assert answer.data == {"type": 3}
        assert [mail.to for mail in wait_for_mails()] == [[ADDRESS]]
