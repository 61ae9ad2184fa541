"""The site's own accounts, where their rows must be locked or be up to date."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import connections
from django.db.models import QuerySet

from talk.models.database import on_write_database

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def lock_accounts(users: Sequence[User]) -> list[User]:
    """Keep accounts from being deleted until the transaction ends.

    Returns those of `users` that still exist, in the same order. One query. To be
    called under the lock of a room, never before it: deletions lock in this order.
    Where a lock would collide with what references take, as in MariaDB, there is none.
    """
    manager = get_user_model()._default_manager  # noqa: SLF001 - Django's own word
    rows = on_write_database(
        manager.filter(pk__in=[user.pk for user in users]).order_by("pk")
    )
    if connections[rows.db].features.has_select_for_no_key_update:
        rows = rows.select_for_update(no_key=True)
    existing = set(rows.values_list("pk", flat=True))
    return [user for user in users if user.pk in existing]


def lock_account_for_deletion(user: User) -> None:
    """Let nobody else refer to an account any more, until the transaction ends."""
    manager = get_user_model()._default_manager  # noqa: SLF001 - as above
    rows = on_write_database(manager.filter(pk=user.pk))
    if connections[rows.db].features.has_select_for_no_key_update:
        list(rows.select_for_update().values_list("pk", flat=True))


def read_account(pk: Any) -> User | None:
    """Return the account with this key as it is now, None when it is gone. One query."""
    manager = get_user_model()._default_manager  # noqa: SLF001 - as above
    return on_write_database(manager.filter(pk=pk)).first()


def load_accounts(pks: QuerySet[Any]) -> dict[Any, User]:
    """Return the accounts whose keys a query selects, by key. One query."""
    manager = get_user_model()._base_manager  # noqa: SLF001 - as above
    return {user.pk: user for user in manager.using(pks.db).filter(pk__in=pks)}
