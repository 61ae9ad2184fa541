"""Requests whose caller a view has admitted, and who may repeat them."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponseBase

from talk.api.responses import ResponseFormat

ATTRIBUTE = "talk_admitted_request"
"""Attribute of a response that carries an admitted request through middleware."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AdmittedRequest:
    """A request whose caller is known, has the right to make it, and may repeat it."""

    room_id: int
    participant_pk: int
    account: str
    """Primary key of the caller's account as text; empty for guests."""

    session_pks: tuple[int, ...]
    """The sessions that the request keeps live."""

    response_format: ResponseFormat

    guest_network: str = ""
    """The network that a guest's request comes from; empty for users."""


def attach_admitted_request(
    response: HttpResponseBase, request: AdmittedRequest
) -> None:
    """Let a response carry the admitted request that it answers."""
    setattr(response, ATTRIBUTE, request)


def admitted_request_of(response: HttpResponseBase) -> AdmittedRequest | None:
    """Return the admitted request that a response carries, if there is one."""
    return getattr(response, ATTRIBUTE, None)


def copy_admitted_request(source: HttpResponseBase, target: HttpResponseBase) -> None:
    """Let another response carry the admitted request of `source`, if it has one."""
    request = admitted_request_of(source)
    if request is not None:
        attach_admitted_request(target, request)
