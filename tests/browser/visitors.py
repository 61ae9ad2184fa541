"""Browsers of users and guests, and their actions in the page."""

from __future__ import annotations

import importlib
import os
import re
import shutil
from typing import Any

import pytest

from tests.browser.site import Site
from tests.servers import session_cookie

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream=fps=5",  # encoding more takes all cores
    "--use-fake-ui-for-media-stream",
    "--auto-select-desktop-capture-source=Entire screen",
]

TIMEOUT_MILLISECONDS = 60_000
"""How long a test waits before it fails; a busy machine is slow."""

EXPECTED_MESSAGES = re.compile(
    r"Failed to load resource: (.* )?net::ERR_.*"
    r"|Failed to load resource: .* /(ocs/.*|call/[a-z0-9]+)"
    r"|WebSocket connection to .* failed: .*"
)
"""Console messages about refused requests and stopped servers, which tests cause."""


def require_playwright() -> Any:
    """Return Playwright; without it, skip the test, or fail it in CI."""
    try:
        return importlib.import_module("playwright.sync_api")
    except ImportError:
        return _skip_or_fail("needs Playwright: pip install 'django-talk[browser]'")


def expect(target: Any) -> Any:
    """Return Playwright's assertions for a page or locator; they wait until they hold."""
    return require_playwright().expect(target)


def require_axe() -> str:
    """Return the source of axe-core; without it, skip the test, or fail it in CI."""
    try:
        module = importlib.import_module("axe_playwright_python.sync_playwright")
    except ImportError:
        return _skip_or_fail("needs axe-core: pip install 'django-talk[browser]'")
    return module.Axe().axe_script


def browser_path() -> str:
    """Return the path of Chromium; without it, skip the test, or fail it in CI."""
    return shutil.which("chromium") or _skip_or_fail(
        "needs Chromium: apt-get install --no-install-recommends chromium"
    )


def _skip_or_fail(reason: str) -> Any:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


class Visitor:
    """A browser context with one page, and the errors of its pages."""

    def __init__(self, browser: Any, site: Site, user: Any, **options: Any) -> None:
        self.site = site
        self.user = user
        self.problems: list[str] = []
        self.context = browser.new_context(
            base_url=site.url, **{"locale": "en-GB", **options}
        )
        self.context.set_default_timeout(TIMEOUT_MILLISECONDS)
        if user is not None:
            cookies = session_cookie(user).items()
            self.context.add_cookies(
                [
                    {"name": name, "value": value, "url": site.url}
                    for name, value in cookies
                ]
            )
        self.page = self.open_page()

    def open_page(self) -> Any:
        """Open another tab."""
        page = self.context.new_page()
        page.on("console", self._on_console)
        page.on("request", self._on_request)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        return page

    def _on_console(self, message: Any) -> None:
        path = message.location.get("url", "").removeprefix(self.site.url)
        text = f"{message.text} {path}"
        if message.type in {"error", "warning"} and not EXPECTED_MESSAGES.match(text):
            self.problems.append(text)

    def _on_request(self, request: Any) -> None:
        """Record requests to other hosts: the page must not make any."""
        if not request.url.startswith((f"{self.site.url}/", "data:", "blob:")):
            self.problems.append(f"A request to another host: {request.url}")

    def close(self) -> None:
        """Close the browser context."""
        self.context.close()

    # Parts of the page.

    @property
    def log(self) -> Any:
        """The log of messages."""
        return self.page.get_by_role("log")

    @property
    def messages(self) -> Any:
        """The comments in the log."""
        return self.log.get_by_role("article")

    @property
    def input(self) -> Any:
        """The field for a new message."""
        return self.page.get_by_role("textbox", name="Message", exact=True)

    @property
    def rooms(self) -> Any:
        """The list of rooms."""
        return self.page.get_by_role("list", name="Conversations")

    @property
    def details(self) -> Any:
        """The panel with participants and settings."""
        return self.page.get_by_role("complementary", name="People and settings")

    @property
    def dialog(self) -> Any:
        """The open dialog."""
        return self.page.get_by_role("dialog")

    def texts(self) -> list[str]:
        """Return the texts of the comments in the log."""
        return self.log.locator("article .tk-text").all_inner_texts()

    def room(self, name: str) -> Any:
        """Return a room's item in the list."""
        return self.rooms.get_by_role("listitem").filter(has_text=name)

    # Actions.

    def open(self, token: str) -> Visitor:
        """Open a room that needs no form to join, and wait until it is shown."""
        self.page.goto(self.site.room(token))
        self.input.wait_for()
        return self

    def open_list(self) -> Visitor:
        """Open the list of rooms."""
        self.page.goto("/apps/spreed/")
        return self

    def load_changes(self) -> None:
        """Load rooms and participants now, as when the network returns.

        Otherwise a test waits until the page loads them the next time, for seconds.
        """
        self.page.evaluate("() => { window.dispatchEvent(new Event('online')); }")

    def say(self, text: str) -> None:
        """Write a message and send it."""
        self.input.fill(text)
        self.input.press("Enter")

    def open_details(self) -> Any:
        """Open the panel with participants and settings, and return it."""
        self.page.get_by_role("button", name="People and settings").click()
        return self.details

    def press(self, name: str) -> None:
        """Press the button with this name."""
        self.page.get_by_role("button", name=name, exact=True).click()
