"""App passwords: making, recognising and revoking them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from talk.adapters import get_adapter
from talk.conf import talk_settings
from talk.constants import APP_PASSWORD_LABEL_MAX
from talk.domain import events
from talk.domain.text import require_text
from talk.exceptions import NotAllowed, NotFound
from talk.models import (
    AppPassword,
    atomic,
    in_batches,
    lock_accounts,
    on_write_database,
)
from talk.utils.random_text import random_text

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Letters and digits that nobody takes for another when copying them by hand."""

GROUPS = 5
GROUP_LENGTH = 5
"""25 of 56 characters are 145 bits."""

SHAPE = re.compile(
    rf"[{ALPHABET}]{{{GROUP_LENGTH}}}(?:-[{ALPHABET}]{{{GROUP_LENGTH}}}){{{GROUPS - 1}}}"
)

USED_SECONDS = 60
"""Uses closer together than this are written once: reading is to cost no write."""


@dataclass(frozen=True, kw_only=True)
class NewAppPassword:
    """An app password and the text of it, which is not to be had again."""

    app_password: AppPassword
    token: str


@atomic
def create_app_password(*, user: User, label: str, now: datetime) -> NewAppPassword:
    """Make an app password for a user's app called `label`.

    Raises:
        Invalid: the label has more than 128 characters, or some that cannot be stored.
        NotAllowed: the user has as many as one may have.
        NotFound: the account has just been deleted.

    API: `GET core/getapppassword` of the server's own API.
    """
    require_text(label, longest=APP_PASSWORD_LABEL_MAX)
    token = _new_token()
    # Written first: on SQLite nobody else writes from here on.
    app_password = AppPassword.objects.create(
        user=user, label=label, digest=_digest_of(token), created_at=now
    )
    # Elsewhere, others who make one for the user count after us.
    if not lock_accounts([user]):
        raise NotFound
    if _count(user) > talk_settings().APP_PASSWORDS_MAX:
        raise NotAllowed("There are too many app passwords.", code="too_many")
    return NewAppPassword(app_password=app_password, token=token)


def may_create_app_password(*, user: User) -> bool:
    """Return whether the user may have one more app password. One query."""
    return _count(user) < talk_settings().APP_PASSWORDS_MAX


def find_app_password(
    *, name: str | None = None, token: str, now: datetime
) -> AppPassword | None:
    """Return the app password that somebody calling themself `name` has sent.

    The name may be the user's public id, what they log in with or their address, in
    any case; without one the app password itself tells whose it is. Disabled accounts
    have none. One query, none for what does not look like an app password, and an
    update once a minute.

    The database looks for the digest: how long that takes says nothing that would
    help to guess the password.

    API: HTTP Basic and Bearer, of the server's own API.
    """
    if SHAPE.fullmatch(token) is None:
        return None
    # A replica may not know yet that it was revoked.
    rows = on_write_database(AppPassword.objects.filter(digest=_digest_of(token)))
    app_password = rows.with_users().first()
    if app_password is None or not _belongs(app_password.user, name):
        return None
    _note_use(app_password, now)
    return app_password


@atomic
def revoke_app_passwords(*, ids: Iterable[int]) -> int:
    """Make app passwords worthless; return how many of `ids` there were.

    API: `DELETE core/apppassword` of the server's own API.
    """
    count = 0
    for some in in_batches(list(ids)):
        rows = on_write_database(AppPassword.objects.filter(pk__in=some))
        for user_pk in set(rows.values_list("user", flat=True)):
            events.record(events.LoginsEnded(user_pk=user_pk))
        count += rows.delete()[0]
    return count


def _new_token() -> str:
    groups = (random_text(GROUP_LENGTH, alphabet=ALPHABET) for _ in range(GROUPS))
    return "-".join(groups)


def _digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _count(user: User) -> int:
    return on_write_database(AppPassword.objects.of(user)).count()


def _belongs(user: User, name: str | None) -> bool:
    """Whether the account may be used, and by that name.

    Clients go on with the name that got them the app password, which may be whatever
    the site's back ends take.
    """
    if not user.is_active or name == "":
        return False
    adapter = get_adapter()
    names = (str(user.get_username()), adapter.user_id(user), adapter.email(user))
    return name is None or name.casefold() in map(str.casefold, names)


def _note_use(app_password: AppPassword, now: datetime) -> None:
    """Write down that it was used, unless that has just been done."""
    since = now - timedelta(seconds=USED_SECONDS)
    last = app_password.last_used_at
    if last is None or last < since:
        # Of many requests at this moment, one writes.
        own = AppPassword.objects.filter(pk=app_password.pk)
        own.unused_since(since).update(last_used_at=now)
        app_password.last_used_at = now
