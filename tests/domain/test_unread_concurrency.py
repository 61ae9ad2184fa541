"""Unread counts while many write and read at once, and what reading costs in a room
with a million messages: on PostgreSQL, which tells how it finds things."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from talk.models import Message, Participant, Room
from tests.client import TalkClient
from tests.factories import ParticipantFactory, RoomFactory, UserFactory
from tests.threads import at_once

pytestmark = pytest.mark.postgres

WRITERS = 4
POSTS = 12
ALL = WRITERS * POSTS

FEW, MANY = 100, 1_000_000
CROWD = 10_000

PAGE_MAX = 1000
"""Rows that the database may take for a page, by its own rough estimate."""

MESSAGES = Message._meta.db_table
PARTICIPANTS = Participant._meta.db_table


def unread(client: TalkClient, token: str) -> int:
    return client.room(token)["unreadMessages"]


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    """Through HTTP, in several threads."""

    @pytest.fixture
    def token(self, transactional_db: None) -> str:
        """A room without messages."""
        return RoomFactory().token

    @pytest.fixture
    def enter(self, token: str) -> Callable[[], TalkClient]:
        """Add a new participant to the room."""

        def run(**fields: Any) -> TalkClient:
            room = Room.objects.get(token=token)
            return TalkClient(ParticipantFactory(room=room, **fields).user)

        return run

    @pytest.fixture
    def writers(self, enter: Callable[[], TalkClient]) -> list[TalkClient]:
        return [enter() for _ in range(WRITERS)]

    def write_while(
        self,
        token: str,
        writers: list[TalkClient],
        *others: Callable[[Callable[[], bool]], Any],
        text: str = "hello",
    ) -> list[Any]:
        """Let all write, and others do something again and again until all is written.

        Returns what each of the others returns.
        """
        left = threading.Semaphore(0)
        is_over = threading.Event()

        def write(client: TalkClient) -> None:
            try:
                for _ in range(POSTS):
                    client.say(token, text)
            finally:
                left.release()

        def wait() -> None:
            for _ in writers:
                left.acquire(timeout=60)
            is_over.set()

        calls = [partial(write, client) for client in writers]
        found = at_once(*calls, wait, *[partial(o, is_over.is_set) for o in others])
        assert found[: len(writers)] == [None] * len(writers)
        return found[len(writers) + 1 :]

    def test_everything_is_unread_for_a_user_who_reads_nothing(
        self, token, enter, writers
    ):
        idle = enter()
        self.write_while(token, writers)
        assert unread(idle, token) == ALL

    def test_messages_after_their_last_one_are_unread_for_authors(self, token, writers):
        self.write_while(token, writers)
        actors = list(Message.objects.order_by("pk").values_list("actor_user", flat=1))
        for client in writers:
            user_id = int(client.http.session["_auth_user_id"])
            after = actors[::-1].index(user_id)
            assert unread(client, token) == after

    def test_a_poll_after_all_messages_reads_everything(self, token, enter, writers):
        reader = enter()

        def read(is_over: Callable[[], bool]) -> None:
            while not is_over():
                reader.poll(token, after=0, limit=1)

        self.write_while(token, writers, read)
        reader.poll(token, after=0, limit=1)
        assert unread(reader, token) == 0

    def test_a_poll_reads_the_messages_before_its_start(self, token, enter, writers):
        reader = enter()
        seen = [0, 0]  # messages up to the last poll but one, and up to the last poll

        def read(is_over: Callable[[], bool]) -> None:
            last = 0
            while seen[-1] < ALL // 2 and not is_over():
                answer = reader.poll(token, after=last)
                new = answer.data or []
                last = new[-1]["id"] if new else last
                seen.append(seen[-1] + len(new))

        self.write_while(token, writers, read)
        before, up_to = seen[-2:]
        assert ALL - up_to <= unread(reader, token) <= ALL - before

    def test_the_count_is_never_below_zero_or_above_the_comments(
        self, token, enter, writers
    ):
        reader, watcher = enter(), enter()

        def read(is_over: Callable[[], bool]) -> list[int]:
            counts = []
            while not is_over():
                counts.append(unread(reader, token))
                reader.poll(token, after=0, limit=1)
            return counts

        def watch(is_over: Callable[[], bool]) -> list[int]:
            counts = []
            while not is_over():
                counts.append(unread(watcher, token))
            return counts

        read_counts, watched = self.write_while(token, writers, read, watch)
        assert all(0 <= count <= ALL for count in read_counts)
        assert watched == sorted(watched)
        assert unread(watcher, token) == ALL

    def test_polling_and_posting_on_two_devices_never_moves_the_marker_back(
        self, token, enter, writers
    ):
        participant = ParticipantFactory(room=Room.objects.get(token=token))
        phone, laptop = TalkClient(participant.user), TalkClient(participant.user)

        def read(is_over: Callable[[], bool]) -> None:
            while not is_over():
                phone.poll(token, after=0, limit=1)

        def watch(is_over: Callable[[], bool]) -> list[int]:
            marks = []
            rows = Participant.objects.filter(pk=participant.pk)
            while not is_over():
                marks.append(rows.values_list("read_comments", flat=True).get())
            return marks

        _, marks = self.write_while(token, [*writers[1:], laptop], read, watch)
        assert marks == sorted(marks)

    def test_the_last_of_many_mentions_at_once_is_unread(self, token, enter, writers):
        mona = enter(user__username="mona")
        self.write_while(token, writers, text="hi @mona")
        room = mona.room(token)
        assert (room["unreadMessages"], room["unreadMention"]) == (ALL, True)
        participant = Participant.objects.get(user__username="mona")
        assert participant.last_mention == ALL

    def test_mentions_during_reading_are_not_lost(self, token, enter, writers):
        mona = enter(user__username="mona")

        def read(is_over: Callable[[], bool]) -> list[tuple[int, bool]]:
            found = []
            while not is_over():
                mona.poll(token, after=0, limit=1)
                room = mona.room(token)
                found.append((room["unreadMessages"], room["unreadMention"]))
            return found

        (found,) = self.write_while(token, writers, read, text="hi @mona")
        assert all((count > 0) == is_mentioned for count, is_mentioned in found)

    def test_leaving_and_joining_loses_and_doubles_no_count(self, token, writers):
        guest_user = TalkClient(UserFactory())
        guest_user.join(token)

        def come_and_go(is_over: Callable[[], bool]) -> None:
            while not is_over():
                assert guest_user.leave(token).status == 200
                guest_user.join(token)

        self.write_while(token, writers, come_and_go)
        assert unread(guest_user, token) == ALL


@dataclass(frozen=True)
class Site:
    """A site with a small, a huge and a crowded room; Olga is in all of them."""

    olga: Any
    small: str
    huge: str
    crowded: str


def insert_messages(room: Room, count: int) -> None:
    """Insert comments by a deleted account into a room."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO {MESSAGES} (room_id, position, comment_count, system_message,
                                    text, parameters, actor_type, created_at)
            SELECT %s, number, number, '', 'hello', '{{}}', 'users', now()
            FROM generate_series(1, %s) AS number
            """,
            [room.pk, count],
        )
    room.last_position = room.comment_count = count
    room.save()


def insert_crowd(rooms: list[Room]) -> None:
    """Add many users to all of these rooms."""
    user_model = get_user_model()
    users = user_model.objects.bulk_create(
        user_model(username=f"u{number:05}") for number in range(CROWD)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO {PARTICIPANTS}
                (room_id, user_id, type, favorite, notification_level, read_comments,
                 last_mention, last_comment, mailed_comments, unread_deleted)
            SELECT room_id, user_id, 3, false, 0, 0, 0, 0, 0, 0
            FROM unnest(%s::bigint[]) AS room_id, unnest(%s::bigint[]) AS user_id
            """,
            [[room.pk for room in rooms], [user.pk for user in users]],
        )


@pytest.fixture(scope="class")
def site(django_db_setup: None, django_db_blocker: Any) -> Iterator[Site]:
    """The site, filled once."""
    with django_db_blocker.unblock():
        try:
            yield fill_site()
        finally:
            user_table = get_user_model()._meta.db_table
            with connection.cursor() as cursor:
                cursor.execute(f"TRUNCATE {Room._meta.db_table}, {user_table} CASCADE")


def fill_site() -> Site:
    olga = UserFactory(username="olga")
    small, huge, crowded, *others = RoomFactory.create_batch(13)
    for room in (small, huge, crowded):
        ParticipantFactory(room=room, user=olga)
    insert_messages(small, FEW)
    insert_messages(huge, MANY)
    insert_crowd([crowded, *others])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return Site(olga=olga, small=small.token, huge=huge.token, crowded=crowded.token)


Plan = dict[str, Any]


def plans_of(action: Callable[[], Any]) -> list[Plan]:
    """Return the query plans of all SELECTs of an action."""
    with CaptureQueriesContext(connection) as captured:
        action()
    plans = []
    with connection.cursor() as cursor:
        for query in captured.captured_queries:
            if query["sql"].startswith("SELECT"):
                cursor.execute(f"EXPLAIN (FORMAT JSON) {query['sql']}")
                plans.append(cursor.fetchone()[0][0]["Plan"])
    assert plans
    return plans


def nodes_of(plan: Plan) -> Iterator[Plan]:
    """Yield all steps of a plan."""
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes_of(child)


def scans_of(plans: list[Plan], table: str) -> set[str]:
    """Return the types of scans of a table in plans."""
    nodes = [node for plan in plans for node in nodes_of(plan)]
    return {n["Node Type"] for n in nodes if n.get("Relation Name") == table}


INDEX_SCANS = {"Index Scan", "Index Only Scan"}


@pytest.mark.django_db
class TestPlans:
    """Query plans with a hundred messages and with a million."""

    @pytest.fixture
    def as_olga(self, site: Site) -> TalkClient:
        return TalkClient(site.olga)

    def both(
        self, site: Site, action: Callable[[str], Any]
    ) -> tuple[list[Plan], list[Plan]]:
        """Return the plans of an action in the small and in the huge room."""
        small, huge = (
            plans_of(partial(action, token)) for token in (site.small, site.huge)
        )
        return small, huge

    def assert_only_indexes(self, plans: list[Plan]) -> None:
        """Assert that plans find messages by an index and do not count them.

        They may sort at most one page of them.
        """
        assert scans_of(plans, MESSAGES)
        assert scans_of(plans, MESSAGES) <= INDEX_SCANS
        for plan in plans:
            if scans_of([plan], MESSAGES):
                nodes = list(nodes_of(plan))
                kinds = {node["Node Type"] for node in nodes}
                assert not kinds & {"Aggregate", "WindowAgg"}
                sorts = [node for node in nodes if "Sort" in node["Node Type"]]
                assert all(node["Plan Rows"] < PAGE_MAX for node in sorts)

    def test_the_count_is_right(self, site, as_olga):
        assert unread(as_olga, site.small) == FEW
        assert unread(as_olga, site.huge) == MANY

    def test_the_room_object(self, site, as_olga):
        small, huge = self.both(site, as_olga.room)
        self.assert_only_indexes(huge)
        self.assert_only_indexes(small)

    def test_the_list_of_rooms(self, site, as_olga):
        plans = plans_of(lambda: as_olga.get("/room"))
        self.assert_only_indexes(plans)

    @pytest.mark.parametrize("part", [0, 0.5, 1])
    @pytest.mark.parametrize("limit", [1, 100, 200])
    def test_a_page_of_history(self, site, as_olga, part, limit):
        def read(token: str) -> None:
            ids = Message.objects.filter(room__token=token).order_by("pk")
            first = ids.values_list("pk", flat=True)[0]
            count = MANY if token == site.huge else FEW
            before = first + 1 if part == 0 else first + int(part * count)
            answer = as_olga.history(token, lastKnownMessageId=before, limit=limit)
            assert answer.status == 200

        small, huge = self.both(site, read)
        self.assert_only_indexes(huge)
        self.assert_only_indexes(small)

    def test_the_newest_page_of_history(self, site, as_olga):
        small, huge = self.both(site, as_olga.history)
        self.assert_only_indexes(huge)
        self.assert_only_indexes(small)

    @pytest.mark.parametrize("part", [0, 0.5, 1])
    def test_a_poll(self, site, as_olga, part):
        def poll(token: str) -> None:
            ids = Message.objects.filter(room__token=token).order_by("pk")
            first = ids.values_list("pk", flat=True)[0]
            count = MANY if token == site.huge else FEW
            answer = as_olga.poll(token, after=first - 1 + int(part * count))
            assert answer.status == (304 if part == 1 else 200)

        small, huge = self.both(site, poll)
        self.assert_only_indexes(huge)
        self.assert_only_indexes(small)

    @pytest.mark.parametrize("search", ["", "u0123", "u01234", "nobody"])
    def test_suggestions_in_a_crowded_room(self, site, as_olga, search):
        path = f"/chat/{site.crowded}/mentions"
        plans = plans_of(lambda: as_olga.get(path, search=search))
        assert not scans_of(plans, MESSAGES)
        assert "Seq Scan" not in scans_of(plans, PARTICIPANTS)

    def test_suggestions_read_no_messages(self, site, as_olga):
        def ask(token: str) -> None:
            assert as_olga.get(f"/chat/{token}/mentions").status == 200

        small, huge = self.both(site, ask)
        assert not scans_of([*small, *huge], MESSAGES)
