"""The rows of the matrix: every request, and which callers may send it."""

from __future__ import annotations

from django.contrib.auth.hashers import check_password

from talk.constants import ParticipantType, RoomType
from talk.models import Participant, Room
from tests.api.helpers import SECRET, user_types_of
from tests.api.matrix import (
    A_GUEST,
    A_GUEST_MODERATOR,
    LEFT_BEHIND,
    CallerKind,
    Needs,
    RoomKind,
    Row,
)
from tests.client import TalkClient

ADDRESS = "somebody@example.org"


def _room(token: str) -> Room:
    return Room.objects.get(token=token)


def _is_outsider_in(client: TalkClient, token: str) -> bool:
    return user_types_of(token).get("outsider") == ParticipantType.USER


def _has_left(client: TalkClient, token: str) -> bool:
    answer = client.get(f"/room/{token}")
    return answer.status == 404 or answer.data["sessionId"] == "0"


def _number_of(token: str, type: ParticipantType) -> int:
    return Participant.objects.filter(room__token=token, type=type).count()


NO_THIRD = {RoomKind.ONE_TO_ONE: 404}
"""A one-to-one room has no third participant to act on."""

NO_GUESTS = {RoomKind.ONE_TO_ONE: 404, RoomKind.GROUP: 404}

ROOM = "/room/{token}"
PEOPLE = f"{ROOM}/participants"

ROWS = [
    # The server.
    Row(
        what="read the capabilities",
        method="GET",
        path="/ocs/v2.php/cloud/capabilities",
    ),
    Row(
        what="read the own profile",
        method="GET",
        path="/ocs/v2.php/cloud/user",
        users_only=True,
    ),
    Row(
        what="search for users",
        method="GET",
        path="/ocs/v2.php/core/autocomplete/get",
        send={"search": "out"},
        users_only=True,
    ),
    Row(
        what="get an app password",  # it takes a password, a cookie is not enough
        method="GET",
        path="/ocs/v2.php/core/getapppassword",
        users_only=True,
        done=403,
        for_callers={CallerKind.USER_WITHOUT_COOKIES: 200},
    ),
    Row(
        what="revoke the app password",  # a cookie is none
        method="DELETE",
        path="/ocs/v2.php/core/apppassword",
        users_only=True,
        done=403,
    ),
    # Rooms.
    Row(what="list rooms", method="GET", path="/room", users_only=True),
    Row(
        what="create a room",
        has_to_send=True,
        method="POST",
        path="/room",
        send={"roomType": 3, "roomName": "New"},
        users_only=True,
        done=201,
        is_done=lambda client, token: Room.objects.filter(name="New").exists(),
    ),
    Row(
        what="read the room",
        method="GET",
        path=ROOM,
        needs=Needs.VISIBLE_ROOM,
    ),
    Row(
        what="rename the room",
        has_to_send=True,
        method="PUT",
        path=ROOM,
        send={"roomName": "New name"},
        needs=Needs.PARTICIPANT,
        moderators_only=True,
        in_kinds={RoomKind.ONE_TO_ONE: 405},
        is_done=lambda client, token: _room(token).name == "New name",
    ),
    Row(
        what="delete the room",
        method="DELETE",
        path=ROOM,
        needs=Needs.PARTICIPANT,
        moderators_only=True,
        is_done=lambda client, token: not Room.objects.filter(token=token).exists(),
    ),
    Row(
        what="make public",
        method="POST",
        path=f"{ROOM}/public",
        users_only=True,
        needs=Needs.PARTICIPANT,
        moderators_only=True,
        is_done=lambda client, token: _room(token).type == RoomType.PUBLIC,
    ),
    Row(
        what="make private",
        method="DELETE",
        path=f"{ROOM}/public",
        users_only=True,
        needs=Needs.PARTICIPANT,
        moderators_only=True,
        is_done=lambda client, token: _room(token).type != RoomType.PUBLIC,
    ),
    Row(
        what="set a password",
        has_to_send=True,
        method="PUT",
        path=f"{ROOM}/password",
        send={"password": "another"},
        needs=Needs.PARTICIPANT,
        moderators_only=True,
        in_kinds={RoomKind.ONE_TO_ONE: 403, RoomKind.GROUP: 403},
        is_done=lambda client, token: check_password("another", _room(token).password),
    ),
    Row(
        what="clear the password",
        method="PUT",
        path=f"{ROOM}/password",
        send={"password": ""},
        needs=Needs.PARTICIPANT,
        moderators_only=True,
        in_kinds={RoomKind.ONE_TO_ONE: 403, RoomKind.GROUP: 403},
        is_done=lambda client, token: _room(token).password == "",
    ),
    Row(
        what="mark as favourite",
        method="POST",
        path=f"{ROOM}/favorite",
        needs=Needs.ACCOUNT,
        is_done=lambda client, token: client.room(token)["isFavorite"],
    ),
    Row(
        what="unmark as favourite",
        method="DELETE",
        path=f"{ROOM}/favorite",
        needs=Needs.ACCOUNT,
        is_done=lambda client, token: not client.room(token)["isFavorite"],
    ),
    Row(
        what="choose notifications",
        has_to_send=True,
        method="POST",
        path=f"{ROOM}/notify",
        send={"level": 3},
        needs=Needs.ACCOUNT,
        is_done=lambda client, token: client.room(token)["notificationLevel"] == 3,
    ),
    # Participants.
    Row(
        what="list the participants",
        method="GET",
        path=PEOPLE,
        needs=Needs.PARTICIPANT,
    ),
    Row(
        what="add a user",
        has_to_send=True,
        method="POST",
        path=PEOPLE,
        send={"newParticipant": "outsider"},
        users_only=True,
        needs=Needs.PARTICIPANT,
        moderators_only=True,
        is_done=_is_outsider_in,
    ),
    Row(
        what="add a group",
        method="POST",
        path=PEOPLE,
        send={"newParticipant": "crew", "source": "groups"},
        users_only=True,
        needs=Needs.PARTICIPANT,
        moderators_only=True,
        is_done=_is_outsider_in,
    ),
    Row(
        what="add an address",
        method="POST",
        path=PEOPLE,
        send={"newParticipant": ADDRESS, "source": "emails"},
        users_only=True,
        needs=Needs.PARTICIPANT,
        moderators_only=True,
        is_done=lambda client, token: _room(token).type == RoomType.PUBLIC,
    ),
    Row(
        what="invite by e-mail",
        has_to_send=True,
        method="POST",
        path=f"{PEOPLE}/guests",
        send={"newParticipant": ADDRESS},
        needs=Needs.ACCOUNT,
        moderators_only=True,
        is_done=lambda client, token: _room(token).type == RoomType.PUBLIC,
    ),
    Row(
        what="remove a user",  # from a one-to-one room: the room goes with them
        has_to_send=True,
        method="DELETE",
        path=PEOPLE,
        send={"participant": "target"},
        needs=Needs.PARTICIPANT,
        moderators_only=True,
        is_done=lambda client, token: "target" not in user_types_of(token),
    ),
    Row(
        what="remove a guest",
        has_to_send=True,
        method="DELETE",
        path=f"{PEOPLE}/guests",
        send={"participant": A_GUEST},
        needs=Needs.PARTICIPANT,
        moderators_only=True,
        in_kinds=NO_GUESTS,
        is_done=lambda client, token: _number_of(token, ParticipantType.GUEST) == 0,
    ),
    Row(
        what="leave for good",
        method="DELETE",
        path=f"{PEOPLE}/self",
        users_only=True,
        needs=Needs.PARTICIPANT,
        is_done=lambda client, token: client.get("/room").data == [],
    ),
    Row(
        what="join",
        method="POST",
        path=f"{PEOPLE}/active",
        needs=Needs.VISIBLE_ROOM,
        may_need_password=True,
        is_done=lambda client, token: client.room(token)["sessionId"] != "0",
    ),
    Row(
        what="join with the password",
        method="POST",
        path=f"{PEOPLE}/active",
        send={"password": SECRET},
        needs=Needs.VISIBLE_ROOM,
        is_done=lambda client, token: client.room(token)["sessionId"] != "0",
    ),
    Row(
        what="leave",
        method="DELETE",
        path=f"{PEOPLE}/active",
        needs=Needs.PARTICIPANT,
        for_callers=dict.fromkeys(LEFT_BEHIND, 200),
        drops_guest_of=frozenset({CallerKind.GUEST_LOGGED_IN}),
        is_done=_has_left,
    ),
    Row(
        what="promote a user",
        has_to_send=True,
        method="POST",
        path=f"{ROOM}/moderators",
        send={"participant": "target"},
        needs=Needs.PARTICIPANT,
        moderators_only=True,
        in_kinds=NO_THIRD,
        is_done=lambda client, token: user_types_of(token)["target"] == 2,
    ),
    Row(
        what="promote a guest",
        method="POST",
        path=f"{ROOM}/moderators",
        send={"sessionId": A_GUEST},
        needs=Needs.PARTICIPANT,
        moderators_only=True,
        in_kinds=NO_GUESTS,
        is_done=lambda client, token: _number_of(token, ParticipantType.GUEST) == 0,
    ),
    Row(
        what="demote a moderator",
        has_to_send=True,
        method="DELETE",
        path=f"{ROOM}/moderators",
        send={"participant": "targetmoderator"},
        needs=Needs.PARTICIPANT,
        moderators_only=True,
        in_kinds=NO_THIRD,
        is_done=lambda client, token: user_types_of(token)["targetmoderator"] == 3,
    ),
    Row(
        what="demote a guest moderator",
        method="DELETE",
        path=f"{ROOM}/moderators",
        send={"sessionId": A_GUEST_MODERATOR},
        needs=Needs.PARTICIPANT,
        moderators_only=True,
        in_kinds=NO_GUESTS,
        is_done=lambda client, token: _number_of(token, ParticipantType.GUEST) == 2,
    ),
    # Chat.
    Row(
        what="read history",
        method="GET",
        path="/chat/{token}",
        needs=Needs.PARTICIPANT,
    ),
    Row(
        what="wait for messages",
        method="GET",
        path="/chat/{token}",
        send={"lookIntoFuture": 1, "timeout": 0},
        needs=Needs.PARTICIPANT,
    ),
    Row(
        what="post a message",
        has_to_send=True,
        method="POST",
        path="/chat/{token}",
        send={"message": "good day"},
        needs=Needs.PARTICIPANT,
        done=201,
        is_done=lambda client, token: (
            client.history(token, limit=1).data[0]["message"] == "good day"
        ),
    ),
    Row(
        what="list mention suggestions",
        method="GET",
        path="/chat/{token}/mentions",
        needs=Needs.PARTICIPANT,
    ),
    Row(
        what="set a guest name",
        method="POST",
        path="/guest/{token}/name",
        send={"displayName": "Gigi"},
        guests_only=True,
        needs=Needs.PARTICIPANT,
        is_done=lambda client, token: any(
            member["displayName"] == "Gigi"
            for member in client.get(f"/room/{token}/participants").data
        ),
    ),
    # Calls.
    Row(
        what="list the participants of the call",
        method="GET",
        path="/call/{token}",
        needs=Needs.PARTICIPANT,
    ),
    Row(
        what="join the call",
        method="POST",
        path="/call/{token}",
        needs=Needs.SESSION,
        is_done=lambda client, token: client.room(token)["participantFlags"] == 7,
    ),
    Row(
        what="leave the call",  # guests who are not in the room get 200, as if they had left
        method="DELETE",
        path="/call/{token}",
        needs=Needs.SESSION,
        guests_without_session=200,
        is_done=lambda client, token: client.room(token)["participantFlags"] == 0,
    ),
    # Signaling.
    Row(
        what="read the signaling settings",
        method="GET",
        path="/signaling/settings",
    ),
    Row(
        what="send a request as a signaling server",
        method="POST",
        path="/signaling/backend",
    ),
    Row(
        what="wait for signaling",
        method="GET",
        path="/signaling/{token}",
        needs=Needs.SESSION,
        for_callers={CallerKind.SILENT_GUEST: 200},  # to poll is a ping
    ),
    Row(
        what="send signaling",  # clients would repeat what is refused
        method="POST",
        path="/signaling/{token}",
        send={"messages": "[]"},
    ),
]
