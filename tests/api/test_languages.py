"""Languages of responses: that of the reader, not that of the actor."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import pytest_asyncio
from django.conf import settings as project_settings
from django.utils import translation
from django.utils.translation import gettext, ngettext

from talk.adapters import DefaultAdapter
from talk.constants import ParticipantType
from talk.realtime.hub import current_hub, stop_hub
from tests.api.helpers import put_guest_in, put_in
from tests.api.moderation import join_as_guest, newest
from tests.api.waits import while_waiting
from tests.client import TalkClient
from tests.factories import UserFactory
from tests.realtime.test_consumers import NEVER, open_poll, waiting
from tests.servers import session_cookie

LANGUAGES = ["de", "fr", "es"]

LOCALE_MIDDLEWARE = "django.middleware.locale.LocaleMiddleware"

CREATED = "{actor} created the conversation"
YOU_CREATED = "You created the conversation"

TIMELINE = [
    (YOU_CREATED, CREATED),
    (
        'You renamed the conversation from "%(oldName)s" to "%(newName)s"',
        '{actor} renamed the conversation from "%(oldName)s" to "%(newName)s"',
    ),
    (
        "You disallowed guests in the conversation",
        "{actor} disallowed guests in the conversation",
    ),
    (
        "You allowed guests in the conversation",
        "{actor} allowed guests in the conversation",
    ),
    (
        "You set a password for the conversation",
        "{actor} set a password for the conversation",
    ),
    (
        "You removed the password for the conversation",
        "{actor} removed the password for the conversation",
    ),
    (
        "You added {user} to the conversation",
        "{actor} added {user} to the conversation",
    ),
    ("You promoted {user} to moderator", "{actor} promoted {user} to moderator"),
    ("You demoted {user} from moderator", "{actor} demoted {user} from moderator"),
    (
        "You removed {user} from the conversation",
        "{actor} removed {user} from the conversation",
    ),
    ("You promoted {user} to moderator", "{actor} promoted {user} to moderator"),
    ("You demoted {user} from moderator", "{actor} demoted {user} from moderator"),
]
"""System messages of the room `eventful`, for Alice as the actor and for others."""

NAMES = {"oldName": "Room", "newName": "New name"}


class SpeakingAdapter(DefaultAdapter):
    """An adapter with which Alice reads German and Bob French."""

    def language(self, user):
        return {"alice": "de", "bob": "fr"}.get(user.get_username(), "")


class OddAdapter(DefaultAdapter):
    """A site on which Alice reads Klingon and Bob Austrian German.

    Carol's language is one that nothing else asks for: Django remembers what stands in
    for an unknown one.
    """

    def language(self, user):
        languages = {"alice": "tlh", "bob": "de-at", "carol": "qaa"}
        return languages.get(user.get_username(), "")


SPEAKING = {"ADAPTER": f"{__name__}.SpeakingAdapter"}
ODD = {"ADAPTER": f"{__name__}.OddAdapter"}


@pytest.fixture(autouse=True)
def language() -> Iterator[None]:
    """Restore the thread's language, which Django's middleware does not."""
    with translation.override(translation.get_language()):
        yield


@pytest.fixture(params=[True, False], ids=["LocaleMiddleware", "without"])
def middleware(request: pytest.FixtureRequest, settings: Any) -> None:
    """A site with `LocaleMiddleware`, and one without."""
    settings.MIDDLEWARE = [
        path
        for path in project_settings.MIDDLEWARE
        if request.param or path != LOCALE_MIDDLEWARE
    ]


def words(language: str, text: str) -> str:
    """Return the translation of a text, which must differ from the English one."""
    with translation.override(language):
        translated = gettext(text)
    assert (translated == text) == (language == "en")
    return translated


def counted(language: str, one: str, many: str, count: int) -> str:
    """Return the translation of a plural, which must differ from the English one."""
    with translation.override(language):
        translated = ngettext(one, many, count)
    assert translated not in (one, many)
    return translated % {"count": count}


def reading(client: TalkClient, language: str) -> TalkClient:
    """Let a browser request a language."""
    client.headers["Accept-Language"] = language
    return client


def told(client: TalkClient, token: str) -> list[str]:
    """Return the texts of all messages, oldest first."""
    return [message["message"] for message in reversed(client.history(token).data)]


@pytest.fixture
def eventful(as_alice: TalkClient, public: str, bob: Any) -> str:
    """Alice's room with the messages of `TIMELINE`; Bob was added before."""
    put_in(public, bob)
    dora = UserFactory(username="dora").username
    as_alice.put(f"/room/{public}", roomName="New name")
    as_alice.delete(f"/room/{public}/public")
    as_alice.post(f"/room/{public}/public")
    as_alice.put(f"/room/{public}/password", password="secret")
    as_alice.put(f"/room/{public}/password", password="")
    as_alice.post(f"/room/{public}/participants", newParticipant=dora)
    as_alice.post(f"/room/{public}/moderators", participant=dora)
    as_alice.delete(f"/room/{public}/moderators", participant=dora)
    as_alice.delete(f"/room/{public}/participants", participant=dora)
    _, session_id = join_as_guest(public)
    as_alice.post(f"/room/{public}/moderators", sessionId=session_id)
    as_alice.delete(f"/room/{public}/moderators", sessionId=session_id)
    return public


@pytest.mark.django_db
@pytest.mark.usefixtures("middleware")
@pytest.mark.parametrize("language", LANGUAGES)
class TestAcceptLanguage:
    """The requested language, with and without Django's middleware."""

    def test_system_messages_of_the_readers_own_actions(
        self, alice, eventful, language
    ):
        client = reading(TalkClient(alice), language)
        expected = [words(language, own) for own, _ in TIMELINE]
        expected[1] %= NAMES
        assert told(client, eventful) == expected

    def test_system_messages_of_others(self, bob, eventful, language):
        client = reading(TalkClient(bob), language)
        expected = [words(language, text) for _, text in TIMELINE]
        expected[1] %= NAMES
        assert told(client, eventful) == expected

    def test_system_messages_for_guests(self, eventful, language):
        client = reading(TalkClient(), language)
        client.join(eventful)
        expected = [words(language, text) for _, text in TIMELINE]
        expected[1] %= NAMES
        assert told(client, eventful) == expected

    def test_system_messages_that_affect_the_reader(
        self, alice, carol, public, language
    ):
        as_alice, as_carol = TalkClient(alice), reading(TalkClient(carol), language)
        as_alice.post(f"/room/{public}/participants", newParticipant="carol")
        as_alice.post(f"/room/{public}/moderators", participant="carol")
        as_alice.delete(f"/room/{public}/moderators", participant="carol")
        assert told(as_carol, public)[1:] == [
            words(language, "{actor} added you to the conversation"),
            words(language, "{actor} promoted you to moderator"),
            words(language, "{actor} demoted you from moderator"),
        ]

    def test_system_messages_that_affect_a_guest(self, alice, public, language):
        client = reading(TalkClient(), language)
        session_id = client.join(public)
        TalkClient(alice).post(f"/room/{public}/moderators", sessionId=session_id)
        expected = words(language, "{actor} promoted you to moderator")
        assert newest(client, public)["message"] == expected

    def test_system_messages_about_leaving(self, alice, bob, public, language):
        put_in(public, bob)
        TalkClient(bob).delete(f"/room/{public}/participants/self")
        client = reading(TalkClient(alice), language)
        expected = words(language, "{actor} left the conversation")
        assert newest(client, public)["message"] == expected

    @pytest.mark.parametrize("name", ["", "Gwen"])
    def test_names_of_guests(self, alice, public, language, name):
        guest, session_id = join_as_guest(public)
        guest.post(f"/guest/{public}/name", displayName=name)
        client = reading(TalkClient(alice), language)
        client.post(f"/room/{public}/moderators", sessionId=session_id)
        user = newest(client, public)["messageParameters"]["user"]
        expected = words(language, "%(name)s (guest)") % {"name": name}
        assert user["name"] == (expected if name else words(language, "Guest"))

    def test_comments_are_not_translated(self, alice, public, language):
        client = reading(TalkClient(alice), language)
        client.say(public, YOU_CREATED)
        assert told(client, public)[-1] == YOU_CREATED

    def test_the_last_message_of_a_room(self, alice, public, language):
        client = reading(TalkClient(alice), language)
        expected = words(language, YOU_CREATED)
        assert client.room(public)["lastMessage"]["message"] == expected
        (room,) = client.get("/room").data
        assert room["lastMessage"]["message"] == expected

    def test_the_name_of_a_room_without_others_is_you(self, alice, language):
        client = reading(TalkClient(alice), language)
        token = client.create_room(name="")
        assert client.room(token)["displayName"] == words(language, "You")
        answer = client.post("/room", roomType=3, roomName="")
        assert answer.data["displayName"] == words(language, "You")

    @pytest.mark.parametrize("count", [1, 2])
    def test_the_guests_of_a_room(self, alice, public, language, count):
        for _ in range(count):
            put_guest_in(public)
        client = reading(TalkClient(alice), language)
        expected = counted(language, "%(count)d guest", "%(count)d guests", count)
        assert client.room(public)["guestList"] == expected

    @pytest.mark.parametrize("count", [1, 2])
    def test_the_other_guests_of_a_room(self, public, language, count):
        for _ in range(count):
            put_guest_in(public)
        client = reading(TalkClient(), language)
        client.join(public)
        forms = ("%(count)d other guest", "%(count)d other guests")
        expected = counted(language, *forms, count)
        assert client.room(public)["guestList"] == expected

    def test_the_response_to_a_poll(self, alice, public, language):
        client = reading(TalkClient(alice), language)
        answer = client.poll(public, after=0)
        assert answer.data[0]["message"] == words(language, YOU_CREATED)

    def test_the_language_cookie_counts_too(self, alice, public, language):
        client = TalkClient(alice)
        client.http.cookies[project_settings.LANGUAGE_COOKIE_NAME] = language
        assert told(client, public) == [words(language, YOU_CREATED)]


@pytest.mark.django_db
@pytest.mark.usefixtures("middleware")
class TestUserLanguage:
    """The adapter's language of a user takes precedence."""

    @pytest.fixture(autouse=True)
    def adapter(self, settings: Any) -> None:
        settings.TALK = SPEAKING

    @pytest.mark.parametrize("asked", ["", "en", "es", "tlh"])
    def test_users_read_their_own_language(self, alice, bob, shared, asked):
        as_alice = reading(TalkClient(alice), asked)
        as_bob = reading(TalkClient(bob), asked)
        assert told(as_alice, shared) == [words("de", YOU_CREATED)]
        assert told(as_bob, shared) == [words("fr", CREATED)]

    def test_users_without_a_language_get_the_requested_one(self, carol, public):
        client = TalkClient(carol)
        client.join(public)
        assert told(client, public) == [CREATED]
        assert told(reading(client, "es"), public) == [words("es", CREATED)]

    def test_guests_get_the_requested_language(self, public):
        client = TalkClient()
        client.join(public)
        assert told(client, public) == [CREATED]
        assert told(reading(client, "de"), public) == [words("de", CREATED)]

    def test_names_of_rooms_are_in_it(self, alice):
        client = TalkClient(alice)
        token = client.create_room(name="")
        assert client.room(token)["displayName"] == words("de", "You")

    def test_responses_to_polls_are_in_it(self, alice, bob, shared):
        for user, text in (
            (alice, words("de", YOU_CREATED)),
            (bob, words("fr", CREATED)),
        ):
            answer = TalkClient(user).poll(shared, after=0)
            assert answer.data[0]["message"] == text

    def test_it_applies_to_basic_authentication(self, bob, shared):
        client = TalkClient(bob, basic="correct horse")
        assert told(client, shared) == [words("fr", CREATED)]


@pytest.mark.django_db
@pytest.mark.usefixtures("middleware")
class TestFallback:
    """Languages without a translation."""

    @pytest.mark.parametrize("asked", ["", "tlh", "*", "xx-yy", "de_AT;;;", "x" * 2000])
    def test_an_unknown_language_is_english(self, alice, public, asked):
        assert told(reading(TalkClient(alice), asked), public) == [YOU_CREATED]

    @pytest.mark.parametrize("asked", ["", "tlh"])
    def test_an_unknown_language_is_that_of_the_site(
        self, alice, public, asked, settings
    ):
        settings.LANGUAGE_CODE = "fr"
        client = reading(TalkClient(alice), asked)
        assert told(client, public) == [words("fr", YOU_CREATED)]

    @pytest.mark.parametrize(
        "asked", ["tlh, de;q=0.5", "de-AT", "de-CH, fr", "fr;q=0.1, de", "DE"]
    )
    def test_the_first_known_language_is_used(self, alice, public, asked):
        client = reading(TalkClient(alice), asked)
        assert told(client, public) == [words("de", YOU_CREATED)]

    def test_a_user_with_an_unknown_language_gets_english(
        self, alice, public, settings
    ):
        settings.TALK = ODD
        assert told(TalkClient(alice), public) == [YOU_CREATED]

    def test_a_user_with_an_unknown_language_gets_that_of_the_site(
        self, carol, public, settings
    ):
        settings.TALK, settings.LANGUAGE_CODE = ODD, "fr"
        client = TalkClient(carol)
        client.join(public)
        assert told(client, public) == [words("fr", CREATED)]

    def test_a_user_with_a_regional_variant_gets_the_language(
        self, bob, shared, settings
    ):
        settings.TALK = ODD
        assert told(TalkClient(bob), shared) == [words("de", CREATED)]


@pytest.mark.django_db
class TestLeaks:
    """A request does not affect the language of the next one."""

    @pytest.fixture(autouse=True)
    def bare(self, settings: Any) -> None:
        """A site without `LocaleMiddleware`, which would hide leaks."""
        settings.MIDDLEWARE = [
            path for path in project_settings.MIDDLEWARE if path != LOCALE_MIDDLEWARE
        ]

    def test_the_next_request_has_its_own_language(self, alice, bob, shared):
        as_german, as_bob = reading(TalkClient(alice), "de"), TalkClient(bob)
        for _ in range(2):
            assert told(as_german, shared) == [words("de", YOU_CREATED)]
            assert told(as_bob, shared) == [CREATED]

    def test_the_next_request_of_a_user_with_a_language_has_that_language(
        self, alice, carol, public, settings
    ):
        settings.TALK = SPEAKING
        as_carol = TalkClient(carol)
        as_carol.join(public)
        assert told(TalkClient(alice), public) == [words("de", YOU_CREATED)]
        assert told(as_carol, public) == [CREATED]

    @pytest.mark.parametrize("active", ["en", "fr"])
    @pytest.mark.parametrize(
        "path", ["/chat/{}", "/room/{}", "/room", "/chat/k7pz3mqd", "/chat/{}/mentions"]
    )
    def test_the_language_of_the_thread_stays(self, alice, public, active, path):
        client = reading(TalkClient(alice), "de")
        with translation.override(active):
            client.get(path.format(public), lookIntoFuture=0)
            assert translation.get_language() == active

    def test_the_language_of_the_thread_stays_after_a_poll(self, alice, public):
        client = reading(TalkClient(alice), "de")
        with translation.override("fr"):
            last = client.history(public).data[0]["id"]
            client.poll(public, after=0)
            client.poll(public, after=last)
            assert translation.get_language() == "fr"

    def test_the_language_of_the_thread_stays_after_a_refused_login(self, db):
        client = reading(TalkClient(UserFactory(), basic="wrong"), "de")
        with translation.override("fr"):
            assert client.get("/room").status == 401
            assert translation.get_language() == "fr"


@pytest.mark.django_db
@pytest.mark.usefixtures("middleware")
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_waiting_poll_gets_a_response_in_its_own_language(
    alice, bob, shared, language
):
    as_alice = reading(TalkClient(alice), "fr" if language == "de" else "de")
    as_bob = reading(TalkClient(bob), language)
    last = as_bob.history(shared).data[0]["id"]

    def rename() -> None:
        assert as_alice.put(f"/room/{shared}", roomName="New name").status == 200

    with while_waiting(rename):
        answer = as_bob.poll(shared, after=last, timeout=30)
    _, text = TIMELINE[1]
    (message,) = answer.data
    assert message["message"] == words(language, text) % NAMES


class TestHub:
    """Polls of the same room that wake together."""

    @pytest.fixture
    def room(
        self, transactional_db: None, alice: Any, bob: Any
    ) -> tuple[str, int, Any]:
        """Alice's room: its token, the id of its last message, Bob's cookie."""
        client = TalkClient(alice)
        token = client.create_room()
        put_in(token, bob, type=ParticipantType.USER)
        return token, client.say(token, "first"), session_cookie(bob)

    @pytest_asyncio.fixture
    async def hub(self, transactional_db: None) -> Any:
        """The hub of the test's event loop; its threads close their connections at the end."""
        hub = current_hub()
        yield hub
        await stop_hub()

    @pytest.mark.asyncio
    @pytest.mark.django_db(transaction=True)
    async def test_each_poll_gets_a_response_in_its_own_language(
        self, hub, room, alice
    ):
        token, _, cookies = room
        cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        polls = []
        for language in ("de", "fr", "en", "de"):
            headers = [
                (b"host", b"testserver"),
                (b"cookie", cookie.encode()),
                (b"accept-language", language.encode()),
            ]
            poll = open_poll(room, headers=headers)
            await poll.send_input({"type": "http.request", "body": b""})
            polls.append((language, poll))
        await waiting(hub, len(polls))

        def rename() -> None:
            TalkClient(alice).put(f"/room/{token}", roomName="New name")

        await hub.threads.run(rename)
        await hub.reconciler.reconcile()
        for language, poll in polls:
            async with asyncio.timeout(NEVER):
                start = await poll.receive_output(NEVER)
                body = await poll.receive_output(NEVER)
                await poll.wait(NEVER)
            assert start["status"] == 200
            expected = words(language, TIMELINE[1][1]) % NAMES
            assert expected in body["body"].decode("unicode_escape").replace("\\", "")
