"""Notifications of comments: finding the recipients, and telling the site."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db.models import Q
from django.utils import timezone

from talk import signals
from talk.adapters import DefaultAdapter, get_adapter
from talk.constants import NotificationLevel
from talk.domain.access import Actor
from talk.domain.display_names import names_of
from talk.domain.mentions import find_mentioned
from talk.models import Message, Participant, Room
from talk.notifications import Notification, NotificationKind
from talk.outgoing.queue import Delivery, outgoing


def notifications_for(*, message: Message, now: datetime) -> list[Notification]:
    """Return the notifications of a comment, which was read with its room and actor.

    Mentioned users are notified of the mention, connected or not, unless their level is
    "never". Participants with the level "always", which is the default in one-to-one
    rooms, are notified of the message if they are not connected. Nobody is notified
    twice, or of their own comment.

    One query, two when users are mentioned.

    API: Set notification level; `chat` and `mention` notifications.
    """
    mentioned = find_mentioned(message.text)
    level = Q(notification_level=NotificationLevel.ALWAYS)
    if message.room.is_one_to_one:
        level |= Q(notification_level=NotificationLevel.DEFAULT)
    wants_mentions = ~Q(notification_level=NotificationLevel.NEVER)
    is_mentioned = Q(user__in=mentioned)
    participants = Participant.objects.filter(room=message.room, user__isnull=False)
    if message.actor_user is not None:
        participants = participants.exclude(user=message.actor_user)
    participants = participants.filter(
        (is_mentioned & wants_mentions) | (~is_mentioned & level)
    )
    participants = participants.with_presence(now).with_names().order_by("pk")
    names = names_of(mentioned)
    notifications = []
    for participant in participants:
        is_mention = participant.user in mentioned
        if participant.user is not None and (
            is_mention or not participant.is_connected
        ):
            kind = NotificationKind.MENTION if is_mention else NotificationKind.MESSAGE
            notifications.append(
                Notification(
                    kind=kind,
                    room=message.room,
                    message=message,
                    names=names,
                    recipient=participant.user,
                    participant=participant,
                    is_connected=participant.is_connected,
                )
            )
    return notifications


def queue_notifications(message: Message) -> None:
    """Have the site notified of a committed comment, off the request's thread.

    Costs nothing as long as neither the adapter nor a receiver of the signal handles
    notifications.
    """
    if is_anybody_listening():
        name = f"the notifications of message {message.pk}"
        delivery = Delivery(name=name, send=partial(_notify, message.pk), is_once=True)
        outgoing.put(delivery)


def is_anybody_listening() -> bool:
    """Whether the site's adapter or a receiver handles notifications."""
    is_overridden = type(get_adapter()).notify is not DefaultAdapter.notify
    return is_overridden or signals.notifications_due.has_listeners(Room)


def _notify(message_pk: int) -> None:
    rows = Message.objects.filter(pk=message_pk).with_actors().with_rooms()
    message = rows.first()
    if message is None:
        return
    notifications = notifications_for(message=message, now=timezone.now())
    if notifications:
        # The adapter comes last, because it may fail; `send_robust` does not.
        signals.notifications_due.send_robust(
            sender=Room,
            room=message.room,
            actor=Actor(user=message.actor_user, guest=message.actor_guest),
            notifications=notifications,
        )
        get_adapter().notify(notifications)
