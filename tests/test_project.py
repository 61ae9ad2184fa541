"""Tests of the project as a whole."""

from __future__ import annotations

import pytest
from django.core.management import call_command


@pytest.mark.django_db
def test_migrations_are_complete() -> None:
    call_command("makemigrations", "talk", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db
def test_two_people_and_a_guest_talk(as_alice, as_bob, as_guest) -> None:
    token = as_alice.create_room(type=3)
    as_bob.join(token)
    as_guest.join(token)

    first = as_alice.say(token, "hello")
    as_bob.say(token, "hi")
    as_guest.post(f"/chat/{token}", message="good day", actorDisplayName="Gwen")

    heard = as_alice.poll(token, after=first)
    assert [(m["actorDisplayName"], m["message"]) for m in heard.data] == [
        ("Bob Brown", "hi"),
        ("Gwen", "good day"),
    ]
