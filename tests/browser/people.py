"""People with browsers, and what they do with the page."""

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

PATIENCE_MILLISECONDS = 60_000
"""What never happens, no test shall wait for longer; a busy machine may need some."""

EXPECTED = re.compile(
    r"Failed to load resource: (.* )?net::ERR_.*"
    r"|Failed to load resource: .* /(ocs/.*|call/[a-z0-9]+)"
    r"|WebSocket connection to .* failed: .*"
)
"""What browsers write about refusals, and servers that are away, which are no defects."""


def need_playwright() -> Any:
    """Return Playwright, or skip the test; in CI it must be there."""
    try:
        return importlib.import_module("playwright.sync_api")
    except ImportError:
        return _do_without("needs Playwright: pip install 'django-talk[browser]'")


def expect(target: Any) -> Any:
    """Return what to say about a part of a page, which is waited for."""
    return need_playwright().expect(target)


def need_axe() -> str:
    """Return the source of axe-core, or skip the test; in CI it must be there."""
    try:
        module = importlib.import_module("axe_playwright_python.sync_playwright")
    except ImportError:
        return _do_without("needs axe-core: pip install 'django-talk[browser]'")
    return module.Axe().axe_script


def browser_path() -> str:
    """Return where Debian's Chromium is, or skip the test; in CI it must be there."""
    return shutil.which("chromium") or _do_without(
        "needs Chromium: apt-get install --no-install-recommends chromium"
    )


def _do_without(reason: str) -> Any:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


class Visitor:
    """A browser context with one page, and what the page has complained of."""

    def __init__(self, browser: Any, site: Site, user: Any, **options: Any) -> None:
        self.site = site
        self.user = user
        self.complaints: list[str] = []
        self.context = browser.new_context(
            base_url=site.url, **{"locale": "en-GB", **options}
        )
        self.context.set_default_timeout(PATIENCE_MILLISECONDS)
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
        page.on("console", self._listen)
        page.on("request", self._watch)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def _listen(self, message: Any) -> None:
        path = message.location.get("url", "").removeprefix(self.site.url)
        text = f"{message.text} {path}"
        if message.type in {"error", "warning"} and not EXPECTED.match(text):
            self.complaints.append(text)

    def _watch(self, request: Any) -> None:
        """What is said in a room is nobody else's business."""
        if not request.url.startswith((f"{self.site.url}/", "data:", "blob:")):
            self.complaints.append(f"A request to another host: {request.url}")

    def close(self) -> None:
        """Go away."""
        self.context.close()

    # What one sees.

    @property
    def log(self) -> Any:
        """The messages."""
        return self.page.get_by_role("log")

    @property
    def messages(self) -> Any:
        """What people have said."""
        return self.log.get_by_role("article")

    @property
    def input(self) -> Any:
        """Where one writes."""
        return self.page.get_by_role("textbox", name="Message", exact=True)

    @property
    def rooms(self) -> Any:
        """The list of rooms."""
        return self.page.get_by_role("list", name="Conversations")

    @property
    def details(self) -> Any:
        """People and settings."""
        return self.page.get_by_role("complementary", name="People and settings")

    @property
    def dialog(self) -> Any:
        """What is in front of the page."""
        return self.page.get_by_role("dialog")

    def texts(self) -> list[str]:
        """Return what people have said, as far as it is shown."""
        return self.log.locator("article .tk-text").all_inner_texts()

    def room(self, name: str) -> Any:
        """Return an entry of the list."""
        return self.rooms.get_by_role("listitem").filter(has_text=name)

    # What one does.

    def open(self, token: str) -> Visitor:
        """Follow the link to a room that one is in, and wait until it is there."""
        self.page.goto(self.site.room(token))
        self.input.wait_for()
        return self

    def open_list(self) -> Visitor:
        """Look at all one's rooms."""
        self.page.goto("/apps/spreed/")
        return self

    def say(self, text: str) -> None:
        """Write a message and send it."""
        self.input.fill(text)
        self.input.press("Enter")

    def open_details(self) -> Any:
        """Look at people and settings."""
        self.page.get_by_role("button", name="People and settings").click()
        return self.details

    def press(self, name: str) -> None:
        """Press the button called so."""
        self.page.get_by_role("button", name=name, exact=True).click()
