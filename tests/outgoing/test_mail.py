"""Mails: headers, templates and languages."""

from __future__ import annotations

import copy
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project_settings
from django.core.mail import EmailMultiAlternatives
from django.utils import translation

from talk.outgoing import queue as queue_module
from talk.outgoing.mail import Invitation, one_line, send_invitation, sender
from tests.api.invitations import BROKEN, parts_of, received
from tests.mails import wait_for_mails

ADDRESS = "gwen@example.org"
URL = "https://example.com/call/abcdefgh"

LINE_BREAKS = ["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029"]


def invitation(**changes: Any) -> Invitation:
    """Return an invitation by Alice."""
    values = {
        "address": ADDRESS,
        "inviter": "Alice Adams",
        "room_name": "Plan",
        "url": URL,
        "language": "en",
    }
    return Invitation(**{**values, **changes})


def mail_of(**changes: Any) -> EmailMultiAlternatives:
    """Send an invitation and return the mail."""
    send_invitation(invitation(**changes))
    (mail,) = wait_for_mails()
    return mail


@pytest.fixture
def site_templates(settings: Any, tmp_path: Path) -> Path:
    """The folder of the site's own templates."""
    templates = copy.deepcopy(project_settings.TEMPLATES)
    templates[0]["DIRS"] = [tmp_path]
    settings.TEMPLATES = templates
    folder = tmp_path / "talk" / "email"
    folder.mkdir(parents=True)
    return folder


class TestOneLine:
    """Texts in headers."""

    @pytest.mark.parametrize("text", ["", "Alice", "Zoë Müller 🎉", "a, b <c>", "%s"])
    def test_a_line_stays_the_same(self, text):
        assert one_line(text) == text

    @pytest.mark.parametrize("lines", LINE_BREAKS)
    def test_a_line_break_becomes_a_space(self, lines):
        assert one_line(f"a{lines}b") == "a b"

    @pytest.mark.parametrize("lines", LINE_BREAKS)
    def test_line_breaks_at_the_ends_are_removed(self, lines):
        assert one_line(f"{lines}a{lines}") == "a"

    @pytest.mark.parametrize("char", ["\0", "\x07", "\x1b", "\x7f", "\x9b", "\ud800"])
    def test_other_control_characters_become_a_space(self, char):
        assert one_line(f"a{char}b") == "a b"

    @pytest.mark.parametrize("char", ["\u202e", "\u2066", "\ufeff"])
    def test_characters_that_reverse_text_are_removed(self, char):
        assert char not in one_line(f"a{char}b")

    def test_runs_of_spaces_become_one(self):
        assert one_line("  a \t\n  b  ") == "a b"

    def test_a_text_of_line_breaks_becomes_empty(self):
        assert one_line("\r\n\r\n") == ""


class TestFrom:
    """The site's address with a display name."""

    @pytest.mark.parametrize(
        "default", ["talk@example.com", "The site <talk@example.com>"]
    )
    def test_it_is_the_sites_address(self, settings, default):
        settings.DEFAULT_FROM_EMAIL = default
        assert parseaddr(sender("Alice")) == ("Alice", "talk@example.com")

    def test_without_a_name_it_is_the_address_alone(self, settings):
        settings.DEFAULT_FROM_EMAIL = "The site <talk@example.com>"
        assert sender("") == "talk@example.com"

    @pytest.mark.parametrize(
        "name",
        [
            "Adams, Alice",
            'Alice "Ace" Adams',
            "Alice <eve@example.org>",
            "eve@example.org",
            "Alice (work)",
            "a\\b",
            "Zoë Müller",
            "久美子 🎉",
        ],
    )
    def test_no_name_changes_the_address(self, settings, name):
        settings.DEFAULT_FROM_EMAIL = "talk@example.com"
        header = received(mail_of(inviter=name))["From"]
        (address,) = header.addresses
        assert (address.display_name, address.addr_spec) == (name, "talk@example.com")

    @pytest.mark.parametrize("lines", LINE_BREAKS)
    def test_a_line_break_in_a_name_begins_no_header(self, settings, lines):
        settings.DEFAULT_FROM_EMAIL = "talk@example.com"
        mail = received(mail_of(inviter=f"Eve{lines}Bcc: eve@example.org"))
        assert "Bcc" not in mail
        (address,) = mail["From"].addresses
        assert address.display_name == "Eve Bcc: eve@example.org"

    @pytest.mark.parametrize("lines", LINE_BREAKS)
    def test_a_line_break_in_a_rooms_name_begins_no_header(self, lines):
        mail = received(mail_of(room_name=f"Plan{lines}Bcc: eve@example.org"))
        assert "Bcc" not in mail
        assert "Plan Bcc: eve@example.org" in mail["Subject"]


class TestText:
    """The texts of our own templates."""

    def test_the_subject_names_inviter_and_room(self):
        subject = mail_of().subject
        assert subject == "Alice Adams invited you to the conversation “Plan”"

    def test_a_room_without_a_name_is_a_conversation(self):
        subject = mail_of(room_name="").subject
        assert subject == "Alice Adams invited you to a conversation"

    @pytest.mark.parametrize("type", ["text/plain", "text/html"])
    def test_both_parts_have_the_link(self, type):
        assert URL in parts_of(mail_of())[type]

    @pytest.mark.parametrize("field", ["inviter", "room_name"])
    def test_html_in_names_is_escaped_in_both_parts(self, field):
        mail = mail_of(**{field: "<b>a & b</b>"})
        parts = parts_of(mail)
        assert "<b>a & b</b>" in parts["text/plain"]
        assert "<b>" not in parts["text/html"]
        assert "&lt;b&gt;a &amp; b&lt;/b&gt;" in parts["text/html"]
        assert "<b>a & b</b>" in mail.subject

    @pytest.mark.parametrize("field", ["inviter", "room_name"])
    def test_template_syntax_in_names_is_text(self, field):
        odd = "{{ invitation.url }} {% now 'Y' %} %(room)s"
        mail = mail_of(**{field: odd})
        assert odd in mail.subject
        assert odd in parts_of(mail)["text/plain"]

    def test_a_link_cannot_leave_its_attribute(self):
        html = parts_of(mail_of(url='https://example.com/"><script>'))["text/html"]
        assert "<script>" not in html


class TestLanguage:
    """Mails are in the language of the inviter."""

    @pytest.fixture
    def bilingual(self, site_templates: Path) -> None:
        """Templates with texts that Django translates."""
        text = "{% load i18n %}{% translate 'Home' %}"
        for name in ("invitation_subject.txt", "invitation.txt", "invitation.html"):
            (site_templates / name).write_text(text)

    @pytest.mark.parametrize(
        ("language", "word"), [("en", "Home"), ("de", "Start"), ("fr", "Accueil")]
    )
    def test_it_is_the_language_of_the_invitation(self, bilingual, language, word):
        mail = mail_of(language=language)
        assert mail.subject == word
        assert all(text.strip() == word for text in parts_of(mail).values())

    def test_it_is_not_the_active_language(self, bilingual):
        with translation.override("fr"):
            mail = mail_of(language="de")
        assert mail.subject == "Start"

    def test_the_next_mail_has_its_own_language(self, bilingual):
        for language in ("de", "fr", "en"):
            send_invitation(invitation(language=language))
        words = sorted(mail.subject for mail in wait_for_mails())
        assert words == ["Accueil", "Home", "Start"]

    @pytest.mark.parametrize(
        ("language", "direction"), [("en", "ltr"), ("de", "ltr"), ("he", "rtl")]
    )
    def test_html_declares_language_and_direction(self, language, direction):
        html = parts_of(mail_of(language=language))["text/html"]
        assert f'<html lang="{language}" dir="{direction}">' in html


class TestSiteTemplates:
    """A site's own templates."""

    def test_each_template_may_be_replaced(self, site_templates):
        words = "{{ invitation.inviter }}/{{ invitation.room_name }}"
        link = "{{ invitation.url }}/{{ invitation.address }}"
        (site_templates / "invitation_subject.txt").write_text(f"{words}\n")
        (site_templates / "invitation.txt").write_text(f"text {link}")
        (site_templates / "invitation.html").write_text(f"<p>{link}</p>")
        mail = mail_of()
        parts = parts_of(mail)
        assert mail.subject == "Alice Adams/Plan"
        assert parts["text/plain"].strip() == f"text {URL}/{ADDRESS}"
        assert parts["text/html"].strip() == f"<p>{URL}/{ADDRESS}</p>"

    def test_the_other_templates_stay_ours(self, site_templates):
        (site_templates / "invitation.html").write_text("<p>Come in</p>")
        mail = mail_of()
        assert mail.subject.startswith("Alice Adams invited you")
        assert parts_of(mail)["text/html"].strip() == "<p>Come in</p>"

    def test_a_broken_template_is_logged_and_nothing_is_sent(
        self, site_templates, monkeypatch, caplog
    ):
        monkeypatch.setattr(queue_module, "PAUSES", (0.0,))
        (site_templates / "invitation.txt").write_text("{% nonsense %}")
        send_invitation(invitation())
        assert wait_for_mails() == []
        assert "Could not send the invitation of 'gwen@example.org'" in caplog.text


def test_an_unreachable_mail_server_is_logged_after_three_attempts(
    settings, monkeypatch, caplog
):
    monkeypatch.setattr(queue_module, "PAUSES", (0.0,))
    settings.EMAIL_BACKEND = BROKEN
    send_invitation(invitation())
    assert wait_for_mails() == []
    levels = [
        record.levelname for record in caplog.records if record.name == "talk.outgoing"
    ]
    assert levels == ["WARNING", "WARNING", "ERROR"]


def test_an_address_with_line_breaks_is_not_logged_as_several_lines(
    settings, monkeypatch, caplog
):
    monkeypatch.setattr(queue_module, "PAUSES", (0.0,))
    settings.EMAIL_BACKEND = BROKEN
    send_invitation(invitation(address="a\nb@example.org"))
    wait_for_mails()
    found = [record for record in caplog.records if record.name == "talk.outgoing"]
    assert found
    assert all("\n" not in record.getMessage() for record in found)
