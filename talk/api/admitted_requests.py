"""What a view has found out about a caller, told to whoever may remember it."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponseBase

from talk.api.responses import ResponseFormat

ATTRIBUTE = "talk_admitted"
"""Attribute of a response that carries it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AdmittedRequest:
    """A caller who may do what the request asked for, and may ask again."""

    room_id: int
    participant_pk: int
    account: str
    """Primary key of the caller's account as text; empty for guests."""

    session_pks: tuple[int, ...]
    """Sessions that the caller is there with."""

    form: ResponseFormat
    """What answers look like."""


def admit(caller: AdmittedRequest, response: HttpResponseBase) -> None:
    """Have `response` tell who its caller is."""
    setattr(response, ATTRIBUTE, caller)


def admitted_by(response: HttpResponseBase) -> AdmittedRequest | None:
    """Return the caller whom a view has admitted, if it says so."""
    return getattr(response, ATTRIBUTE, None)


def hand_on(response: HttpResponseBase, finished: HttpResponseBase) -> None:
    """Have the finished response tell what the unfinished one did."""
    caller = admitted_by(response)
    if caller is not None:
        admit(caller, finished)
