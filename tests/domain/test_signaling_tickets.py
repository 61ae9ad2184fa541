"""Tickets: their content and their owners."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from talk.domain.signaling_tickets import (
    is_signed_ticket,
    is_valid_ticket,
    make_ticket,
    sign_ticket,
    ticket_secret,
)

SECRET = "example-ticket-secret"
ALICES = (
    "AbCdEfGh12345678:1700000000:alice:"
    "bfa11d58d99cec9bd4bac27200355dcfb12d95ab4056afe501e0f2f80fc460a3"
)
A_GUESTS = (
    "AbCdEfGh12345678:1700000000::"
    "6d8c53ef603c6389fa98371e56ed9501245aa1cc661b77f93691fc06e660c354"
)
NOW = datetime.fromtimestamp(1700000000, UTC)

USER_IDS = ["alice", "", "a:b:c", "zoë", "alice@example.org", ":", "0"]


class TestSignature:
    """Signatures with a given secret."""

    @pytest.mark.parametrize("ticket", [ALICES, A_GUESTS], ids=["user", "guest"])
    def test_a_ticket_equals_a_known_one(self, ticket):
        data = ticket.rpartition(":")[0]
        assert sign_ticket(data=data, secret=SECRET) == ticket
        assert is_signed_ticket(ticket=ticket, secret=SECRET)

    def test_another_secret_gives_another_signature(self):
        assert not is_signed_ticket(ticket=ALICES, secret="another-secret")

    @pytest.mark.parametrize(
        "ticket",
        [
            "",
            ":",
            "alice",
            ALICES.replace("alice", "bobby"),
            ALICES.replace("1700000000", "1700000001"),
            ALICES.upper(),
            ALICES[:-1],
            ALICES + "0",
            ALICES.rpartition(":")[0],
            ALICES.rpartition(":")[2],
            ALICES.replace(":alice:", "::"),
            "\ud800:\ud800",
            "é:é",
        ],
    )
    def test_other_texts_are_no_tickets(self, ticket):
        assert not is_signed_ticket(ticket=ticket, secret=SECRET)


class TestMake:
    """A new ticket."""

    @pytest.mark.parametrize("user_id", USER_IDS)
    def test_it_has_four_parts(self, user_id):
        ticket = make_ticket(user_id=user_id, now=NOW)
        found = re.fullmatch(
            r"([A-Za-z0-9]{16}):1700000000:(.*):[0-9a-f]{64}", ticket, re.DOTALL
        )
        assert found
        assert found[2] == user_id

    def test_it_differs_each_time(self):
        tickets = {make_ticket(user_id="alice", now=NOW) for _ in range(20)}
        assert len(tickets) == 20

    @pytest.mark.parametrize("user_id", USER_IDS)
    def test_it_is_valid_for_its_owner(self, user_id):
        ticket = make_ticket(user_id=user_id, now=NOW)
        assert is_valid_ticket(ticket=ticket, user_id=user_id)

    @pytest.mark.parametrize("user_id", USER_IDS)
    def test_it_is_not_valid_for_others(self, user_id):
        ticket = make_ticket(user_id=user_id, now=NOW)
        for other in {*USER_IDS, "bob", "Alice", "\ud800"} - {user_id}:
            assert not is_valid_ticket(ticket=ticket, user_id=other)

    @pytest.mark.parametrize("ticket", [ALICES, A_GUESTS, "", "a:b:c:d"])
    def test_other_texts_are_not_valid(self, ticket):
        assert not is_valid_ticket(ticket=ticket, user_id="alice")
        assert not is_valid_ticket(ticket=ticket, user_id="")


class TestSecret:
    """The secrets, which are derived from the site's."""

    def test_each_user_has_another_secret(self):
        secrets = {ticket_secret(user_id, "key") for user_id in USER_IDS}
        assert len(secrets) == len(USER_IDS)

    def test_it_is_not_the_sites_secret(self, settings):
        secret = ticket_secret("alice", settings.SECRET_KEY)
        assert settings.SECRET_KEY not in secret
        assert not is_signed_ticket(
            ticket=make_ticket(user_id="alice", now=NOW), secret=settings.SECRET_KEY
        )

    def test_a_new_secret_key_invalidates_old_tickets(self, settings):
        ticket = make_ticket(user_id="alice", now=NOW)
        settings.SECRET_KEY = "a new one"
        assert not is_valid_ticket(ticket=ticket, user_id="alice")

    def test_a_fallback_key_keeps_them_valid(self, settings):
        ticket = make_ticket(user_id="alice", now=NOW)
        settings.SECRET_KEY_FALLBACKS = ["another one", settings.SECRET_KEY]
        settings.SECRET_KEY = "a new one"
        assert is_valid_ticket(ticket=ticket, user_id="alice")
        assert not is_valid_ticket(ticket=ticket, user_id="bob")

    def test_new_tickets_are_signed_with_the_new_key(self, settings):
        settings.SECRET_KEY_FALLBACKS = ["an old one"]
        ticket = make_ticket(user_id="alice", now=NOW)
        settings.SECRET_KEY_FALLBACKS = []
        assert is_valid_ticket(ticket=ticket, user_id="alice")
