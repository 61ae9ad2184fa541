"""What a page of a very long history costs, wherever it is."""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

from tests.benchmarks.setting import benchmark_site

BATCH = 10_000


def write_many(room: Any, user: Any, messages: int) -> list[int]:
    """Write a timeline in one go; return the ids of its messages, oldest first."""
    from django.utils import timezone

    from talk.models import Message, Room

    now = timezone.now()
    for start in range(0, messages, BATCH):
        Message.objects.bulk_create(
            Message(
                room=room,
                position=position,
                comment_count=position,
                text=f"message {position}",
                actor_type="users",
                actor_user=user,
                created_at=now,
            )
            for position in range(start + 1, min(start + BATCH, messages) + 1)
        )
    Room.objects.filter(pk=room.pk).update(
        last_position=messages, comment_count=messages, last_activity=now
    )
    rows = Message.objects.filter(room=room).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def measure(client: Any, token: str, ids: list[int], rounds: int) -> None:
    """Read the oldest, the middle and the newest page of 100, and poll at the end."""
    pages = {
        "oldest page": {"lookIntoFuture": 0, "lastKnownMessageId": ids[100]},
        "middle page": {"lookIntoFuture": 0, "lastKnownMessageId": ids[len(ids) // 2]},
        "newest page": {"lookIntoFuture": 0},
        "empty poll": {
            "lookIntoFuture": 1,
            "timeout": 0,
            "lastKnownMessageId": ids[-1],
        },
        "room object": None,
    }
    for name, parameters in pages.items():
        seconds = []
        for _ in range(rounds):
            start = time.perf_counter()
            if parameters is None:
                client.get(f"/room/{token}")
            else:
                client.get(f"/chat/{token}", **parameters)
            seconds.append(time.perf_counter() - start)
        middle = statistics.median(seconds) * 1000
        print(f"{len(ids):9,} messages   {name:12} median {middle:7.1f} ms")


def main() -> None:
    """Measure timelines of several lengths."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, nargs="+", default=[1_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    with benchmark_site():
        from tests.client import TalkClient
        from tests.factories import ParticipantFactory, RoomFactory, UserFactory

        user = UserFactory()
        for messages in arguments.messages:
            room = RoomFactory()
            ParticipantFactory(room=room, user=user)
            ids = write_many(room, user, messages)
            measure(TalkClient(user), room.token, ids, arguments.rounds)


if __name__ == "__main__":
    main()
