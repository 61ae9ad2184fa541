"""The data model: fields, constraints and the queries over them.

Modules:

    accounts      reading and locking the site's users
    app_password  app passwords
    call          attendance of the running call of a room
    database      transactions, locks and batches
    guest         guests
    message       messages
    names         display names, read together with messages
    participant   participants
    postgres      single statements of PostgreSQL that replace several queries
    read_marker   read markers of users who left
    room          rooms
    session       sessions
    signaling     undelivered signaling messages
"""

from __future__ import annotations

from talk.models.accounts import (
    load_accounts,
    lock_account_for_deletion,
    lock_accounts,
    read_account,
)
from talk.models.app_password import AppPassword, AppPasswordQuerySet
from talk.models.call import CallAttendance
from talk.models.database import (
    BATCH,
    after_commit,
    atomic,
    delete_unlocked,
    in_batches,
    on_write_database,
    requires_transaction,
    savepoint,
    sqlite_journal_mode,
    talk_database,
    transaction_block,
)
from talk.models.guest import Guest
from talk.models.message import Message, MessageQuerySet
from talk.models.names import Names
from talk.models.participant import Participant, ParticipantQuerySet
from talk.models.read_marker import ReadMarker
from talk.models.room import Room, RoomQuerySet
from talk.models.session import Session, SessionQuerySet, live_since
from talk.models.signaling import SignalingMessage, SignalingQuerySet

__all__ = [
    "BATCH",
    "AppPassword",
    "AppPasswordQuerySet",
    "CallAttendance",
    "Guest",
    "Message",
    "MessageQuerySet",
    "Names",
    "Participant",
    "ParticipantQuerySet",
    "ReadMarker",
    "Room",
    "RoomQuerySet",
    "Session",
    "SessionQuerySet",
    "SignalingMessage",
    "SignalingQuerySet",
    "after_commit",
    "atomic",
    "delete_unlocked",
    "in_batches",
    "live_since",
    "load_accounts",
    "lock_account_for_deletion",
    "lock_accounts",
    "on_write_database",
    "read_account",
    "requires_transaction",
    "savepoint",
    "sqlite_journal_mode",
    "talk_database",
    "transaction_block",
]
