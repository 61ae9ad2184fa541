"""What the list of rooms costs somebody who is in very many of them."""

from __future__ import annotations

import argparse
import statistics
import time
import tracemalloc
from collections.abc import Sequence
from typing import Any

from tests.benchmarks.setting import benchmark_site


def fill(user: Any, people: Sequence[Any], rooms: int) -> None:
    """Put `user` and `people` into `rooms` rooms, each with one message."""
    from django.utils import timezone

    from talk.domain.rooms import new_token
    from talk.models import Message, Participant, Room, Session

    now = timezone.now()
    made = Room.objects.bulk_create(
        Room(
            token=new_token(),
            type=2,
            name=f"Room {number}",
            last_position=1,
            comment_count=1,
            last_activity=now,
        )
        for number in range(rooms)
    )
    if made[0].pk is None:  # a database that does not tell
        made = list(Room.objects.order_by("pk"))
    everybody = [user, *people]
    Participant.objects.bulk_create(
        [Participant(room=room, user=one) for room in made for one in everybody],
        batch_size=2000,
    )
    places = Participant.objects.filter(user=people[0])
    Session.objects.bulk_create(
        Session(
            room_id=place.room_id,
            participant=place,
            session_id=f"session-{place.pk}",
            last_ping=now,
        )
        for place in places
    )
    Message.objects.bulk_create(
        Message(
            room=room,
            position=1,
            comment_count=1,
            text="hello",
            actor_type="users",
            actor_user=people[0],
            created_at=now,
        )
        for room in made
    )


def measure(user: Any, rounds: int) -> None:
    """Ask for the list again and again, and once more to see what it allocates."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from tests.client import TalkClient

    client = TalkClient(user)
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        answer = client.get("/room")
        seconds.append(time.perf_counter() - start)
    with CaptureQueriesContext(connection) as queries:
        tracemalloc.start()
        client.get("/room")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    print(
        f"{len(answer.data):5} rooms   {len(queries):2} queries   "
        f"median {statistics.median(seconds) * 1000:7.1f} ms   "
        f"worst {max(seconds) * 1000:7.1f} ms   peak {peak / 2**20:6.1f} MiB"
    )


def main() -> None:
    """Measure lists of several lengths."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rooms", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--members", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with benchmark_site():
        from tests.factories import UserFactory

        people = UserFactory.create_batch(arguments.members - 1)
        for rooms in arguments.rooms:
            user = UserFactory()
            fill(user, people, rooms)
            measure(user, arguments.rounds)
            from talk.models import Room

            Room.objects.all().delete()


if __name__ == "__main__":
    main()
