"""Everything that people do to rooms and to each other, as one request each."""

from __future__ import annotations

from tests.client import Answer, TalkClient

# Changes to the room.


def open_pair(client: TalkClient, user_id: str) -> Answer:
    """Ask for the one-to-one room with a user."""
    return client.post("/room", roomType=1, invite=user_id)


def rename(client: TalkClient, token: str, name: str) -> Answer:
    """Give the room another name."""
    return client.put(f"/room/{token}", roomName=name)


def delete_room(client: TalkClient, token: str) -> Answer:
    """Delete the room."""
    return client.delete(f"/room/{token}")


def make_public(client: TalkClient, token: str) -> Answer:
    """Let everybody with the link in."""
    return client.post(f"/room/{token}/public")


def make_private(client: TalkClient, token: str) -> Answer:
    """Let nobody in by the link any more."""
    return client.delete(f"/room/{token}/public")


def protect(client: TalkClient, token: str, password: str) -> Answer:
    """Set the room's password; an empty one clears it."""
    return client.put(f"/room/{token}/password", password=password)


# Changes of the caller's own participant.


def list_participants(client: TalkClient, token: str) -> Answer:
    """Ask who is in the room."""
    return client.get(f"/room/{token}/participants")


def mark_as_favorite(client: TalkClient, token: str) -> Answer:
    """Pin the room."""
    return client.post(f"/room/{token}/favorite")


def unmark_as_favorite(client: TalkClient, token: str) -> Answer:
    """Pin the room no longer."""
    return client.delete(f"/room/{token}/favorite")


def notify(client: TalkClient, token: str, level: object) -> Answer:
    """Choose when to be notified."""
    return client.post(f"/room/{token}/notify", level=level)


def leave_for_good(client: TalkClient, token: str) -> Answer:
    """Give up one's place in the room."""
    return client.delete(f"/room/{token}/participants/self")


def name_oneself(client: TalkClient, token: str, name: str) -> Answer:
    """Choose a guest's name."""
    return client.post(f"/guest/{token}/name", displayName=name)


# Changes of other participants.


def add(client: TalkClient, token: str, user_id: str) -> Answer:
    """Give a user a place."""
    return client.post(f"/room/{token}/participants", newParticipant=user_id)


def add_group(client: TalkClient, token: str, name: str) -> Answer:
    """Give all members of a group a place."""
    return client.post(
        f"/room/{token}/participants", newParticipant=name, source="groups"
    )


def invite(client: TalkClient, token: str, address: str) -> Answer:
    """Invite somebody by e-mail."""
    return client.post(f"/room/{token}/participants/guests", newParticipant=address)


def add_address(client: TalkClient, token: str, address: str) -> Answer:
    """Invite somebody by e-mail, in the way that newer clients do."""
    return client.post(
        f"/room/{token}/participants", newParticipant=address, source="emails"
    )


def remove(client: TalkClient, token: str, user_id: str) -> Answer:
    """Take a user's place away."""
    return client.delete(f"/room/{token}/participants", participant=user_id)


def remove_guest(client: TalkClient, token: str, session_id: str) -> Answer:
    """Take a guest's place away."""
    return client.delete(f"/room/{token}/participants/guests", participant=session_id)


def promote(client: TalkClient, token: str, user_id: str) -> Answer:
    """Make a moderator of a user."""
    return client.post(f"/room/{token}/moderators", participant=user_id)


def demote(client: TalkClient, token: str, user_id: str) -> Answer:
    """Make a user of a moderator."""
    return client.delete(f"/room/{token}/moderators", participant=user_id)


def promote_guest(client: TalkClient, token: str, session_id: str) -> Answer:
    """Make a guest moderator of a guest."""
    return client.post(f"/room/{token}/moderators", sessionId=session_id)


def demote_guest(client: TalkClient, token: str, session_id: str) -> Answer:
    """Make a guest of a guest moderator."""
    return client.delete(f"/room/{token}/moderators", sessionId=session_id)
