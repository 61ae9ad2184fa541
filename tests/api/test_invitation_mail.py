"""The invitation mail: recipients, text, and data that it must not show."""

from __future__ import annotations

from email.utils import getaddresses, parseaddr
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives

from talk.models import Room
from tests.api.helpers import SECRET, rows
from tests.api.invitations import (
    ADDRESS,
    WAYS,
    Invite,
    inviter,
    links_in,
    parts_of,
    received,
)
from tests.client import TalkClient
from tests.mails import wait_for_mails

SENDER = "talk@example.com"

LINE_BREAKS = ["\n", "\r", "\r\n", "\r\n\r\n", "\n ", "\u2028", "\x0b", "\x85"]

INJECTIONS = [f"Eve{lines}Bcc: eve@example.org" for lines in LINE_BREAKS]

ODD_NAMES = [
    "Zoë Müller",
    "久美子 🎉",
    "Adams, Alice",
    'Alice "Ace" Adams',
    "Alice <eve@example.org>",
    "eve@example.org",
    "%s {actor} {{ room }}",
    "=?utf-8?q?Eve?=",
    "x" * 150,
]


@pytest.fixture(params=WAYS)
def invite(
    request: pytest.FixtureRequest, django_capture_on_commit_callbacks: Any
) -> Invite:
    """Invite in one way, then in the other."""
    return inviter(request.param, django_capture_on_commit_callbacks)


@pytest.fixture(autouse=True)
def sender(settings: Any) -> None:
    """Set the site's URL."""
    settings.DEFAULT_FROM_EMAIL = f"The site <{SENDER}>"


def mail_of(
    invite: Invite, client: TalkClient, token: str, **room: Any
) -> EmailMultiAlternatives:
    """Return the mail of an invitation to a room with these fields."""
    if room:
        Room.objects.filter(token=token).update(**room)
    assert invite(client, token).status == 200
    (mail,) = wait_for_mails()
    return mail


def rename(user: Any, name: str) -> None:
    """Set a user's name."""
    user.first_name, user.last_name = name, ""
    user.save()


class TestEnvelope:
    """Sender and recipients."""

    @pytest.mark.parametrize("room", ["public", "locked", "group", "pair"])
    def test_the_address_is_the_only_recipient(
        self, as_alice, request, invite: Invite, room
    ):
        mail = mail_of(invite, as_alice, request.getfixturevalue(room))
        assert mail.recipients() == [ADDRESS]
        assert (mail.to, mail.cc, mail.bcc) == ([ADDRESS], [], [])

    def test_the_sender_has_the_inviters_name_and_the_sites_address(
        self, as_alice, public, invite: Invite
    ):
        mail = mail_of(invite, as_alice, public)
        assert parseaddr(received(mail)["From"]) == ("Alice Adams", SENDER)

    def test_the_inviters_address_is_not_shown(
        self, as_alice, alice, public, invite: Invite
    ):
        alice.email = "alice@private.example"
        alice.save()
        mail = mail_of(invite, as_alice, public)
        assert "private.example" not in mail.message().as_string()
        assert all("private.example" not in text for text in parts_of(mail).values())

    def test_the_subject_names_the_inviter(self, as_alice, public, invite: Invite):
        mail = mail_of(invite, as_alice, public)
        assert "Alice Adams" in mail.subject

    def test_another_moderator_invites_under_their_own_name(
        self, as_bob, staff, invite: Invite
    ):
        Room.objects.get(token=staff).participants.update(type=2)
        mail = mail_of(invite, as_bob, staff)
        assert "Bob Brown" in mail.subject
        assert "Alice" not in received(mail)["From"]

    def test_each_invitation_is_a_mail_of_its_own(
        self, as_alice, public, invite: Invite
    ):
        invite(as_alice, public, "gwen@example.org")
        invite(as_alice, public, "gus@example.org")
        recipients = sorted(mail.recipients() for mail in wait_for_mails())
        assert recipients == [["gus@example.org"], ["gwen@example.org"]]


class TestText:
    """The text of the mail."""

    @pytest.mark.parametrize("room", ["public", "group", "pair"])
    def test_every_part_links_to_the_room(
        self, as_alice, request, invite: Invite, room
    ):
        token = request.getfixturevalue(room)
        parts = parts_of(mail_of(invite, as_alice, token))
        assert "text/plain" in parts
        for text in parts.values():
            assert any(link.endswith(f"/call/{token}") for link in links_in(text))

    def test_it_names_the_inviter(self, as_alice, public, invite: Invite):
        for text in parts_of(mail_of(invite, as_alice, public)).values():
            assert "Alice Adams" in text

    def test_it_names_the_room(self, as_alice, public, invite: Invite):
        mail = mail_of(invite, as_alice, public, name="Summer plans")
        assert any("Summer plans" in text for text in parts_of(mail).values())

    def test_a_room_may_have_no_name(self, as_alice, public, invite: Invite):
        mail = mail_of(invite, as_alice, public, name="")
        assert mail.recipients() == [ADDRESS]
        assert "None" not in "".join(parts_of(mail).values())

    def test_the_password_is_not_shown(self, as_alice, locked, invite: Invite):
        mail = mail_of(invite, as_alice, locked)
        stored = Room.objects.get(token=locked).password
        for text in [mail.message().as_string(), *parts_of(mail).values()]:
            assert SECRET not in text
            assert stored not in text

    def test_other_participants_are_not_shown(
        self, as_alice, bob, shared, invite: Invite
    ):
        as_alice.say(shared, "private words")
        for text in parts_of(mail_of(invite, as_alice, shared, name="")).values():
            assert "Bob" not in text
            assert "private words" not in text

    @pytest.mark.parametrize("name", ["<script>alert(1)</script>", "a & b <i>c</i>"])
    def test_names_are_text_in_html(
        self, as_alice, alice, public, invite: Invite, name
    ):
        rename(alice, name)
        mail = mail_of(invite, as_alice, public, name=name)
        html = parts_of(mail).get("text/html", "")
        assert name not in html
        assert "<script" not in html

    @pytest.mark.parametrize("name", ["Q&A", "Tom's <i>room</i>"])
    def test_names_are_unchanged_in_plain_text(
        self, as_alice, alice, public, invite: Invite, name
    ):
        rename(alice, name)
        mail = mail_of(invite, as_alice, public, name=name)
        assert name in mail.subject
        assert name in parts_of(mail)["text/plain"]


class TestHeaders:
    """Names cannot add headers."""

    @pytest.mark.parametrize("name", INJECTIONS)
    def test_a_display_name_with_line_breaks_makes_no_header(
        self, as_alice, alice, public, invite: Invite, name
    ):
        rename(alice, name)
        mail = mail_of(invite, as_alice, public)
        assert_headers_are_clean(mail)

    @pytest.mark.parametrize("name", INJECTIONS)
    def test_a_room_name_with_line_breaks_makes_no_header(
        self, as_alice, public, invite: Invite, name
    ):
        mail = mail_of(invite, as_alice, public, name=name)
        assert_headers_are_clean(mail)

    @pytest.mark.parametrize("name", ODD_NAMES)
    def test_an_odd_display_name_is_one_name_before_one_address(
        self, as_alice, alice, public, invite: Invite, name
    ):
        rename(alice, name)
        mail = mail_of(invite, as_alice, public, name=name)
        assert_headers_are_clean(mail)
        assert name in mail.subject

    def test_a_name_of_line_breaks_only_is_accepted(
        self, as_alice, alice, public, invite: Invite
    ):
        rename(alice, "\r\n")
        mail = mail_of(invite, as_alice, public, name="\r\n")
        assert_headers_are_clean(mail)

    def test_the_request_changes_nothing_about_the_names(
        self, as_alice, alice, public, invite: Invite
    ):
        rename(alice, INJECTIONS[0])
        before = rows(Room)
        mail_of(invite, as_alice, public)
        alice.refresh_from_db()
        assert alice.first_name == INJECTIONS[0]
        assert rows(Room) == before


def assert_headers_are_clean(mail: EmailMultiAlternatives) -> None:
    """Check that the mail has one sender and one recipient, and no injected header."""
    message = received(mail)
    assert mail.recipients() == [ADDRESS]
    assert message["Bcc"] is None
    assert message["Cc"] is None
    assert message.get_all("To") == [ADDRESS]
    (address,) = [found for _, found in getaddresses(message.get_all("From"))]
    assert address == SENDER
    assert len(mail.subject.splitlines()) == 1
