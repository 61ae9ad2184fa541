"""The running site: does it response HTTP requests, and how does it serve long polls?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from talk.api.polls.base import SERVED_BY, SERVED_BY_HEADER
from talk.conf import talk_settings
from talk.doctor.findings import Finding, ProbeOptions, failed, ok, skipped, warning

SITE, POLLS = "site", "long polls"

TIMEOUT_SECONDS = 20.0

HEADERS = {"Accept": "application/json", "OCS-APIRequest": "true"}

CAPABILITIES = "/ocs/v2.php/cloud/capabilities"

POLL = "/ocs/v2.php/apps/spreed/api/v1/chat/talkdoctor?lookIntoFuture=1&timeout=1"
"""A poll of a room that does not exist or is not ours: it is answered at once."""


@dataclass(frozen=True, kw_only=True)
class SiteResponse:
    """A response of the site. `content` is None if it is not JSON."""

    status: int
    headers: Mapping[str, str]
    content: Any


def probe_site(options: ProbeOptions) -> Iterator[Finding]:
    """ProbeOptions the capabilities, and check what answers a poll."""
    url = (options.url or talk_settings().SITE_URL).rstrip("/")
    if not url:
        yield skipped(SITE, "Its address is unknown: give --url.")
        return
    response = get(url + CAPABILITIES)
    if not _is_ours(response.content):
        yield failed(
            SITE,
            f"{url}{CAPABILITIES} answers {response.status}, without the capabilities of Talk.",
            'The address must be the prefix of include("talk.urls"); a '
            "proxy must pass on /ocs.",
        )
        return
    yield ok(SITE, f"{url} answers with its capabilities.")
    yield _poll_finding(get(url + POLL))


def get(url: str) -> SiteResponse:
    """Send a GET request. `url` begins with http: or https:.

    Raises:
        OSError: there is no response.
    """
    request = Request(url, headers=HEADERS)  # noqa: S310 - checked by the command
    try:
        with urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - as above
            return _site_response(response)
    except HTTPError as error:
        with error:
            return _site_response(error)


def _site_response(response: Any) -> SiteResponse:
    try:
        content = json.loads(response.read())
    except ValueError:
        content = None
    return SiteResponse(
        status=response.status, headers=response.headers, content=content
    )


def _is_ours(content: Any) -> bool:
    """Return whether these are capabilities that include Talk's."""
    for key in ("ocs", "data", "capabilities", "spreed"):
        if not isinstance(content, dict):
            return False
        content = content.get(key)
    return content is not None


def _poll_finding(response: SiteResponse) -> Finding:
    if response.headers.get(SERVED_BY_HEADER) == SERVED_BY:
        return ok(POLLS, "talk.asgi serves them, and they hold no worker.")
    return warning(
        POLLS,
        f"talk.asgi does not serve them (the response {response.status} comes without "
        f"{SERVED_BY_HEADER}): each holds a worker, and ends early.",
        "In asgi.py, write `application = talk.asgi.application(…)`, and serve the site "
        "by ASGI.",
    )
