"""JSON schemas of the `data` in responses, which refer to each other by name.

They allow additional keys, as the API document does: clients must expect them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from talk.constants import (
    DELETED_USERS,
    SESSION_ID_LENGTH,
    TOKEN_PATTERN,
    ActorType,
    InCall,
    NotificationLevel,
    ParticipantType,
    RoomType,
    SystemMessage,
)

Schema = dict[str, Any]

REFERENCE = "#/components/schemas/"


def reference(name: str) -> Schema:
    """Return a reference to one of `SCHEMAS`."""
    return {"$ref": f"{REFERENCE}{name}"}


def referenced_names(schema: Any) -> Iterator[str]:
    """Yield the names of `SCHEMAS` that a schema refers to."""
    if isinstance(schema, dict):
        reference = schema.get("$ref", "")
        if reference.startswith(REFERENCE):
            yield reference.removeprefix(REFERENCE)
        for value in schema.values():
            yield from referenced_names(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from referenced_names(value)


def object_with(optional: tuple[str, ...] = (), /, **properties: Schema) -> Schema:
    """Return the schema of an object; all keys are required but the `optional` ones."""
    required = [key for key in properties if key not in optional]
    schema = {"type": "object", "properties": properties}
    return {**schema, "required": required} if required else schema


def rename_keys(schema: Schema, **names: str) -> Schema:
    """Return the schema of an object with other keys, which are no Python names."""
    return {
        **schema,
        "properties": {names.get(k, k): v for k, v in schema["properties"].items()},
        "required": [names.get(key, key) for key in schema["required"]],
    }


def array_of(items: Schema, **limits: Any) -> Schema:
    """Return the schema of an array."""
    return {"type": "array", "items": items, **limits}


def string(description: str = "", **limits: Any) -> Schema:
    """Return the schema of a string."""
    return _described({"type": "string", **limits}, description)


def integer(description: str = "", **limits: Any) -> Schema:
    """Return the schema of an integer."""
    return _described({"type": "integer", **limits}, description)


def boolean(description: str = "") -> Schema:
    """Return the schema of a boolean."""
    return _described({"type": "boolean"}, description)


def or_empty_array(schema: Schema) -> Schema:
    """Return the schema of an object that is an empty array if it has no keys."""
    return {"oneOf": [schema, EMPTY_ARRAY]}


def enum_of(values: Any, description: str) -> Schema:
    """Return the schema of one of several integers or strings."""
    members = [getattr(value, "value", value) for value in values]
    kind = "string" if isinstance(members[0], str) else "integer"
    return _described({"type": kind, "enum": members}, description)


def literal(*strings: str, description: str) -> Schema:
    """Return the schema of one of several strings, without an enum.

    Values of an enum need a component of their own, or drf-spectacular names one.
    """
    return string(description, pattern=f"^({'|'.join(strings)})$")


def _described(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description} if description else schema


def _labelled(choices: Any) -> str:
    return ", ".join(f"{choice.value} {choice.name.lower()}" for choice in choices)


EMPTY_ARRAY = array_of({}, maxItems=0)
TOKEN = string("Public id of the room.", pattern=f"^{TOKEN_PATTERN}$")
# Enums are components of their own; otherwise drf-spectacular invents their names.
ROOM_TYPE = reference("TalkRoomType")
PARTICIPANT_TYPE = reference("TalkParticipantType")
IN_CALL = integer(
    f"Sum of {_labelled(InCall)}.",
    minimum=0,
    maximum=int(InCall.IN_CALL | InCall.WITH_AUDIO | InCall.WITH_VIDEO),
)
SECONDS = integer("Seconds since 1970, 0 for never.", minimum=0)
COUNT = integer(minimum=0)
LIVE_SESSION_ID = string(pattern=f"^[A-Za-z0-9]{{{SESSION_ID_LENGTH}}}$")
SESSION_ID = string(
    "`0` for a participant who is not connected.",
    pattern=f"^(0|[A-Za-z0-9]{{{SESSION_ID_LENGTH}}})$",
)
LEVELS = [level for level in NotificationLevel if level != NotificationLevel.DEFAULT]
USER_ID = string("Empty for guests.")
URLS = array_of(string(), minItems=1, maxItems=1)

ROOM = object_with(
    id=integer(),
    token=TOKEN,
    type=ROOM_TYPE,
    name=string("The room's own name, which may be empty."),
    displayName=string(
        "The name, or a list of the participants if the room has no name."
    ),
    objectType=string("Type of the site's object that the room belongs to, or empty."),
    objectId=string("Id of that object, or empty."),
    participantType=PARTICIPANT_TYPE,
    participantInCall=boolean(
        "Whether the caller is in the call; see `participantFlags`."
    ),
    participantFlags=IN_CALL,
    count=integer("Number of participants active in the last 30 seconds.", minimum=0),
    hasPassword=boolean(),
    hasCall=boolean(),
    lastActivity=SECONDS,
    unreadMessages=COUNT,
    unreadMention=boolean("Whether an unread message mentions the caller."),
    isFavorite=boolean(),
    notificationLevel=reference("TalkNotificationLevel"),
    lastPing=SECONDS,
    sessionId=SESSION_ID,
    participants={
        **or_empty_array(
            {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": reference("TalkRoomParticipant"),
            }
        ),
        "description": "The participants who are users, by user id; see `numGuests` for guests.",
    },
    numGuests=COUNT,
    guestList=string("A text that counts the other guests, or empty."),
    lastMessage=or_empty_array(reference("TalkMessage")),
)

MESSAGE = object_with(
    id=integer(),
    token=TOKEN,
    actorType=reference("TalkActorType"),
    actorId=string(),
    actorDisplayName=string(),
    timestamp=SECONDS,
    message=string("A text, which may hold `{placeholders}`."),
    messageParameters={
        **or_empty_array(
            {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": reference("TalkRichObject"),
            }
        ),
        "description": "Values of the placeholders, by their names.",
    },
    systemMessage=reference("TalkSystemMessage"),
)

CAPABILITIES = object_with(
    version=object_with(
        major=integer(),
        minor=integer(),
        micro=integer(),
        string=string(),
        edition=string(),
        extendedSupport=boolean(),
    ),
    capabilities=object_with(
        core=object_with(pollinterval=integer()),
        spreed=object_with(
            features=array_of(string(), uniqueItems=True),
            config=object_with(
                chat=rename_keys(
                    object_with(max_length=integer()), max_length="max-length"
                )
            ),
        ),
    ),
)

PROFILE = rename_keys(
    object_with(
        ("enabled",),
        id=string(),
        display_name=string(),
        displayname=string(),
        email=string(nullable=True),
        language=string(),
        groups=array_of(string()),
        subadmin=array_of(string()),
        lastLogin=integer("Milliseconds since 1970, 0 for never.", minimum=0),
        quota=object_with(
            free=integer(),
            used=integer(),
            total=integer(),
            relative=integer(),
            quota=integer(),
        ),
        storageLocation=string(),
        backend=string(),
        phone=string(),
        address=string(),
        website=string(),
        twitter=string(),
        enabled=boolean("For superusers only."),
    ),
    display_name="display-name",
)

SETTINGS = object_with(
    server=string("URL of the external signaling server, or empty."),
    ticket=string("Proves the caller's identity to that server."),
    stunservers=array_of(object_with(url=string(), urls=URLS), maxItems=1),
    turnservers=array_of(
        object_with(url=URLS, urls=URLS, username=string(), credential=string()),
        maxItems=2,
    ),
)

SIGNALING_UPDATE = {
    "description": "Messages for the session and, last, all connected sessions.",
    **array_of(
        {"oneOf": [reference("TalkSignalingMessage"), reference("TalkUsersInRoom")]}
    ),
}

SCHEMAS: dict[str, Schema] = {
    "TalkRoomType": enum_of(RoomType, f"{_labelled(RoomType)}."),
    "TalkParticipantType": enum_of(ParticipantType, f"{_labelled(ParticipantType)}."),
    "TalkNotificationLevel": enum_of(LEVELS, f"{_labelled(LEVELS)}."),
    "TalkActorType": enum_of([*ActorType, DELETED_USERS], "Type of `actorId`."),
    "TalkSystemMessage": enum_of(["", *SystemMessage], "Empty for comments."),
    "TalkRoom": ROOM,
    "TalkRoomParticipant": object_with(
        name=string(), type=PARTICIPANT_TYPE, call=IN_CALL, sessionId=SESSION_ID
    ),
    "TalkOpenedRoom": object_with(token=TOKEN, name=string(), displayName=string()),
    "TalkMessage": MESSAGE,
    "TalkRichObject": object_with(
        type=literal("user", "guest", description="Type of the object."),
        id=string(),
        name=string(),
    ),
    "TalkParticipant": object_with(
        userId=USER_ID,
        displayName=string("May be empty for guests."),
        participantType=PARTICIPANT_TYPE,
        lastPing=SECONDS,
        sessionId=SESSION_ID,
        inCall=IN_CALL,
    ),
    "TalkChangedType": object_with(type=ROOM_TYPE),
    "TalkJoined": object_with(sessionId=LIVE_SESSION_ID),
    "TalkSuggestion": object_with(
        id=string("Send it as `@id` in a message."),
        label=string(),
        source=literal("users", description="Type of `id`."),
    ),
    "TalkMatch": object_with(
        id=string(),
        label=string("Text to show to users."),
        source=literal("users", "groups", "emails", description="Type of `id`."),
    ),
    "TalkAppPassword": object_with(
        apppassword=string("Send it as the password of HTTP Basic.")
    ),
    "TalkPeer": object_with(
        userId=USER_ID, token=TOKEN, lastPing=SECONDS, sessionId=LIVE_SESSION_ID
    ),
    "TalkConnectedUser": object_with(
        userId=USER_ID,
        roomId=integer(),
        lastPing=SECONDS,
        sessionId=LIVE_SESSION_ID,
        inCall=IN_CALL,
    ),
    "TalkSignalingMessage": object_with(
        type=literal("message", description="A message of another session."),
        data=string("The JSON text that the other session has sent."),
    ),
    "TalkUsersInRoom": object_with(
        type=literal("usersInRoom", description="The connected sessions."),
        data=array_of(reference("TalkConnectedUser")),
    ),
    "TalkSignalingUpdate": SIGNALING_UPDATE,
    "TalkSignalingSettings": SETTINGS,
    "TalkCapabilities": CAPABILITIES,
    "TalkProfile": PROFILE,
    "TalkBackendIdentity": object_with(
        type=literal("auth", description="The user who owns the ticket."),
        auth=object_with(
            ("userid", "user"),
            version=string(),
            userid=string(),
            user=object_with(displayname=string()),
        ),
    ),
    "TalkBackendRoom": object_with(
        type=literal("room", description="The room of the request."),
        room=object_with(
            ("properties",),
            version=string(),
            roomid=TOKEN,
            properties=object_with(name=string(), type=ROOM_TYPE),
        ),
    ),
    "TalkBackendRefusal": object_with(
        type=literal("error", description="The request is refused."),
        error=object_with(code=string(), message=string()),
    ),
}
"""Schemas by name. Names begin with `Talk`, to differ from those of the site."""
