"""Who may do what: every request, by every kind of caller, in every kind of room."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from talk.api.polls import answer_at_once
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

CELLS = [
    pytest.param(row, who, kind, id=f"{row.what}-{who}-{kind}")
    for row in ROWS
    for kind in (Kind if row.is_about_a_room else [Kind.PUBLIC])
    for who in Who
    if exists(who, kind)
]
"""The whole matrix."""

OWN_TYPE = {
    Who.OWNER: 1,
    Who.MODERATOR: 2,
    Who.USER: 3,
    Who.SELF_JOINED: 5,
    Who.STRANGER: 5,
}
"""What users are after joining a public room; all others are guests."""

MAILING = ("add an address", "invite by e-mail")
LEAVE = next(row for row in ROWS if row.what == "leave for good")


def scene(who: Who, kind: Kind) -> tuple[str, TalkClient]:
    """Return a room and somebody who asks."""
    token = make_room(kind)
    client = make_caller(who, kind, token)
    if kind is Kind.DELETED:
        delete(token)
    return token, client


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


def test_every_caller_and_room_is_there() -> None:
    assert {cell.values[1] for cell in CELLS} == set(Who)
    assert {cell.values[2] for cell in CELLS} == set(Kind)


@pytest.mark.parametrize(("row", "who", "kind"), CELLS)
def test_cell(row: Row, who: Who, kind: Kind) -> None:
    """The status; what is refused changes nothing, and what is not is done."""
    token, client = scene(who, kind)
    before = rows()
    answer = row.ask(client, token)
    expected = expected_status(row, who, kind)
    assert answer.status == expected
    if expected >= 400:
        refuse(answer, expected)
        assert rows() == before
    else:
        assert row.is_done(client, token)


@pytest.mark.parametrize(
    ("row", "who", "kind"), [cell for cell in CELLS if cell.values[0].has_to_send]
)
def test_who_may_not_ask_is_not_told_that_something_is_missing(
    row: Row, who: Who, kind: Kind
) -> None:
    """It is missing, and said to be, only for those who may."""
    still_forbidden = {k: s for k, s in row.in_kinds.items() if s == 403}
    bare = replace(row, send={}, in_kinds=still_forbidden, done=400)
    token, client = scene(who, kind)
    before = rows()
    refuse(bare.ask(client, token), expected_status(bare, who, kind))
    assert rows() == before


@pytest.mark.parametrize(
    ("row", "who", "kind"),
    [
        cell
        for cell in CELLS
        if cell.values[2] in (Kind.ONE_TO_ONE, Kind.GROUP)
        and cell.values[1] not in IN_ROOMS
    ],
)
def test_a_private_room_is_refused_like_one_that_does_not_exist(
    row: Row, who: Who, kind: Kind
) -> None:
    token, client = scene(who, kind)
    private, missing = row.ask(client, token), row.ask(client, "nowhere9")
    assert (private.status, private.meta) == (missing.status, missing.meta)
    assert private.data == missing.data


@pytest.mark.parametrize(
    ("row", "who", "kind"),
    [cell for cell in CELLS if cell.values[0].what in MAILING],
)
def test_mails_are_sent_for_those_alone_who_may(
    django_capture_on_commit_callbacks: Any, row: Row, who: Who, kind: Kind
) -> None:
    token, client = scene(who, kind)
    with django_capture_on_commit_callbacks(execute=True):
        row.ask(client, token)
    is_allowed = expected_status(row, who, kind) == 200
    expected = [[ADDRESS]] if is_allowed else []
    assert [mail.to for mail in wait_for_mails()] == expected


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
