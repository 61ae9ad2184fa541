"""Fixtures: a real browser, and a real server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from talk.models import Room
from tests.browser.site import Site
from tests.browser.visitors import (
    ARGUMENTS,
    TIMEOUT_MILLISECONDS,
    Visitor,
    browser_path,
    require_playwright,
)
from tests.client import TalkClient
from tests.factories import ParticipantFactory


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    """A browser. It occupies the thread's event loop, so it closes after this package."""
    sync_api = require_playwright()
    path = browser_path()
    sync_api.expect.set_options(timeout=TIMEOUT_MILLISECONDS)
    # The driver's loop runs in our thread while we use the database, one after the other.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="package")
def running_site(django_db_setup: None) -> Iterator[Site]:
    """The example project. All tests share it, because it takes seconds to start."""
    site = Site()
    site.start()
    yield site
    site.stop()


@pytest.fixture
def site(transactional_db: None, running_site: Site) -> Iterator[Site]:
    """The example project; tests may stop it and start it again."""
    yield running_site
    running_site.start()


@pytest.fixture
def visit(chromium: Any, site: Site) -> Iterator[Callable[..., Visitor]]:
    """Return a function that opens a browser: `visit(alice)`, or `visit()` for a guest.

    Errors and warnings of the page fail the test.
    """
    visitors: list[Visitor] = []

    def visit(user: Any = None, **options: Any) -> Visitor:
        visitor = Visitor(chromium, site, user, **options)
        visitors.append(visitor)
        return visitor

    yield visit
    for visitor in visitors:
        visitor.close()
    problems = [text for visitor in visitors for text in visitor.problems]
    assert problems == []


@pytest.fixture
def alice(transactional_db: None) -> Any:
    """The owner of the rooms."""
    return _create_user("alice", "Alice", "Adams")


@pytest.fixture
def bob(transactional_db: None) -> Any:
    """A participant of the rooms."""
    return _create_user("bob", "Bob", "Brown")


@pytest.fixture
def carol(transactional_db: None) -> Any:
    """A user who is in no room."""
    return _create_user("carol", "Carol", "Clark")


@pytest.fixture
def team(alice: Any, bob: Any) -> str:
    """A group room of Alice and Bob."""
    token = TalkClient(alice).create_room(type=2, name="Team")
    ParticipantFactory(room=Room.objects.get(token=token), user=bob)
    return token


@pytest.fixture
def square(alice: Any, bob: Any) -> str:
    """A public room of Alice and Bob."""
    token = TalkClient(alice).create_room(type=3, name="Square")
    ParticipantFactory(room=Room.objects.get(token=token), user=bob)
    return token


def _create_user(username: str, first_name: str, last_name: str) -> Any:
    return get_user_model().objects.create_user(
        username, first_name=first_name, last_name=last_name
    )
