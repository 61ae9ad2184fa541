"""The running site, asked over HTTP as a client does: the API, and its long polls."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request as HTTPRequest
from urllib.request import urlopen

from talk.api.polls.base import SERVED_BY, SERVED_BY_HEADER
from talk.conf import talk_settings
from talk.doctor.findings import Finding, Request, failed, ok, skipped, warning

SITE, POLLS = "site", "long polls"

TIMEOUT_SECONDS = 20.0

HEADERS = {"Accept": "application/json", "OCS-APIRequest": "true"}

CAPABILITIES = "/ocs/v2.php/cloud/capabilities"

POLL = "/ocs/v2.php/apps/spreed/api/v1/chat/talkdoctor?lookIntoFuture=1&timeout=1"
"""A poll of a room that does not exist, or is none of ours: it is answered at once."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the site has answered. `content` is None where it is no JSON."""

    status: int
    headers: Mapping[str, str]
    content: Any


def probe_site(request: Request) -> Iterator[Finding]:
    """Ask for the capabilities, and look at who answers a poll."""
    url = (request.url or talk_settings().SITE_URL).rstrip("/")
    if not url:
        yield skipped(SITE, "Its address is not known: give --url.")
        return
    answer = get(url + CAPABILITIES)
    if not _is_ours(answer.content):
        yield failed(
            SITE,
            f"{url}{CAPABILITIES} answers {answer.status}, and no capabilities of Talk.",
            'The address must be the one below which include("talk.urls") stands; a '
            "proxy must pass on /ocs.",
        )
        return
    yield ok(SITE, f"{url} answers with its capabilities.")
    yield _poll_finding(get(url + POLL))


def get(url: str) -> Answer:
    """Ask for something. `url` begins with http: or https:.

    Raises:
        OSError: there is no answer.
    """
    request = HTTPRequest(url, headers=HEADERS)  # noqa: S310 - checked by who gives it
    try:
        with urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - as above
            return _answer(response)
    except HTTPError as error:
        with error:
            return _answer(error)


def _answer(response: Any) -> Answer:
    try:
        content = json.loads(response.read())
    except ValueError:
        content = None
    return Answer(status=response.status, headers=response.headers, content=content)


def _is_ours(content: Any) -> bool:
    """Whether these are capabilities with Talk's among them."""
    for key in ("ocs", "data", "capabilities", "spreed"):
        if not isinstance(content, dict):
            return False
        content = content.get(key)
    return content is not None


def _poll_finding(answer: Answer) -> Finding:
    if answer.headers.get(SERVED_BY_HEADER) == SERVED_BY:
        return ok(POLLS, "They are served by talk.asgi, and hold no worker.")
    return warning(
        POLLS,
        f"They are not served by talk.asgi (the answer {answer.status} comes without "
        f"{SERVED_BY_HEADER}): each holds a worker, and is cut short.",
        "In asgi.py, write `application = talk.asgi.application(…)`, and serve the site "
        "by ASGI.",
    )
