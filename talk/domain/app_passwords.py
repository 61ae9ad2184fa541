"""App passwords: creating, checking and revoking them."""

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
"""Letters and digits that are not confused when they are copied by hand."""

GROUPS = 5
GROUP_LENGTH = 5
"""25 characters out of 56 are 145 bits."""

SHAPE = re.compile(
    rf"[{ALPHABET}]{{{GROUP_LENGTH}}}(?:-[{ALPHABET}]{{{GROUP_LENGTH}}}){{{GROUPS - 1}}}"
)

USED_SECONDS = 60
"""A use is stored at most this often, so that reading costs no write."""


@dataclass(frozen=True, kw_only=True)
class NewAppPassword:
    """An app password with its text, which cannot be shown again."""

    app_password: AppPassword
    token: str


@atomic
def create_app_password(*, user: User, label: str, now: datetime) -> NewAppPassword:
    """Create an app password for a user's app called `label`.

    Raises:
        Invalid: the label has more than 128 characters, or has characters that cannot
            be stored.
        NotAllowed: the user has as many as `APP_PASSWORDS_MAX` allows.
        NotFound: the account has just been deleted.

    API: `GET core/getapppassword` of the server's own API.
    """
    require_text(label, longest=APP_PASSWORD_LABEL_MAX)
    token = _new_token()
    # The insert comes first: from here on nothing else is written on SQLite.
    app_password = AppPassword.objects.create(
        user=user, label=label, digest=_digest_of(token), created_at=now
    )
    # On other databases, the lock makes concurrent requests of the user count after us.
    if not lock_accounts([user]):
        raise NotFound
    if _count(user) > talk_settings().APP_PASSWORDS_MAX:
        raise NotAllowed("There are too many app passwords.", code="too_many")
    return NewAppPassword(app_password=app_password, token=token)


def may_create_app_password(*, user: User) -> bool:
    """Return whether the user may create another app password; one query."""
    return _count(user) < talk_settings().APP_PASSWORDS_MAX


def find_app_password(
    *, name: str | None = None, token: str, now: datetime
) -> AppPassword | None:
    """Return the app password with the text `token`; None if it is not valid.

    `name` may be the user's id, username or e-mail address, in upper or lower case;
    None accepts any user. App passwords of disabled accounts are not valid. One query,
    none for a text of another shape, and an update once a minute.

    The database searches for the digest, so the time that it takes does not help to
    guess the password.

    API: HTTP Basic and Bearer, of the server's own API.
    """
    if SHAPE.fullmatch(token) is None:
        return None
    # On a replica a revoked app password may still exist.
    rows = on_write_database(AppPassword.objects.filter(digest=_digest_of(token)))
    app_password = rows.with_users().first()
    if app_password is None or not _belongs(app_password.user, name):
        return None
    _note_use(app_password, now)
    return app_password


@atomic
def revoke_app_passwords(*, ids: Iterable[int]) -> int:
    """Delete app passwords; return how many of `ids` existed.

    API: `DELETE core/apppassword` of the server's own API.
    """
    count = 0
    for batch in in_batches(list(ids)):
        rows = on_write_database(AppPassword.objects.filter(pk__in=batch))
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
    """Whether the account is active and known by that name.

    Clients keep using the name with which they got the app password, and the site's
    authentication backends may accept several.
    """
    if not user.is_active or name == "":
        return False
    adapter = get_adapter()
    names = (str(user.get_username()), adapter.user_id(user), adapter.email(user))
    return name is None or name.casefold() in map(str.casefold, names)


def _note_use(app_password: AppPassword, now: datetime) -> None:
    """Store that an app password was used, unless that was stored lately."""
    since = now - timedelta(seconds=USED_SECONDS)
    last = app_password.last_used_at
    if last is None or last < since:
        # Of several concurrent requests, one writes.
        own = AppPassword.objects.filter(pk=app_password.pk)
        own.unused_since(since).update(last_used_at=now)
        app_password.last_used_at = now
