"""Takes screenshots of each view, in three widths, light and dark.

``python -m tests.browser.screenshots [folder]`` writes them to `screenshots` by default.
They show the users and rooms of the demo, in a database of their own.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SIZES = ((390, 780), (820, 900), (1280, 800))
SCHEMES = ("light", "dark")

PICTURES_LOADED = """
() => [...document.images].every((one) => {
  const { width, top } = one.getBoundingClientRect();
  return width === 0 || top < 0 || top > innerHeight || one.complete;
})
"""
"""Whether all visible images outside of embedded rooms are loaded."""


def main() -> None:
    """Write all screenshots."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        _set_up(Path(work))
        from tests.browser.site import Site
        from tests.browser.visitors import ARGUMENTS, browser_path, require_playwright

        site = Site()
        site.start()
        try:
            with require_playwright().sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=browser_path(), args=ARGUMENTS
                )
                _take_all(browser, site, folder)
                browser.close()
        finally:
            site.stop()


def _set_up(work: Path) -> None:
    """Create a database with the data of the demo."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "example_project.settings"
    os.environ["DATABASE_URL"] = f"sqlite:///{work / 'demo.sqlite3'}"
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    from example_project.demo_data import create_demo_data

    create_demo_data()


def _take_all(browser: Any, site: Any, folder: Path) -> None:
    for scheme in SCHEMES:
        for width, height in SIZES:
            options = {
                "viewport": {"width": width, "height": height},
                "color_scheme": scheme,
                "reduced_motion": "reduce",
            }
            for view in VIEWS:
                with view(browser, site, options) as page:
                    name = view.__name__.strip("_").replace("_", "-")
                    page.wait_for_load_state("load")
                    page.wait_for_function(PICTURES_LOADED)
                    page.screenshot(path=folder / f"{name}-{width}-{scheme}.png")


@contextmanager
def _visitor(browser: Any, site: Any, username: str, options: Any) -> Iterator[Any]:
    from django.contrib.auth import get_user_model

    from tests.browser.visitors import Visitor

    user = get_user_model().objects.filter(username=username).first()
    visitor = Visitor(browser, site, user, **options)
    try:
        yield visitor
    finally:
        visitor.close()


def _token(**wanted: Any) -> str:
    from talk.models import Room

    return Room.objects.get(**wanted).token


@contextmanager
def _rooms(browser: Any, site: Any, options: Any) -> Iterator[Any]:
    with _visitor(browser, site, "alice", options) as alice:
        alice.open_list().room("Town square").wait_for()
        yield alice.page


@contextmanager
def _room(browser: Any, site: Any, options: Any) -> Iterator[Any]:
    with _visitor(browser, site, "alice", options) as alice:
        alice.open(_token(name="team")).messages.first.wait_for()
        yield alice.page


@contextmanager
def _suggestions(browser: Any, site: Any, options: Any) -> Iterator[Any]:
    with _visitor(browser, site, "alice", options) as alice:
        alice.open(_token(name="team")).input.press_sequentially("What do you say, @")
        alice.page.get_by_role("option").first.wait_for()
        yield alice.page


@contextmanager
def _settings(browser: Any, site: Any, options: Any) -> Iterator[Any]:
    with _visitor(browser, site, "alice", options) as alice:
        alice.open(_token(name="Town square")).open_details().wait_for()
        yield alice.page


@contextmanager
def _new_room(browser: Any, site: Any, options: Any) -> Iterator[Any]:
    with _visitor(browser, site, "alice", options) as alice:
        alice.open_list().press("New conversation")
        alice.dialog.get_by_role("searchbox").fill("o")
        alice.dialog.get_by_role("button", name="Bob Brown").wait_for()
        yield alice.page


@contextmanager
def _join_form(browser: Any, site: Any, options: Any) -> Iterator[Any]:
    with _visitor(browser, site, "", options) as guest:
        guest.page.goto(site.room(_token(name="Backstage")))
        guest.page.get_by_label("Password").wait_for()
        yield guest.page


@contextmanager
def _missing_room(browser: Any, site: Any, options: Any) -> Iterator[Any]:
    with _visitor(browser, site, "", options) as guest:
        guest.page.goto(site.room(_token(name="team")))
        yield guest.page


@contextmanager
def _preview(browser: Any, site: Any, options: Any) -> Iterator[Any]:
    with _visitor(browser, site, "alice", options) as alice:
        alice.open(_token(name="team")).page.locator(".tk-call-button").click()
        alice.page.wait_for_function(
            "() => document.querySelector('.tk-preview video').videoWidth > 0"
        )
        yield alice.page


@contextmanager
def _call(browser: Any, site: Any, options: Any) -> Iterator[Any]:
    from tests.browser.call_actions import expect_to_see, join_call, press

    with (
        _room_for_calls() as token,
        _visitor(browser, site, "alice", options) as alice,
        _visitor(browser, site, "bob", options) as bob,
        _visitor(browser, site, "carol", options) as carol,
    ):
        for visitor in (alice, bob, carol):
            join_call(visitor.open(token))
        expect_to_see(alice, "Bob Brown", "Carol Clark")
        press(carol, "Turn the camera off")
        alice.page.locator(".tk-tile:not(.tk-has-video)").wait_for()
        yield alice.page
        for visitor in (alice, bob, carol):
            press(visitor, "Leave the call")
            visitor.page.locator(".tk-call-button").wait_for()


@contextmanager
def _room_for_calls() -> Iterator[str]:
    """Create a room and delete it afterwards: other screenshots must not show the call."""
    from django.contrib.auth import get_user_model
    from django.utils import timezone

    from example_project.demo_data import GROUP
    from talk.domain import room_creation

    carol = get_user_model().objects.get(username="carol")
    room = room_creation.create_group_room(user=carol, invite=GROUP, now=timezone.now())
    type(room).objects.filter(pk=room.pk).update(name="Harbour plans")
    yield room.token
    room.delete()


@contextmanager
def _article(browser: Any, site: Any, options: Any) -> Iterator[Any]:
    with _visitor(browser, site, "alice", options) as alice:
        alice.page.goto("/articles/1/")
        alice.messages.first.wait_for()
        yield alice.page


VIEWS: tuple[Callable[..., Any], ...] = (
    _rooms,
    _room,
    _suggestions,
    _settings,
    _new_room,
    _join_form,
    _missing_room,
    _preview,
    _call,
    _article,
)


if __name__ == "__main__":
    main()
