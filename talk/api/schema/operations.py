"""Parameters and responses of each endpoint, for the OpenAPI document.

Responses that many endpoints have in common (for a missing login, failed CSRF protection,
an unreadable body) are added by `talk.api.schema.responses`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rest_framework import serializers

from talk.api.base import OCSViewSet
from talk.api.parameters import Parameters
from talk.api.polls.chat import LAST_GIVEN_HEADER
from talk.api.polls.sending import AuthorParameters, PostParameters
from talk.api.schema.components import (
    EMPTY_ARRAY,
    Schema,
    array_of,
    integer,
    or_empty_array,
    reference,
    string,
)
from talk.api.views import (
    app_passwords,
    calls,
    capabilities,
    chat,
    moderators,
    participant_preferences,
    participants,
    people_search,
    rooms,
    sessions,
    signaling_backend,
    signaling_internal,
    signaling_settings,
    user_profile,
)
from talk.constants import (
    MESSAGE_LENGTH_MAX,
    MESSAGES_LIMIT_MAX,
    NEW_ROOM_NAME_LENGTH_MAX,
    POLL_TIMEOUT_MAX,
    RoomType,
)
from talk.domain.people_search import Source
from talk.outgoing.signaling_server import CHECKSUM_HEADER, RANDOM_HEADER


@dataclass(frozen=True, kw_only=True)
class ResponseSpec:
    """The response with one status: its description, its `data` and its headers."""

    description: str
    data: Schema = field(default_factory=lambda: EMPTY_ARRAY)
    headers: Mapping[str, Schema] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of a path. If `is_signed`, servers send it with a signed JSON body."""

    tag: str
    responses: Mapping[int, ResponseSpec]
    parameters: tuple[type[Parameters], ...] = ()
    is_signed: bool = False


Operations = dict[tuple[type[OCSViewSet], str], Operation]
"""Operations by view class and action."""


class SendParameters(Parameters):
    """API: internal signaling, POST. Only for the document: the view does not use it."""

    messages = serializers.CharField()


ROOM_NOT_FOUND = "The room does not exist, or the caller is no participant"
NO_MODERATOR = "The caller is neither a moderator nor an owner"

SUCCESS = ResponseSpec(description="Success.")
NOT_FOUND = ResponseSpec(description=f"{ROOM_NOT_FOUND}.")
NOT_FOUND_OR_PRIVATE = ResponseSpec(
    description="The room does not exist, or is private and the caller is no participant."
)
NOT_FOUND_OR_GUEST = ResponseSpec(
    description="The room does not exist, or the caller is no participant or a guest."
)
NOT_MODERATOR = ResponseSpec(description=f"{NO_MODERATOR}.")
INVALID = ResponseSpec(description="A parameter is missing or invalid.")
HASH_HEADERS = {
    rooms.HASH_HEADER: string("Changes when the capabilities change."),
}
SUCCESS_WITH_TYPE = ResponseSpec(
    description="Success. If this has changed the room's type, `data` has the new one.",
    data=or_empty_array(reference("TalkChangedType")),
)


def success(data: Schema) -> ResponseSpec:
    """Return the response that holds the requested data."""
    return ResponseSpec(description="Success.", data=data)


ROOMS: Operations = {
    (rooms.RoomViewSet, "list"): Operation(
        tag="rooms",
        responses={
            200: ResponseSpec(
                description="The user's rooms: favorites first, then by last activity.",
                data=array_of(reference("TalkRoom")),
                headers={
                    **HASH_HEADERS,
                    rooms.MODIFIED_BEFORE_HEADER: integer(
                        "The server's time, in seconds since 1970."
                    ),
                },
            )
        },
    ),
    (rooms.RoomViewSet, "create"): Operation(
        tag="rooms",
        parameters=(rooms.CreateRoomParameters,),
        responses={
            200: ResponseSpec(
                description="The one-to-one room already exists.",
                data=reference("TalkOpenedRoom"),
            ),
            201: ResponseSpec(
                description="The room was created.", data=reference("TalkOpenedRoom")
            ),
            400: ResponseSpec(
                description="The room type does not exist, or the name is too long."
            ),
            403: ResponseSpec(
                description="The site does not allow the user to create such a room."
            ),
            404: ResponseSpec(description="The user or group does not exist."),
        },
    ),
    (rooms.RoomViewSet, "retrieve"): Operation(
        tag="rooms",
        responses={
            200: ResponseSpec(
                description="The room.",
                data=reference("TalkRoom"),
                headers=HASH_HEADERS,
            ),
            404: NOT_FOUND_OR_PRIVATE,
        },
    ),
    (rooms.RoomViewSet, "update"): Operation(
        tag="rooms",
        parameters=(rooms.RenameParameters,),
        responses={
            200: SUCCESS,
            400: ResponseSpec(
                description=f"The name is empty or longer than {NEW_ROOM_NAME_LENGTH_MAX} characters."
            ),
            403: NOT_MODERATOR,
            404: NOT_FOUND,
            405: ResponseSpec(description="The room is a one-to-one room."),
        },
    ),
    (rooms.RoomViewSet, "destroy"): Operation(
        tag="rooms", responses={200: SUCCESS, 403: NOT_MODERATOR, 404: NOT_FOUND}
    ),
    (rooms.PublicViewSet, "create"): Operation(
        tag="rooms", responses={200: SUCCESS, 403: NOT_MODERATOR, 404: NOT_FOUND}
    ),
    (rooms.PublicViewSet, "destroy"): Operation(
        tag="rooms", responses={200: SUCCESS, 403: NOT_MODERATOR, 404: NOT_FOUND}
    ),
    (rooms.PasswordViewSet, "update"): Operation(
        tag="rooms",
        parameters=(rooms.PasswordParameters,),
        responses={
            200: SUCCESS,
            400: INVALID,
            403: ResponseSpec(
                description=f"{NO_MODERATOR}, or the room is not public."
            ),
            404: NOT_FOUND,
        },
    ),
    (participant_preferences.FavoriteViewSet, "create"): Operation(
        tag="rooms", responses={200: SUCCESS, 404: NOT_FOUND_OR_GUEST}
    ),
    (participant_preferences.FavoriteViewSet, "destroy"): Operation(
        tag="rooms", responses={200: SUCCESS, 404: NOT_FOUND_OR_GUEST}
    ),
    (participant_preferences.NotificationViewSet, "create"): Operation(
        tag="rooms",
        parameters=(participant_preferences.NotificationParameters,),
        responses={
            200: SUCCESS,
            400: ResponseSpec(description="The level is invalid."),
            404: NOT_FOUND_OR_GUEST,
        },
    ),
}

PARTICIPANTS: Operations = {
    (participants.ParticipantViewSet, "list"): Operation(
        tag="participants",
        responses={
            200: success(array_of(reference("TalkParticipant"))),
            404: NOT_FOUND,
        },
    ),
    (participants.ParticipantViewSet, "create"): Operation(
        tag="participants",
        parameters=(
            participants.NewParticipantParameters,
            participants.SourceParameters,
        ),
        responses={
            200: SUCCESS_WITH_TYPE,
            400: INVALID,
            403: NOT_MODERATOR,
            404: ResponseSpec(
                description=f"{ROOM_NOT_FOUND}; or the user or group does not exist."
            ),
        },
    ),
    (participants.ParticipantViewSet, "destroy"): Operation(
        tag="participants",
        parameters=(participants.ParticipantParameters,),
        responses={
            200: SUCCESS,
            400: INVALID,
            403: ResponseSpec(
                description=f"{NO_MODERATOR}, or the participant is an owner."
            ),
            404: ResponseSpec(
                description=f"{ROOM_NOT_FOUND}; or the user is not in the room."
            ),
        },
    ),
    (participants.OwnParticipantViewSet, "destroy"): Operation(
        tag="participants", responses={200: SUCCESS, 404: NOT_FOUND}
    ),
    (participants.GuestViewSet, "create"): Operation(
        tag="participants",
        parameters=(participants.NewParticipantParameters,),
        responses={
            200: SUCCESS_WITH_TYPE,
            400: ResponseSpec(description="The e-mail address is malformed."),
            403: NOT_MODERATOR,
            404: NOT_FOUND_OR_GUEST,
        },
    ),
    (participants.GuestViewSet, "destroy"): Operation(
        tag="participants",
        parameters=(participants.ParticipantParameters,),
        responses={
            200: SUCCESS,
            400: INVALID,
            403: ResponseSpec(
                description=f"{NO_MODERATOR}, or the session does not belong to a guest."
            ),
            404: ResponseSpec(
                description=f"{ROOM_NOT_FOUND}; or the session does not exist."
            ),
        },
    ),
    (sessions.ActiveParticipantViewSet, "create"): Operation(
        tag="participants",
        parameters=(sessions.JoinRoomParameters,),
        responses={
            200: ResponseSpec(
                description="Joined with a new session.", data=reference("TalkJoined")
            ),
            403: ResponseSpec(
                description="The room needs a password, and the given one is wrong."
            ),
            404: NOT_FOUND_OR_PRIVATE,
            429: ResponseSpec(
                description="Too many guests joined, or too many wrong passwords were sent."
            ),
        },
    ),
    (sessions.ActiveParticipantViewSet, "destroy"): Operation(
        tag="participants", responses={200: SUCCESS, 404: NOT_FOUND}
    ),
    (moderators.ModeratorViewSet, "create"): Operation(
        tag="participants",
        parameters=(moderators.ModeratorParameters,),
        responses={
            200: SUCCESS,
            400: INVALID,
            403: NOT_MODERATOR,
            404: ResponseSpec(
                description=f"{ROOM_NOT_FOUND}; or the participant to promote does not exist."
            ),
            412: ResponseSpec(
                description="The participant is not a normal user or guest."
            ),
        },
    ),
    (moderators.ModeratorViewSet, "destroy"): Operation(
        tag="participants",
        parameters=(moderators.ModeratorParameters,),
        responses={
            200: SUCCESS,
            400: INVALID,
            403: ResponseSpec(
                description=f"{NO_MODERATOR}, or the participant is the caller."
            ),
            404: ResponseSpec(
                description=f"{ROOM_NOT_FOUND}; or the participant to demote does not exist."
            ),
            412: ResponseSpec(description="The participant is no moderator."),
        },
    ),
}

CHAT: Operations = {
    (chat.ChatViewSet, "list"): Operation(
        tag="chat",
        parameters=(chat.ReadParameters,),
        responses={
            200: ResponseSpec(
                description="Older messages, newest first; or newer messages, oldest first.",
                data=array_of(reference("TalkMessage"), minItems=1),
                headers={
                    LAST_GIVEN_HEADER: integer(
                        "`lastKnownMessageId` of the next request."
                    )
                },
            ),
            304: ResponseSpec(
                description="There are no older messages, or no newer ones within the timeout."
            ),
            404: NOT_FOUND,
        },
    ),
    (chat.ChatViewSet, "create"): Operation(
        tag="chat",
        parameters=(PostParameters, AuthorParameters),
        responses={
            201: ResponseSpec(description="Sent.", data=reference("TalkMessage")),
            400: ResponseSpec(description="The message is missing or empty."),
            404: NOT_FOUND,
            413: ResponseSpec(
                description=f"The message is longer than {MESSAGE_LENGTH_MAX} characters."
            ),
        },
    ),
    (chat.MentionViewSet, "list"): Operation(
        tag="chat",
        parameters=(chat.SuggestionParameters,),
        responses={200: success(array_of(reference("TalkSuggestion"))), 404: NOT_FOUND},
    ),
    (chat.GuestNameViewSet, "create"): Operation(
        tag="chat",
        parameters=(chat.GuestNameParameters,),
        responses={
            200: SUCCESS,
            403: ResponseSpec(description="The user is logged in."),
            404: ResponseSpec(
                description="The room does not exist, or the guest is not in it."
            ),
        },
    ),
}

CALLS: Operations = {
    (calls.CallViewSet, "list"): Operation(
        tag="calls",
        responses={200: success(array_of(reference("TalkPeer"))), 404: NOT_FOUND},
    ),
    (calls.CallViewSet, "create"): Operation(
        tag="calls",
        parameters=(calls.JoinCallParameters,),
        responses={200: SUCCESS, 400: INVALID, 404: NOT_FOUND},
    ),
    (calls.CallViewSet, "destroy"): Operation(
        tag="calls", responses={200: SUCCESS, 404: NOT_FOUND}
    ),
}

DISABLED = ResponseSpec(
    description="An external signaling server is configured.", data=string()
)

SIGNALING: Operations = {
    (signaling_settings.SettingsViewSet, "retrieve"): Operation(
        tag="signaling", responses={200: success(reference("TalkSignalingSettings"))}
    ),
    (signaling_backend.BackendViewSet, "create"): Operation(
        tag="signaling",
        is_signed=True,
        responses={
            200: ResponseSpec(
                description="The response, which may be a refusal.",
                data={
                    "oneOf": [
                        reference("TalkBackendIdentity"),
                        reference("TalkBackendRoom"),
                        reference("TalkBackendRefusal"),
                    ]
                },
            )
        },
    ),
    (signaling_internal.SignalingViewSet, "list"): Operation(
        tag="signaling",
        responses={
            200: success(reference("TalkSignalingUpdate")),
            400: DISABLED,
            404: ResponseSpec(
                description="The session is not in the room.",
                data=reference("TalkSignalingUpdate"),
            ),
        },
    ),
    (signaling_internal.SignalingViewSet, "create"): Operation(
        tag="signaling",
        parameters=(SendParameters,),
        responses={200: SUCCESS, 400: DISABLED},
    ),
}

SERVER: Operations = {
    (capabilities.CapabilitiesViewSet, "list"): Operation(
        tag="server", responses={200: success(reference("TalkCapabilities"))}
    ),
    (user_profile.ProfileViewSet, "retrieve"): Operation(
        tag="server", responses={200: success(reference("TalkProfile"))}
    ),
    (people_search.PeopleViewSet, "list"): Operation(
        tag="server",
        parameters=(people_search.PeopleSearchParameters,),
        responses={200: success(array_of(reference("TalkMatch")))},
    ),
    (app_passwords.NewAppPasswordViewSet, "retrieve"): Operation(
        tag="server",
        responses={
            200: ResponseSpec(
                description="The app password. It is never shown again.",
                data=reference("TalkAppPassword"),
            ),
            403: ResponseSpec(
                description=(
                    "The request was not authenticated with the ordinary password, or "
                    "the user has too many app passwords."
                )
            ),
        },
    ),
    (app_passwords.AppPasswordViewSet, "destroy"): Operation(
        tag="server",
        responses={
            200: SUCCESS,
            403: ResponseSpec(
                description="The request was not authenticated with an app password."
            ),
        },
    ),
}

OPERATIONS: Operations = {
    **ROOMS,
    **PARTICIPANTS,
    **CHAT,
    **CALLS,
    **SIGNALING,
    **SERVER,
}

PARAMETER_SCHEMAS: dict[str, Schema] = {
    "roomType": {
        "enum": RoomType.values,
        "description": "1 one-to-one, 2 group, 3 public.",
    },
    "invite": {
        "description": "Id of the user (`roomType` 1) or group (2, optional) to invite."
    },
    "roomName": {"description": "The room's name; ignored for one-to-one rooms."},
    "password": {"description": "The room's password; empty for none."},
    "level": {
        "enum": [1, 2, 3],
        "description": "Notify of: 1 every message, 2 mentions, 3 nothing.",
    },
    "newParticipant": {
        "description": "Id of the user or group, or the e-mail address, to add."
    },
    "isGroup": {
        "description": "Whether to add a group; replaced by the newer `source`."
    },
    "source": {
        "enum": [participants.USERS, participants.GROUPS, participants.EMAILS],
        "description": "Kind of `newParticipant`; `users` if missing.",
    },
    "participant": {"description": "Id of the user, or session id of the guest."},
    "sessionId": {"description": "Session id of the guest."},
    "lookIntoFuture": {
        "enum": [0, 1],
        "description": "1 to wait for newer messages, 0 for older ones.",
    },
    "setReadMarker": {
        "enum": [0, 1],
        "description": "0 to wait without marking the existing messages as read.",
    },
    "limit": {
        "minimum": 1,
        "maximum": MESSAGES_LIMIT_MAX,
        "description": "Maximum number of results.",
    },
    "timeout": {
        "minimum": 0,
        "maximum": POLL_TIMEOUT_MAX,
        "description": "Seconds to wait for newer messages.",
    },
    "lastKnownMessageId": {
        "description": "Id of the message before or after which to start."
    },
    "message": {
        "description": f"Text of the message, 1 to {MESSAGE_LENGTH_MAX} characters."
    },
    "actorDisplayName": {
        "description": "Display name of the guest who sends the message."
    },
    "search": {"description": "Part of a name or id."},
    "itemId": {"description": "Token of a room whose participants are left out."},
    "shareTypes": {
        "items": {"type": "integer", "enum": [source.value for source in Source]},
        "description": "Kinds of results: 0 users, 1 groups, 4 e-mail addresses.",
    },
    "displayName": {"description": "The guest's new name."},
    "flags": {
        "minimum": 0,
        "maximum": 7,
        "description": "Sum of 1 in the call, 2 with audio, 4 with video; 0 leaves.",
    },
    "messages": {
        "description": (
            'JSON text of a list of `{"ev": "message", "fn": "…", "sessionId": "…"}`, '
            "where `fn` is the JSON text of the message and its recipient `to`."
        )
    },
}
"""Descriptions and valid values of parameters, by name."""

SIGNATURE_HEADERS = {
    RANDOM_HEADER: "A random text.",
    CHECKSUM_HEADER: "HMAC-SHA256 of that text and the body with the shared secret.",
}
"""Headers with which signaling servers sign requests."""
