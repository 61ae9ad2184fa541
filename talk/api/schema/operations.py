"""What each endpoint reads and answers, for the OpenAPI document.

Parameters are those that the views read; what every endpoint of a kind refuses (no
login, a request of another site, an unreadable body) is added from the views.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rest_framework import serializers

from talk.api.base import OCSViewSet
from talk.api.parameters import Parameters
from talk.api.polls.chat import LAST_GIVEN_HEADER
from talk.api.polls.sending import AuthorParameters, PostParameters
from talk.api.schema.shapes import NOTHING, Shape, array, number, or_empty, text
from talk.api.schema.shapes import named as shape
from talk.api.views import app_passwords as passwords
from talk.api.views import calls, chat, cloud, participants, people, rooms, signaling
from talk.api.views import external_signaling as external
from talk.constants import MESSAGES_LIMIT_MAX, POLL_TIMEOUT_MAX, RoomType
from talk.domain.people_search import Source
from talk.outgoing.signaling_server import CHECKSUM_HEADER, RANDOM_HEADER


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One status with when it comes, the `data` that it has, and its headers."""

    when: str
    data: Shape = field(default_factory=lambda: NOTHING)
    headers: Mapping[str, Shape] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of a path. `is_signed` is for other servers, with a JSON body."""

    tag: str
    replies: Mapping[int, Reply]
    reads: tuple[type[Parameters], ...] = ()
    is_signed: bool = False


Operations = dict[tuple[type[OCSViewSet], str], Operation]
"""By view class and action."""


class SendParameters(Parameters):
    """API: internal signaling, POST; read by the domain, which refuses nothing."""

    messages = serializers.CharField()


NO_ROOM = "The room could not be found for the participant."
NO_MODERATOR = "The current user is no moderator or owner."

DONE = Reply(when="Done.")
NOT_FOUND = Reply(when=NO_ROOM)
NO_USER_ROOM = Reply(when=f"{NO_ROOM[:-1]}, or the participant is a guest.")
NOT_MODERATOR = Reply(when=NO_MODERATOR)
INVALID = Reply(when="A parameter is missing or cannot be accepted.")
NEWER_CLIENTS = {
    rooms.HASH_HEADER: text("Changes when the capabilities do."),
}
CHANGED_TYPE = Reply(
    when="Done; if that has changed the room's type, the new one.",
    data=or_empty(shape("TalkChangedType")),
)


def found(data: Shape) -> Reply:
    """Return the reply that brings what was asked for."""
    return Reply(when="What was asked for.", data=data)


ROOMS: Operations = {
    (rooms.RoomViewSet, "list"): Operation(
        tag="rooms",
        replies={
            200: Reply(
                when="One's rooms, favourites first, then by last activity.",
                data=array(shape("TalkRoom")),
                headers={
                    **NEWER_CLIENTS,
                    rooms.MODIFIED_BEFORE_HEADER: number("The server's time."),
                },
            )
        },
    ),
    (rooms.RoomViewSet, "create"): Operation(
        tag="rooms",
        reads=(rooms.CreateRoomParameters,),
        replies={
            200: Reply(
                when="The one-to-one room was there already.",
                data=shape("TalkOpenedRoom"),
            ),
            201: Reply(when="The room was created.", data=shape("TalkOpenedRoom")),
            400: Reply(when="There is no such room type, or the name is too long."),
            403: Reply(when="The site does not let this user create such a room."),
            404: Reply(when="The user or group does not exist."),
        },
    ),
    (rooms.RoomViewSet, "retrieve"): Operation(
        tag="rooms",
        replies={
            200: Reply(when="The room.", data=shape("TalkRoom"), headers=NEWER_CLIENTS),
            404: NOT_FOUND,
        },
    ),
    (rooms.RoomViewSet, "update"): Operation(
        tag="rooms",
        reads=(rooms.RenameParameters,),
        replies={
            200: DONE,
            400: Reply(when="The name is empty or longer than 200 characters."),
            403: NOT_MODERATOR,
            404: NOT_FOUND,
            405: Reply(when="The room is a one-to-one room."),
        },
    ),
    (rooms.RoomViewSet, "destroy"): Operation(
        tag="rooms", replies={200: DONE, 403: NOT_MODERATOR, 404: NOT_FOUND}
    ),
    (rooms.PublicViewSet, "create"): Operation(
        tag="rooms", replies={200: DONE, 403: NOT_MODERATOR, 404: NOT_FOUND}
    ),
    (rooms.PublicViewSet, "destroy"): Operation(
        tag="rooms", replies={200: DONE, 403: NOT_MODERATOR, 404: NOT_FOUND}
    ),
    (rooms.PasswordViewSet, "update"): Operation(
        tag="rooms",
        reads=(rooms.PasswordParameters,),
        replies={
            200: DONE,
            400: INVALID,
            403: Reply(when=f"{NO_MODERATOR[:-1]}, or the room is not public."),
            404: NOT_FOUND,
        },
    ),
    (rooms.FavoriteViewSet, "create"): Operation(
        tag="rooms", replies={200: DONE, 404: NO_USER_ROOM}
    ),
    (rooms.FavoriteViewSet, "destroy"): Operation(
        tag="rooms", replies={200: DONE, 404: NO_USER_ROOM}
    ),
    (rooms.NotificationViewSet, "create"): Operation(
        tag="rooms",
        reads=(rooms.NotificationParameters,),
        replies={
            200: DONE,
            400: Reply(when="The level is invalid."),
            404: NO_USER_ROOM,
        },
    ),
}

PARTICIPANTS: Operations = {
    (participants.ParticipantViewSet, "list"): Operation(
        tag="participants",
        replies={200: found(array(shape("TalkParticipant"))), 404: NOT_FOUND},
    ),
    (participants.ParticipantViewSet, "create"): Operation(
        tag="participants",
        reads=(participants.NewParticipantParameters, participants.SourceParameters),
        replies={
            200: CHANGED_TYPE,
            400: INVALID,
            403: NOT_MODERATOR,
            404: Reply(when=f"{NO_ROOM[:-1]}, or the user or group does not exist."),
        },
    ),
    (participants.ParticipantViewSet, "destroy"): Operation(
        tag="participants",
        reads=(participants.ParticipantParameters,),
        replies={
            200: DONE,
            400: INVALID,
            403: Reply(when=f"{NO_MODERATOR[:-1]}, or an owner is to be removed."),
            404: Reply(when=f"{NO_ROOM[:-1]}, or whom to remove."),
        },
    ),
    (participants.OwnParticipantViewSet, "destroy"): Operation(
        tag="participants", replies={200: DONE, 404: NOT_FOUND}
    ),
    (participants.GuestViewSet, "create"): Operation(
        tag="participants",
        reads=(participants.NewParticipantParameters,),
        replies={
            200: CHANGED_TYPE,
            400: Reply(when="This is no e-mail address."),
            403: NOT_MODERATOR,
            404: NO_USER_ROOM,
        },
    ),
    (participants.GuestViewSet, "destroy"): Operation(
        tag="participants",
        reads=(participants.ParticipantParameters,),
        replies={
            200: DONE,
            400: INVALID,
            403: Reply(when=f"{NO_MODERATOR[:-1]}, or the session is no guest's."),
            404: Reply(when=f"{NO_ROOM[:-1]}, or there is no such session."),
        },
    ),
    (participants.ActiveParticipantViewSet, "create"): Operation(
        tag="participants",
        reads=(participants.JoinRoomParameters,),
        replies={
            200: Reply(when="Joined; a new session.", data=shape("TalkJoined")),
            403: Reply(when="The password is required and did not match."),
            404: NOT_FOUND,
            429: Reply(when="There were too many guests or wrong passwords."),
        },
    ),
    (participants.ActiveParticipantViewSet, "destroy"): Operation(
        tag="participants", replies={200: DONE, 404: NOT_FOUND}
    ),
    (participants.ModeratorViewSet, "create"): Operation(
        tag="participants",
        reads=(participants.ModeratorParameters,),
        replies={
            200: DONE,
            400: INVALID,
            403: NOT_MODERATOR,
            404: Reply(when=f"{NO_ROOM[:-1]}, or whom to promote."),
            412: Reply(when="Whom to promote is not a normal user or guest."),
        },
    ),
    (participants.ModeratorViewSet, "destroy"): Operation(
        tag="participants",
        reads=(participants.ModeratorParameters,),
        replies={
            200: DONE,
            400: INVALID,
            403: Reply(when=f"{NO_MODERATOR[:-1]}, or names themself."),
            404: Reply(when=f"{NO_ROOM[:-1]}, or whom to demote."),
            412: Reply(when="Whom to demote is no moderator."),
        },
    ),
}

CHAT: Operations = {
    (chat.ChatViewSet, "list"): Operation(
        tag="chat",
        reads=(chat.ReadParameters,),
        replies={
            200: Reply(
                when="History, newest first; or what is new, oldest first.",
                data=array(shape("TalkMessage"), minItems=1),
                headers={
                    LAST_GIVEN_HEADER: number("`lastKnownMessageId` to go on with.")
                },
            ),
            304: Reply(when="There are no older or no newer messages."),
            404: NOT_FOUND,
        },
    ),
    (chat.ChatViewSet, "create"): Operation(
        tag="chat",
        reads=(PostParameters, AuthorParameters),
        replies={
            201: Reply(when="Sent.", data=shape("TalkMessage")),
            400: Reply(when="The message is missing or empty."),
            404: NOT_FOUND,
            413: Reply(when="The message is longer than 1000 characters."),
        },
    ),
    (chat.MentionViewSet, "list"): Operation(
        tag="chat",
        reads=(chat.SuggestionParameters,),
        replies={200: found(array(shape("TalkSuggestion"))), 404: NOT_FOUND},
    ),
    (chat.GuestNameViewSet, "create"): Operation(
        tag="chat",
        reads=(chat.GuestNameParameters,),
        replies={
            200: DONE,
            403: Reply(when="The user is logged in."),
            404: Reply(when="There is no room, or the guest is not in it."),
        },
    ),
}

CALLS: Operations = {
    (calls.CallViewSet, "list"): Operation(
        tag="calls", replies={200: found(array(shape("TalkPeer"))), 404: NOT_FOUND}
    ),
    (calls.CallViewSet, "create"): Operation(
        tag="calls",
        reads=(calls.JoinCallParameters,),
        replies={200: DONE, 400: INVALID, 404: NOT_FOUND},
    ),
    (calls.CallViewSet, "destroy"): Operation(
        tag="calls", replies={200: DONE, 404: NOT_FOUND}
    ),
}

DISABLED = Reply(when="An external server does this.", data=text())

SIGNALING: Operations = {
    (external.SettingsViewSet, "retrieve"): Operation(
        tag="signaling", replies={200: found(shape("TalkSignalingSettings"))}
    ),
    (external.BackendViewSet, "create"): Operation(
        tag="signaling",
        is_signed=True,
        replies={
            200: Reply(
                when="The answer, which may be a refusal.",
                data={
                    "oneOf": [
                        shape("TalkBackendIdentity"),
                        shape("TalkBackendRoom"),
                        shape("TalkBackendRefusal"),
                    ]
                },
            )
        },
    ),
    (signaling.SignalingViewSet, "list"): Operation(
        tag="signaling",
        replies={
            200: found(shape("TalkSignalingNews")),
            400: DISABLED,
            404: Reply(
                when="The session is not in the room.", data=shape("TalkSignalingNews")
            ),
        },
    ),
    (signaling.SignalingViewSet, "create"): Operation(
        tag="signaling", reads=(SendParameters,), replies={200: DONE, 400: DISABLED}
    ),
}

SERVER: Operations = {
    (cloud.CapabilitiesViewSet, "list"): Operation(
        tag="server", replies={200: found(shape("TalkCapabilities"))}
    ),
    (cloud.ProfileViewSet, "retrieve"): Operation(
        tag="server", replies={200: found(shape("TalkProfile"))}
    ),
    (people.PeopleViewSet, "list"): Operation(
        tag="server",
        reads=(people.PeopleParameters,),
        replies={200: found(array(shape("TalkMatch")))},
    ),
    (passwords.NewAppPasswordViewSet, "retrieve"): Operation(
        tag="server",
        replies={
            200: Reply(
                when="Made; it is shown this once.", data=shape("TalkAppPassword")
            ),
            403: Reply(
                when=(
                    "The request was not made with the ordinary password, or the user "
                    "has too many app passwords."
                )
            ),
        },
    ),
    (passwords.AppPasswordViewSet, "destroy"): Operation(
        tag="server",
        replies={
            200: DONE,
            403: Reply(when="The request was not made with an app password."),
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

PARAMETERS: dict[str, Shape] = {
    "roomType": {
        "enum": RoomType.values,
        "description": "1 one-to-one, 2 group, 3 public.",
    },
    "invite": {
        "description": "Id of the user (`roomType` 1) or group (2, optional) to invite."
    },
    "roomName": {"description": "The room's name; one-to-one rooms have none."},
    "password": {"description": "The room's password; empty for none."},
    "level": {
        "enum": [1, 2, 3],
        "description": "Be told of: 1 everything, 2 mentions, 3 nothing.",
    },
    "newParticipant": {"description": "User, group or e-mail address to add."},
    "isGroup": {"description": "Whether a group is added; `source` is newer."},
    "source": {
        "enum": [participants.USERS, participants.GROUPS, participants.EMAILS],
        "description": "What `newParticipant` is; `users` if missing.",
    },
    "participant": {"description": "Id of the user, or session id of the guest."},
    "sessionId": {"description": "Session id of the guest."},
    "lookIntoFuture": {
        "enum": [0, 1],
        "description": "1 to wait for what is newer, 0 for history.",
    },
    "setReadMarker": {
        "enum": [0, 1],
        "description": "0 to wait without having read what is there.",
    },
    "limit": {
        "minimum": 1,
        "maximum": MESSAGES_LIMIT_MAX,
        "description": "How many to return at most.",
    },
    "timeout": {
        "minimum": 0,
        "maximum": POLL_TIMEOUT_MAX,
        "description": "Seconds to wait.",
    },
    "lastKnownMessageId": {"description": "Id from which on to look either way."},
    "message": {"description": "What to say, 1 to 1000 characters."},
    "actorDisplayName": {"description": "The name of the guest who says it."},
    "search": {"description": "Part of a name or id."},
    "itemId": {"description": "Token of a room: who is in it is left out."},
    "shareTypes": {
        "items": {"type": "integer", "enum": [source.value for source in Source]},
        "description": "What to search for: 0 users, 1 groups, 4 e-mail addresses.",
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
"""What the parameters mean, by name, and which values make sense."""

SIGNATURE_HEADERS = {
    RANDOM_HEADER: "A random text.",
    CHECKSUM_HEADER: "HMAC-SHA256 of that text and the body with the shared secret.",
}
"""How signaling servers sign what they send."""
