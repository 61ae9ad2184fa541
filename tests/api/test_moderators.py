"""/room/{token}/moderators: who may promote and demote, and how it is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.callers import (
    Caller,
    guest,
    invited,
    owner,
)
from tests.api.helpers import (
    UNSTORABLE,
    assert_done,
    assert_refused,
    hash_of,
    put_in,
    rows,
    user_types_of,
)
from tests.api.moderation import (
    NO_TEXT,
    body_of,
    demote,
    join_as_guest,
    moderator,
    promote,
    send_json,
    type_of,
    type_of_session,
)
from tests.api.wire import PLACES, send
from tests.factories import UserFactory

REFUSED = [invited, guest]

CHANGES = [
    pytest.param("POST", 3, 2, id="promote"),
    pytest.param("DELETE", 2, 3, id="demote"),
]
"""Method, type before, type after."""

GUEST_CHANGES = [
    pytest.param("POST", 4, 6, id="promote"),
    pytest.param("DELETE", 6, 4, id="demote"),
]
BOTH = ["POST", "DELETE"]


@pytest.fixture
def dora(db: None) -> Any:
    """A user whom callers want to promote or demote."""
    return UserFactory(username="dora")


class TestAccess:
    """Access, beyond the authorisation matrix."""

    @pytest.mark.parametrize(("method", "old", "new"), CHANGES)
    @pytest.mark.parametrize("caller", REFUSED)
    def test_a_participant_who_is_no_moderator_gets_403(
        self, shared, dora, caller: Caller, method, old, new
    ):
        put_in(shared, dora, type=old)
        client = caller(shared)
        before = rows()
        path = f"/room/{shared}/moderators"
        for user_id in ("dora", "nobody", "alice"):
            answer = client.request(method, path, query={"participant": user_id})
            assert_refused(answer, 403)
        assert rows() == before

    @pytest.mark.parametrize(("method", "old", "new"), GUEST_CHANGES)
    @pytest.mark.parametrize("caller", REFUSED)
    def test_a_participant_who_is_no_moderator_gets_403_for_guests(
        self, shared, caller: Caller, method, old, new
    ):
        client = caller(shared)
        _, session_id = join_as_guest(shared, type=old)
        before = rows()
        path = f"/room/{shared}/moderators"
        for name in (session_id, "nobody", "0"):
            answer = client.request(method, path, query={"sessionId": name})
            assert_refused(answer, 403)
        assert rows() == before

    def test_a_promoted_user_may_promote_and_demote(
        self, as_alice, as_bob, dora, shared
    ):
        put_in(shared, dora)
        promote(as_alice, shared, participant="bob")
        assert_done(promote(as_bob, shared, participant="dora"))
        assert type_of("dora") == 2
        assert_done(demote(as_bob, shared, participant="dora"))
        assert type_of("dora") == 3

    def test_a_demoted_user_may_not_promote(self, as_alice, as_bob, bob, dora, public):
        put_in(public, bob, type=2)
        put_in(public, dora)
        demote(as_alice, public, participant="bob")
        assert_refused(promote(as_bob, public, participant="dora"), 403)


class TestRequest:
    """Parameters, and the order of the checks."""

    @pytest.mark.parametrize(("method", "old", "new"), CHANGES)
    @pytest.mark.parametrize("place", PLACES)
    def test_a_user_may_be_named_anywhere(
        self, as_alice, bob, public, place, method, old, new
    ):
        put_in(public, bob, type=old)
        path = f"/room/{public}/moderators"
        assert_done(send(as_alice, method, path, place, participant="bob"))
        assert type_of("bob") == new

    @pytest.mark.parametrize(("method", "old", "new"), GUEST_CHANGES)
    @pytest.mark.parametrize("place", PLACES)
    def test_a_guest_may_be_named_anywhere(
        self, as_alice, public, place, method, old, new
    ):
        _, session_id = join_as_guest(public, type=old)
        path = f"/room/{public}/moderators"
        assert_done(send(as_alice, method, path, place, sessionId=session_id))
        assert type_of_session(session_id) == new

    @pytest.mark.parametrize("name", ["participant", "sessionId"])
    @pytest.mark.parametrize("value", NO_TEXT)
    @pytest.mark.parametrize("method", BOTH)
    def test_without_a_text_it_is_400(self, as_alice, shared, method, value, name):
        before = rows()
        path = f"/room/{shared}/moderators"
        assert_refused(send_json(as_alice, method, path, body_of(name, value)), 400)
        assert rows() == before

    @pytest.mark.parametrize("method", BOTH)
    def test_without_anybody_it_is_404_for_strangers(
        self, non_participant, public, method
    ):
        answer = non_participant.request(method, f"/room/{public}/moderators")
        assert_refused(answer, 404)

    @pytest.mark.parametrize("method", BOTH)
    @pytest.mark.parametrize("caller", REFUSED)
    def test_without_anybody_it_is_403_for_others(self, shared, caller: Caller, method):
        answer = caller(shared).request(method, f"/room/{shared}/moderators")
        assert_refused(answer, 403)

    @pytest.mark.parametrize(("method", "old", "new"), CHANGES)
    def test_null_as_user_leaves_it_to_the_session(
        self, as_alice, public, method, old, new
    ):
        _, session_id = join_as_guest(public, type={3: 4, 2: 6}[old])
        body = {"participant": None, "sessionId": session_id}
        path = f"/room/{public}/moderators"
        assert_done(send_json(as_alice, method, path, body))
        assert type_of_session(session_id) == {2: 6, 3: 4}[new]

    @pytest.mark.parametrize(("method", "old", "new"), CHANGES)
    def test_the_user_wins_over_the_session(
        self, as_alice, bob, public, method, old, new
    ):
        put_in(public, bob, type=old)
        guest_type = {3: 4, 2: 6}[old]
        _, session_id = join_as_guest(public, type=guest_type)
        query = {"participant": "bob", "sessionId": session_id}
        path = f"/room/{public}/moderators"
        assert_done(as_alice.request(method, path, query=query))
        assert type_of("bob") == new
        assert type_of_session(session_id) == guest_type

    @pytest.mark.parametrize(("method", "type"), [("POST", 4), ("DELETE", 6)])
    def test_an_unknown_user_is_404_whatever_the_session(
        self, as_alice, public, method, type
    ):
        _, session_id = join_as_guest(public, type=type)
        before = rows()
        query = {"participant": "nobody", "sessionId": session_id}
        path = f"/room/{public}/moderators"
        assert_refused(as_alice.request(method, path, query=query), 404)
        assert rows() == before

    @pytest.mark.parametrize("method", BOTH)
    @pytest.mark.parametrize("user_id", ["nobody", "carol", "BOB", "b%", "0"])
    def test_somebody_who_is_not_there_is_404(
        self, as_alice, carol, shared, user_id, method
    ):
        before = rows()
        path = f"/room/{shared}/moderators"
        answer = as_alice.request(method, path, query={"participant": user_id})
        assert_refused(answer, 404)
        assert rows() == before

    @pytest.mark.parametrize("method", BOTH)
    def test_an_empty_user_id_is_refused(self, as_alice, shared, method):
        before = rows()
        path = f"/room/{shared}/moderators"
        answer = as_alice.request(method, path, query={"participant": ""})
        assert answer.status in (400, 404)
        assert rows() == before

    @pytest.mark.parametrize("method", BOTH)
    @pytest.mark.parametrize("name", ["participant", "sessionId"])
    @pytest.mark.parametrize("value", UNSTORABLE)
    def test_a_text_that_cannot_be_stored_is_refused(
        self, as_alice, shared, value, name, method
    ):
        before = rows()
        path = f"/room/{shared}/moderators"
        answer = send_json(as_alice, method, path, {name: value})
        assert answer.status in (400, 404)
        assert rows() == before

    @pytest.mark.parametrize("method", BOTH)
    def test_somebody_of_another_room_is_404(self, as_alice, carol, shared, method):
        put_in(as_alice.create_room(type=3), carol)
        before = rows()
        path = f"/room/{shared}/moderators"
        answer = as_alice.request(method, path, query={"participant": "carol"})
        assert_refused(answer, 404)
        assert rows() == before

    @pytest.mark.parametrize("method", BOTH)
    @pytest.mark.parametrize("session_id", ["0", "nobody", "x" * 512])
    def test_an_unknown_session_is_404(
        self, as_alice, as_guest, public, session_id, method
    ):
        as_guest.join(public)
        before = rows()
        path = f"/room/{public}/moderators"
        answer = as_alice.request(method, path, query={"sessionId": session_id})
        assert_refused(answer, 404)
        assert rows() == before

    @pytest.mark.parametrize("method", BOTH)
    def test_the_public_id_of_a_guest_is_no_session(self, as_alice, public, method):
        _, session_id = join_as_guest(public)
        path = f"/room/{public}/moderators"
        query = {"sessionId": hash_of(session_id)}
        assert_refused(as_alice.request(method, path, query=query), 404)

    @pytest.mark.parametrize(("method", "type"), [("POST", 4), ("DELETE", 6)])
    def test_a_guest_of_another_room_is_404(self, as_alice, public, method, type):
        _, session_id = join_as_guest(as_alice.create_room(type=3), type=type)
        path = f"/room/{public}/moderators"
        answer = as_alice.request(method, path, query={"sessionId": session_id})
        assert_refused(answer, 404)
        assert type_of_session(session_id) == type

    @pytest.mark.parametrize("method", BOTH)
    def test_a_guest_who_left_is_404(self, as_alice, public, method):
        client, session_id = join_as_guest(public)
        client.leave(public)
        path = f"/room/{public}/moderators"
        answer = as_alice.request(method, path, query={"sessionId": session_id})
        assert_refused(answer, 404)


class TestTarget:
    """Participants whose type cannot be changed."""

    @pytest.mark.parametrize("type", [1, 2, 5])
    def test_only_normal_users_are_promoted(self, as_alice, bob, public, type):
        put_in(public, bob, type=type)
        before = rows()
        assert_refused(promote(as_alice, public, participant="bob"), 412)
        assert rows() == before

    @pytest.mark.parametrize("type", [1, 3, 5])
    def test_only_moderators_are_demoted(self, as_alice, bob, public, type):
        put_in(public, bob, type=type)
        before = rows()
        assert_refused(demote(as_alice, public, participant="bob"), 412)
        assert rows() == before

    def test_an_owner_does_not_promote_themself(self, as_alice, public):
        assert_refused(promote(as_alice, public, participant="alice"), 412)
        assert user_types_of(public) == {"alice": 1}

    def test_a_moderator_does_not_promote_themself(self, public):
        assert_refused(promote(moderator(public), public, participant="mona"), 412)
        assert type_of("mona") == 2

    @pytest.mark.parametrize(
        ("caller", "name"), [(owner, "alice"), (moderator, "mona")]
    )
    def test_nobody_demotes_themself(self, public, caller: Caller, name):
        client = caller(public)
        before = rows()
        assert_refused(demote(client, public, participant=name), 403)
        assert rows() == before

    def test_demoting_oneself_is_403_whatever_the_session(self, as_alice, public):
        _, session_id = join_as_guest(public, type=6)
        query = {"participant": "alice", "sessionId": session_id}
        assert_refused(demote(as_alice, public, **query), 403)
        assert type_of_session(session_id) == 6

    def test_a_guest_moderator_does_not_demote_themself(self, public):
        client, session_id = join_as_guest(public, type=6)
        before = rows()
        assert_refused(demote(client, public, sessionId=session_id), 403)
        assert rows() == before

    def test_a_guest_moderator_does_not_promote_themself(self, public):
        client, session_id = join_as_guest(public, type=6)
        before = rows()
        assert_refused(promote(client, public, sessionId=session_id), 412)
        assert rows() == before

    def test_an_owner_who_names_the_own_session_is_not_demoted(self, as_alice, public):
        session_id = as_alice.join(public)
        before = rows()
        assert_refused(demote(as_alice, public, sessionId=session_id), 403)
        assert rows() == before

    @pytest.mark.parametrize("type", [1, 2, 3, 5])
    @pytest.mark.parametrize("method", BOTH)
    def test_the_session_of_a_user_is_not_that_of_a_guest(
        self, as_alice, as_bob, bob, public, type, method
    ):
        put_in(public, bob, type=type)
        session_id = as_bob.join(public)
        before = rows()
        path = f"/room/{public}/moderators"
        answer = as_alice.request(method, path, query={"sessionId": session_id})
        assert_refused(answer, 412)
        assert rows() == before

    @pytest.mark.parametrize(("method", "type"), [("POST", 6), ("DELETE", 4)])
    def test_a_guest_who_is_it_already_is_412(self, as_alice, public, method, type):
        _, session_id = join_as_guest(public, type=type)
        before = rows()
        path = f"/room/{public}/moderators"
        answer = as_alice.request(method, path, query={"sessionId": session_id})
        assert_refused(answer, 412)
        assert rows() == before

    @pytest.mark.parametrize(
        ("method", "user_id", "status"),
        [
            ("POST", "bob", 412),
            ("DELETE", "bob", 412),
            ("POST", "carol", 404),
            ("DELETE", "carol", 404),
        ],
    )
    def test_nobody_changes_in_a_pair(
        self, as_alice, carol, pair, method, user_id, status
    ):
        before = rows()
        path = f"/room/{pair}/moderators"
        answer = as_alice.request(method, path, query={"participant": user_id})
        assert_refused(answer, status)
        assert rows() == before

    @pytest.mark.parametrize("method", BOTH)
    def test_the_partner_of_a_former_pair_stays_owner(
        self, as_alice, carol, pair, method
    ):
        as_alice.post(f"/room/{pair}/participants", newParticipant="carol")
        path = f"/room/{pair}/moderators"
        answer = as_alice.request(method, path, query={"participant": "bob"})
        assert_refused(answer, 412)
        assert user_types_of(pair) == {"alice": 1, "bob": 1, "carol": 3}
