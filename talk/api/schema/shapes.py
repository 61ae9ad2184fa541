"""What the `data` of answers holds, as JSON schemas that refer to each other by name.

They say "at least", as the API document does: clients must expect more keys.
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

Shape = dict[str, Any]

REFERENCE = "#/components/schemas/"


def named(name: str) -> Shape:
    """Return a reference to one of `SHAPES`."""
    return {"$ref": f"{REFERENCE}{name}"}


def names_in(shape: Any) -> Iterator[str]:
    """Yield the names of `SHAPES` that a shape refers to."""
    if isinstance(shape, dict):
        reference = shape.get("$ref", "")
        if reference.startswith(REFERENCE):
            yield reference.removeprefix(REFERENCE)
        for value in shape.values():
            yield from names_in(value)
    elif isinstance(shape, list):
        for value in shape:
            yield from names_in(value)


def record(optional: tuple[str, ...] = (), /, **properties: Shape) -> Shape:
    """Return the schema of an object, whose keys are all there but the `optional`."""
    required = [key for key in properties if key not in optional]
    shape = {"type": "object", "properties": properties}
    return {**shape, "required": required} if required else shape


def renamed(shape: Shape, **names: str) -> Shape:
    """Return the schema of an object with keys that are no Python names."""
    return {
        **shape,
        "properties": {names.get(k, k): v for k, v in shape["properties"].items()},
        "required": [names.get(key, key) for key in shape["required"]],
    }


def array(items: Shape, **limits: Any) -> Shape:
    """Return the schema of a list."""
    return {"type": "array", "items": items, **limits}


def text(description: str = "", **limits: Any) -> Shape:
    """Return the schema of a text."""
    return _described({"type": "string", **limits}, description)


def number(description: str = "", **limits: Any) -> Shape:
    """Return the schema of an integer."""
    return _described({"type": "integer", **limits}, description)


def flag(description: str = "") -> Shape:
    """Return the schema of true or false."""
    return _described({"type": "boolean"}, description)


def or_empty(shape: Shape) -> Shape:
    """Return the schema of an object that is an empty list where there is nothing."""
    return {"oneOf": [shape, NOTHING]}


def one_of(values: Any, description: str) -> Shape:
    """Return the schema of one of these numbers or texts, which the text explains."""
    members = [getattr(value, "value", value) for value in values]
    kind = "string" if isinstance(members[0], str) else "integer"
    return _described({"type": kind, "enum": members}, description)


def word(*words: str, description: str) -> Shape:
    """Return the schema of one of these texts, in few places."""
    return text(description, pattern=f"^({'|'.join(words)})$")


def _described(shape: Shape, description: str) -> Shape:
    return {**shape, "description": description} if description else shape


def _labelled(choices: Any) -> str:
    return ", ".join(f"{choice.value} {choice.name.lower()}" for choice in choices)


NOTHING = array({}, maxItems=0)
TOKEN = text("Public id of the room.", pattern=f"^{TOKEN_PATTERN}$")
# Values to choose from have names of their own: drf-spectacular would invent some.
ROOM_TYPE = named("TalkRoomType")
PARTICIPANT_TYPE = named("TalkParticipantType")
IN_CALL = number(
    f"Sum of {_labelled(InCall)}.",
    minimum=0,
    maximum=int(InCall.IN_CALL | InCall.WITH_AUDIO | InCall.WITH_VIDEO),
)
SECONDS = number("Seconds since 1970, 0 for never.", minimum=0)
COUNT = number(minimum=0)
LIVE_SESSION_ID = text(pattern=f"^[A-Za-z0-9]{{{SESSION_ID_LENGTH}}}$")
SESSION_ID = text(
    "`0` for somebody who is not connected.",
    pattern=f"^(0|[A-Za-z0-9]{{{SESSION_ID_LENGTH}}})$",
)
LEVELS = [level for level in NotificationLevel if level != NotificationLevel.DEFAULT]
USER_ID = text("Empty for guests.")
URLS = array(text(), minItems=1, maxItems=1)

ROOM = record(
    id=number(),
    token=TOKEN,
    type=ROOM_TYPE,
    name=text("The room's own name, which may be empty."),
    displayName=text("The name, or a list of who is in the room."),
    objectType=text("Kind of the site's object that the room belongs to, or empty."),
    objectId=text("Id of that object, or empty."),
    participantType=PARTICIPANT_TYPE,
    participantInCall=flag("Whether one is in the call; `participantFlags` says more."),
    participantFlags=IN_CALL,
    count=number("How many were active in the last 30 seconds.", minimum=0),
    hasPassword=flag(),
    hasCall=flag(),
    lastActivity=SECONDS,
    unreadMessages=COUNT,
    unreadMention=flag("Whether one was mentioned since one has read."),
    isFavorite=flag(),
    notificationLevel=named("TalkNotificationLevel"),
    lastPing=SECONDS,
    sessionId=SESSION_ID,
    participants={
        **or_empty(
            {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": named("TalkRoomMember"),
            }
        ),
        "description": "The people with accounts, by their ids; guests are counted.",
    },
    numGuests=COUNT,
    guestList=text("Words for the other guests, or empty."),
    lastMessage=or_empty(named("TalkMessage")),
)

MESSAGE = record(
    id=number(),
    token=TOKEN,
    actorType=named("TalkActorType"),
    actorId=text(),
    actorDisplayName=text(),
    timestamp=SECONDS,
    message=text("A text with `{placeholders}`."),
    messageParameters={
        **or_empty(
            {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": named("TalkRichObject"),
            }
        ),
        "description": "What the placeholders stand for, by their names.",
    },
    systemMessage=named("TalkSystemMessage"),
)

CAPABILITIES = record(
    version=record(
        major=number(),
        minor=number(),
        micro=number(),
        string=text(),
        edition=text(),
        extendedSupport=flag(),
    ),
    capabilities=record(
        core=record(pollinterval=number()),
        spreed=record(
            features=array(text(), uniqueItems=True),
            config=record(
                chat=renamed(record(max_length=number()), max_length="max-length")
            ),
        ),
    ),
)

PROFILE = renamed(
    record(
        ("enabled",),
        id=text(),
        display_name=text(),
        displayname=text(),
        email=text(nullable=True),
        language=text(),
        groups=array(text()),
        subadmin=array(text()),
        lastLogin=number("Milliseconds since 1970, 0 for never.", minimum=0),
        quota=record(
            free=number(),
            used=number(),
            total=number(),
            relative=number(),
            quota=number(),
        ),
        storageLocation=text(),
        backend=text(),
        phone=text(),
        address=text(),
        website=text(),
        twitter=text(),
        enabled=flag("For superusers only."),
    ),
    display_name="display-name",
)

SETTINGS = record(
    server=text("An external signaling server; without one it is empty."),
    ticket=text("Proves to that server who one is."),
    stunservers=array(record(url=text(), urls=URLS), maxItems=1),
    turnservers=array(
        record(url=URLS, urls=URLS, username=text(), credential=text()), maxItems=2
    ),
)

SIGNALING_NEWS = {
    "description": "Messages for the session and, last, everybody who is connected.",
    **array({"oneOf": [named("TalkSignalingMessage"), named("TalkUsersInRoom")]}),
}

SHAPES: dict[str, Shape] = {
    "TalkRoomType": one_of(RoomType, f"{_labelled(RoomType)}."),
    "TalkParticipantType": one_of(ParticipantType, f"{_labelled(ParticipantType)}."),
    "TalkNotificationLevel": one_of(LEVELS, f"{_labelled(LEVELS)}."),
    "TalkActorType": one_of(
        [*ActorType, DELETED_USERS], "What `actorId` is the id of."
    ),
    "TalkSystemMessage": one_of(["", *SystemMessage], "Empty for comments."),
    "TalkRoom": ROOM,
    "TalkRoomMember": record(
        name=text(), type=PARTICIPANT_TYPE, call=IN_CALL, sessionId=SESSION_ID
    ),
    "TalkOpenedRoom": record(token=TOKEN, name=text(), displayName=text()),
    "TalkMessage": MESSAGE,
    "TalkRichObject": record(
        type=word("user", "guest", description="What it is."), id=text(), name=text()
    ),
    "TalkParticipant": record(
        userId=USER_ID,
        displayName=text("May be empty for guests."),
        participantType=PARTICIPANT_TYPE,
        lastPing=SECONDS,
        sessionId=SESSION_ID,
        inCall=IN_CALL,
    ),
    "TalkChangedType": record(type=ROOM_TYPE),
    "TalkJoined": record(sessionId=LIVE_SESSION_ID),
    "TalkSuggestion": record(
        id=text("To be sent as `@id`."),
        label=text(),
        source=word("users", description="What the id is the id of."),
    ),
    "TalkMatch": record(
        id=text(),
        label=text("What to show."),
        source=word("users", "groups", "emails", description="What `id` is the id of."),
    ),
    "TalkAppPassword": record(apppassword=text("To be sent as a password.")),
    "TalkPeer": record(
        userId=USER_ID, token=TOKEN, lastPing=SECONDS, sessionId=LIVE_SESSION_ID
    ),
    "TalkConnectedUser": record(
        userId=USER_ID,
        roomId=number(),
        lastPing=SECONDS,
        sessionId=LIVE_SESSION_ID,
        inCall=IN_CALL,
    ),
    "TalkSignalingMessage": record(
        type=word("message", description="Sent by another session."),
        data=text("The JSON text that the sender has written."),
    ),
    "TalkUsersInRoom": record(
        type=word("usersInRoom", description="Who is connected."),
        data=array(named("TalkConnectedUser")),
    ),
    "TalkSignalingNews": SIGNALING_NEWS,
    "TalkSignalingSettings": SETTINGS,
    "TalkCapabilities": CAPABILITIES,
    "TalkProfile": PROFILE,
    "TalkBackendIdentity": record(
        type=word("auth", description="Who has shown a ticket."),
        auth=record(
            ("userid", "user"),
            version=text(),
            userid=text(),
            user=record(displayname=text()),
        ),
    ),
    "TalkBackendRoom": record(
        type=word("room", description="The room that was meant."),
        room=record(
            ("properties",),
            version=text(),
            roomid=TOKEN,
            properties=record(name=text(), type=ROOM_TYPE),
        ),
    ),
    "TalkBackendRefusal": record(
        type=word("error", description="Why it is refused."),
        error=record(code=text(), message=text()),
    ),
}
"""Schemas by name. Names begin with `Talk`, to be apart from those of a site's own."""
