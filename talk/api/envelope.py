"""The OCS envelope, with which every answer is wrapped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

V1 = 1
V2 = 2
"""The two base paths, `/ocs/v1.php` and `/ocs/v2.php`."""

V1_OK = 100
NOT_LOGGED_IN = 997
UNKNOWN_ROUTE_V1 = 998

SECURITY_HEADERS = {
    "Cache-Control": "no-cache, no-store, must-revalidate, private",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Download-Options": "noopen",
    "X-Frame-Options": "SAMEORIGIN",
    "X-Permitted-Cross-Domain-Policies": "none",
    "X-Robots-Tag": "none",
    "X-XSS-Protection": "1; mode=block",
}
"""On every answer, errors included."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a view decided: an HTTP status, and the code and message of the meta part.

    `code` differs from the status in few cases, `v1_code` from `code` in one.
    """

    status: int
    message: str = ""
    code: int | None = None
    v1_code: int | None = None


def http_status(outcome: Outcome, version: int) -> int:
    """Return the HTTP status; on v1 everything but a missing login is a 200."""
    if version == V2 or outcome.code == NOT_LOGGED_IN:
        return outcome.status
    return 200


def wrap(data: Any, outcome: Outcome, version: int) -> dict[str, Any]:
    """Return `data` in the envelope of `version`; no data is an empty list."""
    code = outcome.code if outcome.code is not None else outcome.status
    is_ok = 200 <= outcome.status < 300
    if version == V1:
        code = outcome.v1_code if outcome.v1_code is not None else code
        code = V1_OK if code == 200 else code
        is_ok = code == V1_OK
    meta: dict[str, Any] = {
        "status": "ok" if is_ok else "failure",
        "statuscode": code,
        "message": "OK" if is_ok else outcome.message,
    }
    if version == V1:
        meta |= {"totalitems": "", "itemsperpage": ""}
    empty = data is None or data in ({}, [])
    return {"ocs": {"meta": meta, "data": [] if empty else data}}
