"""The process that fills a database, with bulk inserts and without hashing passwords."""

from __future__ import annotations

import os
import secrets
from datetime import timedelta
from functools import cache
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.settings"
if __name__ == "__main__":
    import django

    django.setup()

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session as HTTPSession
from django.db import connection
from django.utils import timezone

from talk.api.devices import DEVICE_KEY
from talk.constants import ActorType, RoomType
from talk.models import Message, Participant, Room, Session, SignalingMessage
from tests.benchmarks.workers import serve
from tests.servers import database_url

BATCH = 2000

_people: list[tuple[Any, str, str]] = []
"""Users, their cookies, and the devices that the cookies identify."""


def create() -> dict[str, str]:
    """Create the database and return the environment for servers."""
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    return {"DATABASE_URL": database_url()}


def drop() -> None:
    """Drop the database."""
    name = connection.settings_dict["NAME"]
    connection.creation.destroy_test_db(name, verbosity=0)


def crowd(*, rooms: int, people: int, are_in: bool = True) -> list[dict[str, Any]]:
    """Create rooms with a writer each, and distribute participants over them."""
    made = _rooms(rooms)
    crew = _logged_in(rooms + people)
    participants = Participant.objects.bulk_create(
        (
            Participant(room=made[number % rooms], user=user)
            for number, (user, _, _) in enumerate(crew)
        ),
        batch_size=BATCH,
    )
    sessions = _connect(participants if are_in else participants[:rooms], crew)
    answer: list[dict[str, Any]] = [
        {"token": room.token, "people": []} for room in made
    ]
    for number, (_, cookie, _) in enumerate(crew):
        session = sessions[number] if number < len(sessions) else ""
        person = {"cookie": cookie, "session": session}
        if number < rooms:
            answer[number]["writer"] = person
        else:
            answer[number % rooms]["people"].append(person)
    return answer


@cache
def history(*, messages: int) -> dict[str, Any]:
    """Create a room with so many messages."""
    ((user, cookie, _),) = _new_people(1)
    (room,) = _rooms(1)
    Participant.objects.create(room=room, user=user)
    first = _say(room, user)
    first.save()
    columns = [
        field for field in Message._meta.concrete_fields if not field.primary_key
    ]
    quote = connection.ops.quote_name
    names = ", ".join(quote(field.column) for field in columns)
    counted = ("position", "comment_count")
    values = ", ".join(
        "n.n" if field.name in counted else f"m.{quote(field.column)}"
        for field in columns
    )
    table = Message._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE n(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n < %s) "
            f"INSERT INTO {table} ({names}) "
            f"SELECT {values} FROM {table} m CROSS JOIN n WHERE m.id = %s ORDER BY n.n",
            [messages, first.pk],
        )
        cursor.execute("ANALYZE")
    Room.objects.filter(pk=room.pk).update(
        last_position=messages, comment_count=messages
    )
    return {"token": room.token, "cookie": cookie}


def lists(*, rooms: int, members: int) -> dict[str, Any]:
    """Add a user and others to rooms with one message each; one other is connected."""
    cookie, participants = _list(rooms, members)
    _connect(participants, [])
    return {"cookie": cookie}


@cache
def _list(rooms: int, members: int) -> tuple[str, list[Any]]:
    made, crew = _rooms(rooms), _new_people(members)
    participants = Participant.objects.bulk_create(
        (Participant(room=room, user=user) for user, _, _ in crew for room in made),
        batch_size=BATCH,
    )
    Message.objects.bulk_create((_say(room, crew[1][0]) for room in made), BATCH)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return crew[0][1], participants[rooms : 2 * rooms]


def commits() -> int | None:
    """Return PostgreSQL's count of transactions; None for other databases."""
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        )
        return int(cursor.fetchone()[0])


def clear() -> None:
    """End all sessions."""
    SignalingMessage.objects.all()._raw_delete(using=connection.alias)
    Session.objects.all()._raw_delete(using=connection.alias)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"VACUUM ANALYZE {Session._meta.db_table}")


def _rooms(count: int) -> list[Any]:
    return Room.objects.bulk_create(
        (
            Room(
                token=f"b{secrets.token_hex(5)}",
                type=RoomType.PUBLIC,
                name=f"Room {number}",
                last_activity=timezone.now(),
                presence_version=1,  # as after a join
            )
            for number in range(count)
        ),
        batch_size=BATCH,
    )


def _say(room: Any, user: Any) -> Any:
    room.last_position = room.comment_count = 1
    room.save()
    return Message(
        room=room,
        position=1,
        comment_count=1,
        text="hello, this is what people say to each other",
        actor_type=ActorType.USERS,
        actor_user=user,
        created_at=timezone.now(),
    )


def _connect(participants: list[Any], crew: list[tuple[Any, str, str]]) -> list[str]:
    """Give each participant a live session, on the user's device if it is known."""
    now = timezone.now()
    made = [
        Session(
            room_id=participant.room_id,
            participant=participant,
            session_id=secrets.token_hex(256),
            device=crew[number][2] if crew else None,
            last_ping=now,
        )
        for number, participant in enumerate(participants)
    ]
    Session.objects.bulk_create(made, batch_size=BATCH)
    return [session.session_id for session in made]


def _logged_in(count: int) -> list[tuple[Any, str, str]]:
    """Return users that all loads share."""
    _people.extend(_new_people(max(count - len(_people), 0)))
    return _people[:count]


def _new_people(count: int) -> list[tuple[Any, str, str]]:
    """Create users who are logged in."""
    users = User.objects.bulk_create(
        (
            User(
                username=f"bench{secrets.token_hex(8)}",
                first_name="Bench",
                last_name=str(number),
                password="!",
            )
            for number in range(count)
        ),
        batch_size=BATCH,
    )
    made, stored = [], []
    for user in users:
        key, device = secrets.token_hex(16), secrets.token_hex(32)
        stored.append(_http_session(user, key, device))
        made.append((user, f"{settings.SESSION_COOKIE_NAME}={key}", device))
    HTTPSession.objects.bulk_create(stored, batch_size=BATCH)
    return made


def _http_session(user: Any, key: str, device: str) -> Any:
    held = {
        SESSION_KEY: str(user.pk),
        BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend",
        HASH_SESSION_KEY: user.get_session_auth_hash(),
        DEVICE_KEY: device,
    }
    return HTTPSession(
        session_key=key,
        session_data=SessionStore().encode(held),
        expire_date=timezone.now() + timedelta(days=14),
    )


if __name__ == "__main__":
    functions = (create, drop, crowd, history, lists, commits, clear)
    serve({function.__name__: function for function in functions})
