"""People, rooms, articles and a little history to try things with."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import Group, User
from django.db import transaction
from django.utils import timezone

from example_project.discussions import open_discussion
from example_project.models import Article
from talk.constants import RoomType
from talk.domain import messages, room_changes, room_creation
from talk.domain.access import Caller, Identity, find_caller
from talk.models import Room


@dataclass(frozen=True)
class Person:
    """Somebody who can log in. The password is the one they are created with."""

    username: str
    first_name: str
    last_name: str
    password: str
    is_admin: bool = False


PEOPLE = (
    Person("admin", "Ada", "Admin", "admin-demo", is_admin=True),
    Person("alice", "Alice", "Adams", "alice-demo"),
    Person("bob", "Bob", "Brown", "bob-demo"),
    Person("carol", "Carol", "Clark", "carol-demo"),
    Person("dan", "Dan", "Dubois", "dan-demo"),
)
GROUP = "team"
GROUP_MEMBERS = ("alice", "bob", "carol")
LOCKED_ROOM = "Backstage"
ROOM_PASSWORD = "sesame"  # noqa: S105 - printed for whoever tries the demo


@transaction.atomic
def create_demo_data() -> None:
    """Create what is missing: people by name, and rooms if there are none at all."""
    people = {person.username: _get_or_create(person) for person in PEOPLE}
    group, created = Group.objects.get_or_create(name=GROUP)
    if created:
        group.user_set.set(people[name] for name in GROUP_MEMBERS)
    if not Room.objects.exists():
        _create_rooms(people)
        _create_articles(people)


def _get_or_create(person: Person) -> User:
    user = User.objects.filter(username=person.username).first()
    if user is not None:
        return user
    create = (
        User.objects.create_superuser if person.is_admin else User.objects.create_user
    )
    return create(
        person.username,
        email=f"{person.username}@example.org",
        password=person.password,
        first_name=person.first_name,
        last_name=person.last_name,
    )


def _create_rooms(people: dict[str, User]) -> None:
    alice, bob, carol = people["alice"], people["bob"], people["carol"]
    now = timezone.now()

    pair = room_creation.get_or_create_one_to_one(
        user=alice, invite="bob", now=now
    ).room
    _say(pair, alice, "Hi Bob, are you coming tonight?")
    _say(pair, bob, "Sure, at eight.")

    team = room_creation.create_group_room(user=carol, invite=GROUP, now=now)
    _say(team, carol, "Welcome to the team's room!")
    _say(team, alice, "Thanks for setting it up.")
    _say(team, bob, "Good to be here. When do we look at the plans for the harbour?")
    _say(team, alice, "Tomorrow at ten, if that suits you, @carol and @bob")
    _say(team, carol, "It does.")
    _say(team, carol, "The council's notes: https://example.org/harbour/notes")
    _say(team, bob, "Read them. The second pier is the interesting part, I think.")

    square = room_creation.create_room(
        user=alice, type=RoomType.PUBLIC, name="Town square", now=now
    )
    _say(square, alice, "Everybody with the link may join, with or without an account.")

    backstage = room_creation.create_room(
        user=bob, type=RoomType.PUBLIC, name=LOCKED_ROOM, now=now
    )
    room_changes.set_password(
        caller=_caller(backstage, bob), password=ROOM_PASSWORD, now=now
    )
    _say(backstage, bob, "Only those who know the word get in here.")


def _create_articles(people: dict[str, User]) -> None:
    park = Article.objects.create(
        title="A park for the old harbour",
        text=(
            "Where cranes stood for a hundred years, the city wants to plant trees. "
            "The council decides in spring; until then everybody may say what they "
            "would like to see between the two piers."
        ),
    )
    room = open_discussion(park, owner=people["bob"])
    _say(room, people["bob"], "What would you plant? Guests are welcome, too.")

    notes = Article.objects.create(
        title="Notes for the editors",
        text="What we want to write about next, and who does it.",
        is_for_members=True,
    )
    room = open_discussion(notes, owner=people["carol"])
    _say(room, people["carol"], "Who has time for the harbour on Friday?")


def _say(room: Room, user: User, text: str) -> None:
    messages.post_message(caller=_caller(room, user), text=text, now=timezone.now())


def _caller(room: Room, user: User) -> Caller:
    return find_caller(identity=Identity(user=user, device=None), token=room.token)
