"""Notifications: subject and text, plain and rich, in the recipient's language."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from django.utils.translation import gettext

from talk.adapters import DefaultAdapter
from talk.constants import ActorType, RoomType
from talk.models import Guest, Message, Names, Participant, Room
from talk.notifications import Notification, NotificationKind
from talk.rendering.notifications import RenderedNotification, render_notification

ALICE = User(pk=1, username="alice", first_name="Alice", last_name="Adams")
BOB = User(pk=2, username="bob", first_name="Bob", last_name="Brown")
GWEN = Guest(pk=3, actor_id="a" * 40, display_name="Gwen")

ROOMS = {
    "one-to-one": Room(pk=17, token="abcdefgh", type=RoomType.ONE_TO_ONE),
    "named group": Room(pk=17, token="abcdefgh", type=RoomType.GROUP, name="Plan"),
    "named public": Room(pk=17, token="abcdefgh", type=RoomType.PUBLIC, name="Plan"),
    "group": Room(pk=17, token="abcdefgh", type=RoomType.GROUP),
    "public": Room(pk=17, token="abcdefgh", type=RoomType.PUBLIC),
}

AUTHORS: dict[str, dict[str, Any]] = {
    "user": {"actor_type": ActorType.USERS, "actor_user": ALICE},
    "deleted": {"actor_type": ActorType.USERS},
    "guest": {"actor_type": ActorType.GUESTS, "actor_guest": GWEN},
    "unknown guest": {"actor_type": ActorType.GUESTS},
}

CALL_TYPES = {
    RoomType.ONE_TO_ONE: "one2one",
    RoomType.GROUP: "group",
    RoomType.PUBLIC: "public",
}

CASES = list(product(NotificationKind, ROOMS, AUTHORS))

SUBJECTS = {
    ("mention", "one-to-one"): "{} mentioned you in a private conversation",
    ("mention", "named"): "{} mentioned you in the conversation {{call}}",
    ("mention", "unnamed"): "{} mentioned you in a conversation",
    ("chat", "one-to-one"): "{} sent you a private message",
    ("chat", "named"): "{} sent a message in the conversation {{call}}",
    ("chat", "unnamed"): "{} sent a message in a conversation",
}

AUTHOR_TEXTS = {
    "user": "{user}",
    "deleted": "A deleted user",
    "guest": "A guest",
    "unknown guest": "A guest",
}


def notification(
    text: str = "hi",
    *,
    kind: str = "mention",
    room: str = "named group",
    author: str = "user",
    users: dict[str, str] | None = None,
    recipient: User = BOB,
) -> Notification:
    """Return a notification of a message that is not saved."""
    message = Message(
        pk=7,
        room=ROOMS[room],
        text=text,
        created_at=datetime(2025, 1, 1, tzinfo=UTC),
        **AUTHORS[author],
    )
    return Notification(
        kind=NotificationKind(kind),
        room=ROOMS[room],
        message=message,
        names=Names(users=users or {}),
        recipient=recipient,
        participant=Participant(room=ROOMS[room], user=recipient),
        is_connected=False,
    )


def kind_of(room: str) -> str:
    if room == "one-to-one":
        return room
    return "named" if room.startswith("named") else "unnamed"


@pytest.mark.parametrize(("kind", "room", "author"), CASES)
class TestSubject:
    """The subject depends on kind, author and room."""

    def render(self, kind: str, room: str, author: str) -> RenderedNotification:
        return render_notification(notification(kind=kind, room=room, author=author))

    def test_it_depends_on_kind_room_and_author(self, kind, room, author):
        rendered = self.render(kind, room, author)
        words = SUBJECTS[str(kind), kind_of(room)].format(AUTHOR_TEXTS[author])
        assert rendered.rich_subject == words

    def test_the_plain_subject_has_names(self, kind, room, author):
        rendered = self.render(kind, room, author)
        words = SUBJECTS[str(kind), kind_of(room)].format(AUTHOR_TEXTS[author])
        words = words.replace("{user}", "Alice Adams").replace("{call}", "Plan")
        assert rendered.subject == words

    def test_the_room_is_always_a_parameter(self, kind, room, author):
        rendered = self.render(kind, room, author)
        assert rendered.subject_parameters["call"] == {
            "type": "call",
            "id": "17",
            "name": ROOMS[room].name or "a conversation",
            "call-type": CALL_TYPES[ROOMS[room].type],
        }

    def test_the_author_is_a_parameter_only_as_an_existing_user(
        self, kind, room, author
    ):
        parameters = self.render(kind, room, author).subject_parameters
        user = {"type": "user", "id": "alice", "name": "Alice Adams"}
        assert parameters.get("user") == (user if author == "user" else None)
        assert set(parameters) == {"call"} | ({"user"} if author == "user" else set())

    def test_the_name_of_a_guest_is_not_shown(self, kind, room, author):
        rendered = self.render(kind, room, author)
        assert "Gwen" not in rendered.subject + str(rendered.subject_parameters)


def test_all_subjects_differ():
    subjects = {
        render_notification(
            notification(kind=kind, room=room, author=author)
        ).rich_subject
        for kind, room, author in product(
            NotificationKind,
            ["one-to-one", "named group", "group"],
            ["user", "deleted", "guest"],
        )
    }
    assert len(subjects) == 18


class TestText:
    """The text is the whole message, with names."""

    def test_users_are_named_with_an_at_sign(self):
        users = {"bob": "Bob Brown", "alice": "Alice Adams"}
        rendered = render_notification(
            notification('hi @bob, @"alice" and @bob!', users=users)
        )
        assert rendered.text == "hi @Bob Brown, @Alice Adams and @Bob Brown!"

    def test_the_rich_text_has_placeholders_and_parameters(self):
        rendered = render_notification(
            notification("hi @bob and @ghost", users={"bob": "Bob Brown"})
        )
        assert rendered.rich_text == "hi {mention-user1} and @ghost"
        assert rendered.text_parameters == {
            "mention-user1": {"type": "user", "id": "bob", "name": "Bob Brown"}
        }

    def test_a_mention_of_an_unknown_user_stays_as_typed(self):
        rendered = render_notification(notification("hi @ghost"))
        assert rendered.text == rendered.rich_text == "hi @ghost"
        assert rendered.text_parameters == {}

    @pytest.mark.parametrize("kind", NotificationKind)
    @pytest.mark.parametrize(
        "text",
        [
            "hi",
            "x" * 1000,
            "one\r\ntwo\n\n three",
            "{call} {user} {actor} {mention-user1} {}",
            "%s %(name)s %",
            "<b>bold</b> &amp;",
            "\u202eשלום\u202c 😀",
        ],
    )
    def test_a_text_without_mentions_is_unchanged(self, kind, text):
        rendered = render_notification(notification(text, kind=kind))
        assert rendered.text == rendered.rich_text == text

    def test_a_user_name_like_a_placeholder_is_not_replaced(self):
        users = {"bob": "{mention-user2}", "zoe": "Zoe"}
        rendered = render_notification(notification("@bob @zoe", users=users))
        assert rendered.text == "@{mention-user2} @Zoe"

    def test_a_room_name_like_a_placeholder_is_not_replaced(self, monkeypatch):
        room = Room(pk=17, token="abcdefgh", type=RoomType.GROUP, name="{user} %s")
        monkeypatch.setitem(ROOMS, "named group", room)
        rendered = render_notification(notification())
        words = "Alice Adams mentioned you in the conversation {user} %s"
        assert rendered.subject == words

    def test_the_text_of_a_guest_is_shown_too(self):
        rendered = render_notification(
            notification("hi @bob", author="guest", users={"bob": "Bob Brown"})
        )
        assert rendered.text == "hi @Bob Brown"


class LanguageAdapter(DefaultAdapter):
    """An adapter that takes a user's language from the end of the first name."""

    def language(self, user):
        return user.first_name.partition("-")[2]


def reader(language: str) -> User:
    return User(pk=9, username="bob", first_name=f"Bob-{language}")


def translated(language: str, text: str) -> str:
    with translation.override(language):
        return gettext(text)


SUBJECT = "{user} mentioned you in the conversation {call}"


class TestLanguage:
    """The language is that of the recipient, else that of the site."""

    @pytest.fixture(autouse=True)
    def adapter(self, settings: Any) -> None:
        settings.TALK = {"ADAPTER": f"{__name__}.LanguageAdapter"}

    def render(self, language: str, **fields: Any) -> RenderedNotification:
        return render_notification(notification(recipient=reader(language), **fields))

    @pytest.mark.parametrize("language", ["de", "fr", "es"])
    @pytest.mark.parametrize(("kind", "room", "author"), CASES)
    def test_every_subject_is_in_the_recipients_language(
        self, language, kind, room, author
    ):
        words = SUBJECTS[str(kind), kind_of(room)].format(AUTHOR_TEXTS[author])
        rendered = self.render(language, kind=kind, room=room, author=author)
        assert rendered.rich_subject == translated(language, words)
        assert rendered.rich_subject != words
        assert rendered.language == language

    @pytest.mark.parametrize("language", ["de", "fr", "es"])
    def test_the_name_of_an_unnamed_room_is_translated(self, language):
        rendered = self.render(language, room="group")
        name = rendered.subject_parameters["call"]["name"]
        assert name == translated(language, "a conversation")
        assert name != "a conversation"

    def test_the_default_is_the_language_of_the_site(self, settings):
        settings.LANGUAGE_CODE = "de"
        rendered = self.render("")
        assert rendered.rich_subject == translated("de", SUBJECT) != SUBJECT
        assert rendered.language == "de"

    def test_the_active_language_does_not_matter(self):
        with translation.override("fr"):
            assert self.render("de").rich_subject == translated("de", SUBJECT)
            assert self.render("").rich_subject == SUBJECT

    @pytest.mark.parametrize("active", ["en", "fr"])
    def test_the_active_language_stays_active(self, active):
        with translation.override(active):
            self.render("de")
            assert translation.get_language() == active

    def test_an_untranslated_language_falls_back_to_english(self):
        assert self.render("tlh").rich_subject == SUBJECT

    def test_messages_are_not_translated(self):
        rendered = self.render("de", author="guest")
        assert rendered.text == "hi"


@pytest.mark.django_db
def test_rendering_runs_no_query():
    with CaptureQueriesContext(connection) as captured:
        for kind, room, author in CASES:
            render_notification(
                notification("@bob", kind=kind, room=room, author=author)
            )
    assert len(captured) == 0
