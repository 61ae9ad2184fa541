"""Who may do what: every request, by every kind of caller, in every kind of room."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import transaction

from talk.api.polls.base import answer_at_once
from talk.api.urls import routes
from tests.api.helpers import (
    SECRET,
    assert_login_needed,
    assert_refused,
    places_of,
    rows,
)
from tests.api.matrix import (
    IN_ROOMS,
    Kind,
    Row,
    Who,
    delete,
    exists,
    expected_status,
    make_caller,
    make_room,
)
from tests.api.matrix_rows import ADDRESS, ROWS
from tests.api.test_openapi import ROUTED
from tests.client import BASE, Answer, TalkClient
from tests.mails import wait_for_mails

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

urlpatterns = routes(wait=answer_at_once)
"""Talk, where no poll waits."""

Check = Callable[[str, TalkClient, int], None]
"""What is asked of a cell, by room, caller and expected status."""


def kinds_for(row: Row) -> list[Kind]:
    """Return the rooms that matter for a request."""
    return list(Kind) if row.is_about_a_room else [Kind.PUBLIC]


OWN_TYPE = {
    Who.OWNER: 1,
    Who.MODERATOR: 2,
    Who.USER: 3,
    Who.SELF_JOINED: 5,
    Who.STRANGER: 5,
}
"""What users are after joining a public room; all others are guests."""

ABOUT_A_ROOM = [row for row in ROWS if row.is_about_a_room]
NEEDING = [row for row in ROWS if row.has_to_send]
MAILING = [row for row in ROWS if row.what in ("add an address", "invite by e-mail")]
LEAVE = next(row for row in ROWS if row.what == "leave for good")


def wrong_cells(
    row: Row, kind: Kind, check: Check, callers: Iterable[Who] = Who
) -> list[str]:
    """Return which callers a check fails for, and why; each finds the room as it was."""
    wrong = []
    with undone():
        token = make_room(kind)
        for who in callers:
            if exists(who, kind):
                with undone():
                    try:
                        client = enter(who, kind, token)
                        check(token, client, expected_status(row, who, kind))
                    except AssertionError as error:
                        wrong.append(f"{row.what}, {who}, {kind}: {error}")
    return wrong


def in_all(parts: Iterable[list[str]]) -> list[str]:
    """Return the wrong cells of several rooms."""
    return list(chain.from_iterable(parts))


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is done in here has not happened afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    cache.clear()


def enter(who: Who, kind: Kind, token: str) -> TalkClient:
    """Return somebody who asks, where there is or was a room."""
    client = make_caller(who, kind, token)
    if kind is Kind.DELETED:
        delete(token)
    return client


def scene(who: Who, kind: Kind) -> tuple[str, TalkClient]:
    """Return a room and somebody who asks."""
    token = make_room(kind)
    return token, enter(who, kind, token)


def refuse(answer: Answer, status: int) -> None:
    """The refusal, as its status looks."""
    if status == 401:
        assert_login_needed(answer)
    elif answer.data != [{"type": "usersInRoom", "data": []}]:
        assert_refused(answer, status)


def test_every_endpoint_has_a_row() -> None:
    base = "/ocs/v2.php"
    listed = {
        (r.method.lower(), r.path if r.path.startswith(base) else BASE + r.path)
        for r in ROWS
    }
    assert listed == {(m, path) for m, path in ROUTED if path.startswith(base)}


@pytest.mark.parametrize("kind", Kind)
def test_there_are_callers_inside_and_outside_of_every_room(kind: Kind) -> None:
    there = {who for who in Who if exists(who, kind)}
    assert there - IN_ROOMS == set(Who) - IN_ROOMS
    assert (there & IN_ROOMS == set()) == (kind is Kind.UNKNOWN)


def test_a_cell_that_is_wrong_is_named() -> None:
    row = replace(LEAVE, users_only=False)
    wrong = wrong_cells(row, Kind.PUBLIC, lambda *cell: answers(row, *cell))
    named = [line.split(":")[0] for line in wrong]
    assert f"{row.what}, {Who.GUEST}, {Kind.PUBLIC}" in named
    assert f"{row.what}, {Who.OWNER}, {Kind.PUBLIC}" not in named


def answers(row: Row, token: str, client: TalkClient, expected: int) -> None:
    """The status; what is refused changes nothing, and what is not is done."""
    before = rows()
    answer = row.ask(client, token)
    assert answer.status == expected
    if expected >= 400:
        refuse(answer, expected)
        assert rows() == before
    else:
        assert row.is_done(client, token)


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        pytest.param(row, kind, id=f"{row.what}-{kind}")
        for row in ROWS
        for kind in kinds_for(row)
    ],
)
def test_every_caller_gets_the_answer_that_is_theirs(row: Row, kind: Kind) -> None:
    assert not wrong_cells(row, kind, lambda *cell: answers(row, *cell))


@pytest.mark.parametrize("row", [pytest.param(r, id=r.what) for r in NEEDING])
def test_who_may_not_ask_is_not_told_that_something_is_missing(row: Row) -> None:
    """It is missing, and said to be, only for those who may."""
    still_forbidden = {k: s for k, s in row.in_kinds.items() if s == 403}
    bare = replace(row, send={}, in_kinds=still_forbidden, done=400)

    def is_refused(token: str, client: TalkClient, expected: int) -> None:
        before = rows()
        refuse(bare.ask(client, token), expected)
        assert rows() == before

    assert not in_all(wrong_cells(bare, kind, is_refused) for kind in kinds_for(row))


@pytest.mark.parametrize("row", [pytest.param(r, id=r.what) for r in ABOUT_A_ROOM])
def test_a_private_room_is_refused_like_one_that_does_not_exist(row: Row) -> None:
    def is_the_same(token: str, client: TalkClient, expected: int) -> None:
        private, missing = row.ask(client, token), row.ask(client, "nowhere9")
        assert replace(private, headers={}) == replace(missing, headers={})

    outside = [who for who in Who if who not in IN_ROOMS]
    private = (Kind.ONE_TO_ONE, Kind.GROUP)
    assert not in_all(wrong_cells(row, k, is_the_same, outside) for k in private)


@pytest.mark.parametrize("row", [pytest.param(r, id=r.what) for r in MAILING])
def test_mails_are_sent_for_those_alone_who_may(
    django_capture_on_commit_callbacks: Any, row: Row
) -> None:
    def are_sent(token: str, client: TalkClient, expected: int) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            row.ask(client, token)
        sent = [message.to for message in wait_for_mails()]
        mail.outbox.clear()
        assert sent == ([[ADDRESS]] if expected == 200 else [])

    assert not in_all(wrong_cells(row, kind, are_sent) for kind in Kind)


@pytest.mark.parametrize("who", Who)
def test_everybody_joins_as_what_they_are(who: Who) -> None:
    token, client = scene(who, Kind.LOCKED)
    client.join(token, SECRET)
    assert client.room(token)["participantType"] == OWN_TYPE.get(who, 4)


@pytest.mark.parametrize("who", Who)
def test_those_outside_alone_see_nobody(who: Who) -> None:
    token, client = scene(who, Kind.PUBLIC)
    assert (client.room(token)["participants"] == []) == (who not in IN_ROOMS)


def test_who_leaves_for_good_leaves_the_room_to_the_others() -> None:
    token, client = scene(Who.OWNER, Kind.PUBLIC)
    LEAVE.ask(client, token)
    assert "alice" not in places_of(token)
    assert len(places_of(token)) > 1
