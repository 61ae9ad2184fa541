"""The authorisation matrix: every request, by every caller, in every kind of room."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from django.apps import apps
from django.core import mail
from django.core.cache import cache
from django.db import transaction

from talk.api.polls.base import answer_at_once
from talk.api.urls import routes
from tests.api.helpers import (
    SECRET,
    assert_login_needed,
    assert_refused,
    rows,
    user_types_of,
)
from tests.api.matrix import (
    IN_ROOMS,
    CallerKind,
    RoomKind,
    Row,
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
"""The API, in which no poll waits."""

Check = Callable[[Row, str, TalkClient, int], None]
"""What has to be true of a request in a room by a caller, with its expected status."""

OWN_TYPE = {
    CallerKind.OWNER: 1,
    CallerKind.OTHER_OWNER: 1,
    CallerKind.MODERATOR: 2,
    CallerKind.USER: 3,
    CallerKind.USER_JOINED: 3,
    CallerKind.USER_LEFT: 3,
    CallerKind.USER_WITHOUT_SESSION: 3,
    CallerKind.USER_WITHOUT_COOKIES: 3,
    CallerKind.SELF_JOINED: 5,
    CallerKind.NON_PARTICIPANT: 5,
    CallerKind.SELF_JOINED_LEFT: 5,
    CallerKind.GUEST_LOGGED_IN: 5,
}
"""The participant types of callers after joining a public room; all others are guests."""

ABOUT_A_ROOM = [row for row in ROWS if row.is_about_a_room]
NEEDING = [row for row in ROWS if row.has_to_send]
MAILING = [row for row in ROWS if row.what in ("add an address", "invite by e-mail")]
LEAVE = next(row for row in ROWS if row.what == "leave for good")

SCENES = [
    pytest.param(caller, kind, id=f"{caller}-{kind}")
    for kind in RoomKind
    for caller in CallerKind
    if exists(caller, kind)
]
"""Every caller in every kind of room."""

OUTSIDE = [
    pytest.param(caller, kind, id=f"{caller}-{kind}")
    for kind in (RoomKind.ONE_TO_ONE, RoomKind.GROUP)
    for caller in CallerKind
    if exists(caller, kind) and caller not in IN_ROOMS
]
"""Every caller who is not a participant of a private room."""


def rows_for(kind: RoomKind, rows: Iterable[Row] = ROWS) -> list[Row]:
    """Return the requests for which a kind of room matters; a public one does for all."""
    return [row for row in rows if row.is_about_a_room or kind is RoomKind.PUBLIC]


def wrong_cells(
    caller: CallerKind, kind: RoomKind, rows: Iterable[Row], check: Check
) -> list[str]:
    """Return the requests that fail a check, and why; each finds the room as it was."""
    wrong = []
    token, client = scene(caller, kind)
    cookies = client.http.cookies
    for row in rows:
        client.http.cookies = deepcopy(cookies)
        with undone():
            try:
                check(row, token, client, expected_status(row, caller, kind))
            except AssertionError as error:
                wrong.append(f"{row.what}, {caller}, {kind}: {error}")
    return wrong


@contextmanager
def undone() -> Iterator[None]:
    """Roll back at the end."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    cache.clear()


def scene(caller: CallerKind, kind: RoomKind) -> tuple[str, TalkClient]:
    """Return a room, which may be deleted already, and a caller."""
    token = make_room(kind)
    client = make_caller(caller, kind, token)
    if kind is RoomKind.DELETED:
        delete(token)
    return token, client


def assert_is_refusal(answer: Answer, status: int) -> None:
    """Check the form of a refusal with this status."""
    if status == 401:
        assert_login_needed(answer)
    elif answer.data != [{"type": "usersInRoom", "data": []}]:
        assert_refused(answer, status)


def all_rows() -> list[list[dict[str, Any]]]:
    """Return the rows of all tables of Talk."""
    return rows(*apps.get_app_config("talk").get_models())


def answers(row: Row, token: str, client: TalkClient, expected: int) -> None:
    """Check the status; a refused request changes nothing, another has its effect."""
    before = all_rows()
    answer = row.ask(client, token)
    assert answer.status == expected
    if expected >= 400:
        assert_is_refusal(answer, expected)
        assert all_rows() == before
    else:
        assert row.is_done(client, token)


def refuses_without_parameters(
    row: Row, token: str, client: TalkClient, expected: int
) -> None:
    """Check the status without parameters: 400 only for callers who may do it."""
    before = all_rows()
    assert_is_refusal(replace(row, send={}).ask(client, token), expected)
    assert all_rows() == before


def refuses_as_if_unknown(
    row: Row, token: str, client: TalkClient, expected: int
) -> None:
    """Check that a private room is refused exactly as one that does not exist."""
    private, missing = row.ask(client, token), row.ask(client, "nowhere9")
    assert replace(private, headers={}) == replace(missing, headers={})


def test_every_endpoint_has_a_row() -> None:
    base = "/ocs/v2.php"
    listed = {
        (r.method.lower(), r.path if r.path.startswith(base) else BASE + r.path)
        for r in ROWS
    }
    assert listed == {(m, path) for m, path in ROUTED if path.startswith(base)}


@pytest.mark.parametrize("kind", RoomKind)
def test_there_are_callers_inside_and_outside_of_every_room(kind: RoomKind) -> None:
    there = {caller for caller in CallerKind if exists(caller, kind)}
    assert there - IN_ROOMS
    assert (there & IN_ROOMS == set()) == (kind is RoomKind.UNKNOWN)


def test_every_caller_exists_in_some_room() -> None:
    assert {caller for scene in SCENES for caller in scene.values[:1]} == set(
        CallerKind
    )


def test_a_wrong_cell_is_named() -> None:
    requests = [replace(LEAVE, users_only=False)]
    wrong = wrong_cells(CallerKind.GUEST, RoomKind.PUBLIC, requests, answers)
    named = [line.split(":")[0] for line in wrong]
    assert named == [f"{LEAVE.what}, {CallerKind.GUEST}, {RoomKind.PUBLIC}"]


@pytest.mark.parametrize(("caller", "kind"), SCENES)
def test_every_request_has_the_documented_answer(
    caller: CallerKind, kind: RoomKind
) -> None:
    requests = [row for row in rows_for(kind) if caller not in row.drops_guest_of]
    assert not wrong_cells(caller, kind, requests, answers)


@pytest.mark.parametrize(("caller", "kind"), SCENES)
def test_only_permitted_callers_are_told_that_a_parameter_is_missing(
    caller: CallerKind, kind: RoomKind
) -> None:
    bare = [
        replace(
            row,
            in_kinds={k: s for k, s in row.in_kinds.items() if s == 403},
            done=400,
        )
        for row in rows_for(kind, NEEDING)
    ]
    assert not wrong_cells(caller, kind, bare, refuses_without_parameters)


@pytest.mark.parametrize(("caller", "kind"), OUTSIDE)
def test_a_private_room_is_refused_like_one_that_does_not_exist(
    caller: CallerKind, kind: RoomKind
) -> None:
    requests = [row for row in ABOUT_A_ROOM if caller not in row.for_callers]
    assert not wrong_cells(caller, kind, requests, refuses_as_if_unknown)


@pytest.mark.parametrize(("caller", "kind"), SCENES)
def test_mails_are_sent_only_for_permitted_callers(
    django_capture_on_commit_callbacks: Any, caller: CallerKind, kind: RoomKind
) -> None:
    def sends(row: Row, token: str, client: TalkClient, expected: int) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            row.ask(client, token)
        sent = [message.to for message in wait_for_mails()]
        mail.outbox.clear()
        assert sent == ([[ADDRESS]] if expected == 200 else [])

    assert not wrong_cells(caller, kind, MAILING, sends)


@pytest.mark.parametrize(
    "caller", [c for c in CallerKind if exists(c, RoomKind.LOCKED)]
)
def test_every_caller_joins_with_the_right_type(caller: CallerKind) -> None:
    token, client = scene(caller, RoomKind.LOCKED)
    client.join(token, SECRET)
    assert client.room(token)["participantType"] == OWN_TYPE.get(caller, 4)


@pytest.mark.parametrize(
    "caller", [c for c in CallerKind if exists(c, RoomKind.PUBLIC)]
)
def test_only_participants_see_the_participants(caller: CallerKind) -> None:
    token, client = scene(caller, RoomKind.PUBLIC)
    assert (client.room(token)["participants"] == []) == (caller not in IN_ROOMS)


def test_an_owner_who_leaves_for_good_leaves_the_room_to_the_others() -> None:
    token, client = scene(CallerKind.OWNER, RoomKind.PUBLIC)
    LEAVE.ask(client, token)
    assert "alice" not in user_types_of(token)
    assert len(user_types_of(token)) > 1
