"""The OCS envelope, which wraps the data of every response."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

V1 = 1
V2 = 2
"""The two base paths, `/ocs/v1.php` and `/ocs/v2.php`."""

V1_OK_CODE = 100
NOT_LOGGED_IN_CODE = 997
UNKNOWN_ROUTE_V1_CODE = 998
"""Codes of the meta part that are no HTTP statuses."""

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
"""Headers of every response, including errors."""


@dataclass(frozen=True, kw_only=True)
class OCSStatus:
    """The HTTP status of a response, and the code and message of its meta part.

    `code` is None where it equals the status, and `v1_code` where it equals `code`.
    """

    status: int
    message: str = ""
    code: int | None = None
    v1_code: int | None = None


def http_status(ocs_status: OCSStatus, version: int) -> int:
    """Return the HTTP status; on v1 it is 200 unless the login is missing."""
    if version == V2 or ocs_status.code == NOT_LOGGED_IN_CODE:
        return ocs_status.status
    return 200


def wrap(data: Any, ocs_status: OCSStatus, version: int) -> dict[str, Any]:
    """Return `data` in the envelope of `version`; empty data becomes a list."""
    code = ocs_status.code if ocs_status.code is not None else ocs_status.status
    is_ok = 200 <= ocs_status.status < 300
    if version == V1:
        code = ocs_status.v1_code if ocs_status.v1_code is not None else code
        code = V1_OK_CODE if code == 200 else code
        is_ok = code == V1_OK_CODE
    meta: dict[str, Any] = {
        "status": "ok" if is_ok else "failure",
        "statuscode": code,
        "message": "OK" if is_ok else ocs_status.message,
    }
    if version == V1:
        meta |= {"totalitems": "", "itemsperpage": ""}
    empty = data is None or data in ({}, [])
    return {"ocs": {"meta": meta, "data": [] if empty else data}}
