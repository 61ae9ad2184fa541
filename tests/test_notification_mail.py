"""The shipped receiver: mails about comments to users who are not connected."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as project_settings
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone, translation
from django.utils.translation import gettext

from talk import signals
from talk.adapters import DefaultAdapter
from talk.constants import NotificationLevel
from talk.domain.notifications import notifications_for
from talk.models import Message, Participant, Room
from talk.notification_mail import mail_notifications
from talk.notifications import Notification
from tests.api.callers import guest
from tests.api.helpers import put_in
from tests.api.invitations import BROKEN, links_in, parts_of, received
from tests.client import TalkClient
from tests.factories import UserFactory
from tests.mails import wait_for_mails
from tests.threads import at_once

BOB = "bob@example.org"
CAROL = "carol@example.org"
SITE = "https://example.com/intranet"


@contextmanager
def connected() -> Iterator[None]:
    """Connect the receiver, as at the start of a site with mails."""
    signals.notifications_due.connect(mail_notifications)
    try:
        yield
    finally:
        wait_for_mails()
        signals.notifications_due.disconnect(mail_notifications)


@pytest.fixture
def mailing(transactional_db: None) -> Iterator[None]:
    """A site that sends mails; the first fixture, so that everything is committed."""
    with connected():
        yield


@pytest.fixture
def shared(as_alice: TalkClient, bob: Any) -> str:
    """Alice's public room; Bob is in it, with an address and all notifications."""
    give_address(bob, BOB)
    token = as_alice.create_room(type=3, name="Plan")
    put_in(token, bob, notification_level=NotificationLevel.ALWAYS)
    return token


def give_address(user: Any, address: str) -> None:
    user.email = address
    user.save()


def say(client: TalkClient, token: str, text: str = "hi") -> list[str]:
    """Post a message and return the recipients of all mails so far."""
    client.say(token, text)
    return recipients()


def recipients() -> list[str]:
    """Return the recipients of all mails so far."""
    mails = wait_for_mails()
    assert all(len(mail.recipients()) == 1 for mail in mails)
    return [mail.recipients()[0] for mail in mails]


def the_mail(
    client: TalkClient, token: str, text: str = "hi"
) -> EmailMultiAlternatives:
    """Post a message and return the only mail about it."""
    client.say(token, text)
    (mail,) = wait_for_mails()
    return mail


def read(client: TalkClient, token: str) -> None:
    """Read all messages without joining."""
    assert client.poll(token, after=0).status == 200


@pytest.mark.usefixtures("mailing")
@pytest.mark.django_db(transaction=True)
class TestRecipients:
    """Recipients have an address, are not connected, and would be notified."""

    def test_a_message_is_mailed(self, as_alice, shared):
        assert say(as_alice, shared) == [BOB]

    def test_a_mention_is_mailed(self, as_alice, shared):
        Participant.objects.update(notification_level=NotificationLevel.MENTION)
        assert say(as_alice, shared, "hi") == []
        assert say(as_alice, shared, "hi @bob") == [BOB]

    def test_a_message_in_a_one_to_one_room_is_mailed(self, as_alice, bob):
        give_address(bob, BOB)
        token = as_alice.create_room(type=1, invite="bob")
        assert say(as_alice, token) == [BOB]

    @pytest.mark.parametrize("text", ["hi", "hi @bob"])
    def test_connected_users_get_no_mail(self, as_alice, as_bob, shared, text):
        as_bob.join(shared)
        assert say(as_alice, shared, text) == []

    def test_users_who_have_left_get_a_mail(self, as_alice, as_bob, shared):
        as_bob.join(shared)
        as_bob.leave(shared)
        assert say(as_alice, shared) == [BOB]

    @pytest.mark.parametrize("text", ["hi", "hi @bob"])
    def test_users_without_an_address_get_no_mail(self, as_alice, shared, bob, text):
        give_address(bob, "")
        assert say(as_alice, shared, text) == []

    def test_a_new_address_gets_the_next_mail(self, as_alice, shared, bob):
        give_address(bob, "")
        say(as_alice, shared)
        give_address(bob, BOB)
        assert say(as_alice, shared) == [BOB]

    @pytest.mark.parametrize("text", ["hi", "hi @bob"])
    def test_the_notification_level_never_means_no_mail(self, as_alice, shared, text):
        Participant.objects.update(notification_level=NotificationLevel.NEVER)
        assert say(as_alice, shared, text) == []

    def test_the_author_gets_no_mail(self, as_alice, alice, shared):
        give_address(alice, "alice@example.org")
        Participant.objects.update(notification_level=NotificationLevel.ALWAYS)
        assert say(as_alice, shared, "it was me, @alice") == [BOB]

    def test_non_participants_get_no_mail(self, as_alice, carol, shared):
        give_address(carol, CAROL)
        assert say(as_alice, shared, "what does @carol think?") == [BOB]

    def test_each_recipient_gets_a_separate_mail(self, as_alice, carol, shared):
        give_address(carol, CAROL)
        put_in(shared, carol)
        assert sorted(say(as_alice, shared, "hi @carol")) == [BOB, CAROL]

    def test_a_message_of_a_guest_is_mailed(self, shared):
        assert say(guest(shared), shared) == [BOB]

    def test_the_adapter_chooses_the_address(self, as_alice, shared, settings):
        settings.TALK = {"ADAPTER": f"{__name__}.AddressingAdapter"}
        assert say(as_alice, shared) == ["bob@elsewhere.example"]


class AddressingAdapter(DefaultAdapter):
    """An adapter that makes addresses from ids."""

    def email(self, user):
        return f"{user.get_username()}@elsewhere.example"


@pytest.mark.usefixtures("mailing")
@pytest.mark.django_db(transaction=True)
class TestOnce:
    """One mail for each room and recipient until they have read it."""

    def test_only_the_first_message_is_mailed(self, as_alice, shared):
        say(as_alice, shared)
        say(as_alice, shared, "anybody there?")
        assert say(as_alice, shared, "hello @bob!") == [BOB]

    def test_another_is_mailed_after_reading(self, as_alice, as_bob, shared):
        say(as_alice, shared)
        read(as_bob, shared)
        assert say(as_alice, shared) == [BOB, BOB]
        assert say(as_alice, shared) == [BOB, BOB]

    def test_another_is_mailed_after_answering(self, as_alice, as_bob, shared):
        say(as_alice, shared)
        as_bob.say(shared, "yes?")
        assert say(as_alice, shared) == [BOB, BOB]

    def test_reading_the_history_does_not_count(self, as_alice, as_bob, shared):
        say(as_alice, shared)
        as_bob.history(shared)
        as_bob.get("/room")
        assert say(as_alice, shared) == [BOB]

    def test_joining_and_leaving_does_not_count(self, as_alice, as_bob, shared):
        say(as_alice, shared)
        as_bob.join(shared)
        as_bob.leave(shared)
        assert say(as_alice, shared) == [BOB]

    def test_each_room_counts_separately(self, as_alice, bob, shared):
        other = as_alice.create_room()
        put_in(other, bob, notification_level=NotificationLevel.ALWAYS)
        say(as_alice, shared)
        assert say(as_alice, other) == [BOB, BOB]
        say(as_alice, shared)
        assert say(as_alice, other) == [BOB, BOB]

    def test_each_recipient_counts_separately(self, as_alice, as_carol, carol, shared):
        give_address(carol, CAROL)
        put_in(shared, carol, notification_level=NotificationLevel.ALWAYS)
        say(as_alice, shared)
        read(as_carol, shared)
        assert sorted(say(as_alice, shared)) == [BOB, CAROL, CAROL]

    def test_the_first_message_after_disconnecting_is_mailed(
        self, as_alice, as_bob, shared
    ):
        as_bob.join(shared)
        assert say(as_alice, shared) == []
        as_bob.leave(shared)
        assert say(as_alice, shared) == [BOB]

    def test_a_comment_that_was_read_meanwhile_is_not_mailed(
        self, as_alice, as_bob, shared
    ):
        notifications = due(as_alice, shared)
        wait_for_mails().clear()
        read(as_bob, shared)
        mail_notifications(notifications=notifications)
        assert recipients() == []


def due(client: TalkClient, token: str) -> list[Notification]:
    """Post a message and return its notifications."""
    number = client.say(token, "hi @bob")
    message = Message.objects.with_actors().with_rooms().get(pk=number)
    return notifications_for(message=message, now=timezone.now())


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    """Several messages at the same time."""

    def test_the_same_notification_twice_is_one_mail(self, as_alice, shared):
        notifications = due(as_alice, shared)
        mail = partial(mail_notifications, notifications=notifications)
        assert at_once(*[mail] * 8) == [None] * 8
        assert recipients() == [BOB]

    def test_several_messages_are_one_mail(self, as_alice, shared):
        mails = [
            partial(mail_notifications, notifications=due(as_alice, shared))
            for _ in range(8)
        ]
        assert at_once(*mails) == [None] * 8
        assert recipients() == [BOB]

    def test_several_posts_are_one_mail(self, alice, shared, mailing):
        clients = [TalkClient(alice) for _ in range(8)]
        at_once(*[partial(client.say, shared, "hi @bob") for client in clients])
        assert recipients() == [BOB]

    def test_with_a_reader_each_mail_is_about_a_new_comment(
        self, as_alice, as_bob, shared, mailing
    ):
        def write() -> None:
            for _ in range(10):
                as_alice.say(shared, "hi @bob")

        def poll() -> None:
            for _ in range(10):
                as_bob.poll(shared, after=0)

        at_once(write, poll)
        count = len(recipients())
        read(as_bob, shared)
        assert len(say(as_alice, shared)) == count + 1
        assert len(say(as_alice, shared)) == count + 1


@pytest.mark.usefixtures("mailing")
@pytest.mark.django_db(transaction=True)
class TestContent:
    """Subject, text and link."""

    def test_the_subject_names_author_and_room(self, as_alice, shared):
        mail = the_mail(as_alice, shared, "hi @bob")
        words = "Alice Adams mentioned you in the conversation Plan"
        assert received(mail)["Subject"] == words

    def test_the_texts_have_subject_and_message(self, as_alice, shared):
        mail = the_mail(as_alice, shared, "hi @bob, how are you?")
        for text in parts_of(mail).values():
            assert "Alice Adams mentioned you in the conversation Plan" in text
            assert "hi @Bob Brown, how are you?" in text

    def test_it_has_a_text_and_an_html_part(self, as_alice, shared):
        parts = parts_of(the_mail(as_alice, shared))
        assert list(parts) == ["text/plain", "text/html"]

    def test_it_comes_from_the_site(self, as_alice, shared, settings):
        settings.DEFAULT_FROM_EMAIL = "The site <talk@example.com>"
        mail = the_mail(as_alice, shared)
        assert received(mail)["From"] == "The site <talk@example.com>"

    def test_html_of_users_is_escaped(self, as_alice, shared):
        Room.objects.update(name="<i>Plan</i>")
        parts = parts_of(the_mail(as_alice, shared, "<b>hi</b> & bye"))
        assert "<b>hi</b> & bye" in parts["text/plain"]
        assert "&lt;b&gt;hi&lt;/b&gt; &amp; bye" in parts["text/html"]
        assert "<i>" not in parts["text/html"]
        assert "<b>" not in parts["text/html"]

    @pytest.mark.parametrize(
        "name", ["a\nBcc: eve@example.org", "a\r\n\r\nb", "a\u2028b"]
    )
    def test_line_breaks_in_names_start_no_header(self, as_alice, shared, name):
        Room.objects.update(name=name)
        mail = received(the_mail(as_alice, shared, "hi @bob"))
        assert mail["Bcc"] is None
        assert len(mail["Subject"].splitlines()) == 1
        assert mail["To"] == BOB

    def test_without_a_site_url_there_is_no_link(self, as_alice, shared):
        for text in parts_of(the_mail(as_alice, shared)).values():
            assert links_in(text) == set()
            assert "href" not in text
            assert shared not in text

    @pytest.mark.parametrize("site", [SITE, f"{SITE}/"])
    def test_with_a_site_url_the_link_leads_to_the_room(
        self, as_alice, shared, settings, site
    ):
        settings.TALK = {"SITE_URL": site}
        for text in parts_of(the_mail(as_alice, shared)).values():
            assert links_in(text) == {f"{SITE}/call/{shared}"}

    def test_the_adapter_chooses_the_link(self, as_alice, shared, settings):
        settings.TALK = {
            "SITE_URL": SITE,
            "ADAPTER": f"{__name__}.LinkingAdapter",
        }
        for text in parts_of(the_mail(as_alice, shared)).values():
            assert links_in(text) == {f"{SITE}#{shared}"}

    @pytest.mark.parametrize("language", ["de", "fr", "es"])
    def test_it_is_in_the_recipients_language(
        self, as_alice, shared, settings, language, bob
    ):
        adapter = f"{__name__}.SpeakingAdapter"
        settings.TALK = {"SITE_URL": SITE, "ADAPTER": adapter}
        bob.last_name = language
        bob.save()
        mail = the_mail(as_alice, shared, "hi @bob")
        with translation.override(language):
            subject = gettext("{user} mentioned you in the conversation {call}")
            link = gettext("Open this link to answer:")
            button = gettext("Answer")
        subject = subject.replace("{user}", "Alice Adams").replace("{call}", "Plan")
        assert mail.subject == subject
        assert not subject.startswith("Alice Adams mentioned")
        parts = parts_of(mail)
        assert link in parts["text/plain"]
        assert f">{button}</a>" in parts["text/html"]
        assert f'lang="{language}"' in parts["text/html"]
        assert (link, button) != ("Open this link to answer:", "Answer")


class LinkingAdapter(DefaultAdapter):
    """An adapter with one page for all rooms."""

    def room_url(self, token, site):
        return f"{site}#{token}"


class SpeakingAdapter(DefaultAdapter):
    """An adapter that takes the last name as the language."""

    def language(self, user):
        return user.last_name if user.get_username() == "bob" else ""


@pytest.mark.usefixtures("mailing")
@pytest.mark.django_db(transaction=True)
class TestTemplates:
    """A site may replace each template."""

    @pytest.fixture
    def folder(self, settings: Any, tmp_path: Path) -> Path:
        """The folder of the site's own templates."""
        templates = copy.deepcopy(project_settings.TEMPLATES)
        templates[0]["DIRS"] = [tmp_path]
        settings.TEMPLATES = templates
        folder = tmp_path / "talk" / "email"
        folder.mkdir(parents=True)
        return folder

    def test_the_subject(self, as_alice, shared, folder):
        template = folder / "notification_subject.txt"
        template.write_text("News:\n {{ notification.subject }}\n")
        mail = received(the_mail(as_alice, shared))
        words = "News: Alice Adams sent a message in the conversation Plan"
        assert mail["Subject"] == words

    @pytest.mark.parametrize(
        ("name", "type"),
        [("notification.txt", "text/plain"), ("notification.html", "text/html")],
    )
    def test_a_text(self, as_alice, shared, folder, settings, name, type):
        settings.TALK = {"SITE_URL": SITE}
        (folder / name).write_text(
            "{{ notification.address }}|{{ notification.text }}|"
            "{{ notification.url }}|{{ notification.language }}"
        )
        parts = parts_of(the_mail(as_alice, shared, "hello"))
        words = f"{BOB}|hello|{SITE}/call/{shared}|en"
        assert parts.pop(type).strip() == words
        (other,) = parts.values()
        assert "hello" in other
        assert words not in other


@contextmanager
def started() -> Iterator[None]:
    """Start the app once more; disconnect the receiver afterwards."""
    try:
        apps.get_app_config("talk").ready()
        yield
    finally:
        signals.notifications_due.disconnect(
            mail_notifications, dispatch_uid="talk.mail_notifications"
        )


@pytest.mark.django_db(transaction=True)
class TestSwitch:
    """The setting, which is read when the site starts."""

    def test_nothing_is_sent_by_default(self, as_alice, shared):
        assert say(as_alice, shared, "hi @bob") == []

    def test_the_setting_alone_does_nothing_after_the_start(
        self, as_alice, shared, settings
    ):
        settings.TALK = {"NOTIFICATION_EMAILS": True}
        assert say(as_alice, shared, "hi @bob") == []

    @pytest.mark.parametrize(
        ("talk", "is_on"),
        [
            ({}, False),
            ({"NOTIFICATION_EMAILS": False}, False),
            ({"NOTIFICATION_EMAILS": True}, True),
            (None, False),
        ],
    )
    def test_the_start_of_the_app_connects_it(
        self, as_alice, shared, settings, talk, is_on
    ):
        settings.TALK = talk
        with started():
            settings.TALK = {}
            assert say(as_alice, shared, "hi @bob") == ([BOB] if is_on else [])

    def test_two_starts_send_one_mail(self, as_alice, shared, settings):
        settings.TALK = {"NOTIFICATION_EMAILS": True}
        with started(), started():
            assert say(as_alice, shared, "hi @bob") == [BOB]


@pytest.mark.usefixtures("mailing")
@pytest.mark.django_db(transaction=True)
def test_an_unreachable_mail_server_fails_no_request(
    as_alice, shared, settings, caplog
):
    settings.EMAIL_BACKEND = BROKEN
    settings.TALK = {"OUTGOING_TRIES": 1}
    caplog.set_level(logging.ERROR, logger="talk.outgoing")
    assert say(as_alice, shared, "hi @bob") == []
    assert "the mail server is gone" in caplog.text
    assert as_alice.history(shared, limit=1).status == 200


@pytest.mark.usefixtures("mailing")
@pytest.mark.django_db(transaction=True)
def test_a_refused_address_does_not_stop_other_mails(
    as_alice, shared, bob, carol, caplog, settings
):
    settings.TALK = {"OUTGOING_TRIES": 1}
    caplog.set_level(logging.CRITICAL, logger="talk.outgoing")
    give_address(bob, "bob@example.org\nBcc: eve@example.org")
    give_address(carol, CAROL)
    put_in(shared, carol)
    put_in(shared, UserFactory(email="dora@example.org", username="dora"))
    assert sorted(say(as_alice, shared, "@bob @carol @dora")) == [
        CAROL,
        "dora@example.org",
    ]
