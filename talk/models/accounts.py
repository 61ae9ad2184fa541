"""Reading and locking the site's user accounts."""

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
    """Prevent accounts from being deleted until the transaction ends.

    Returns the `users` that still exist, in the same order. One query. Lock the room
    first: deleting an account locks in that order. Takes no lock on databases, such as
    MariaDB, where it would conflict with the locks that foreign keys take.
    """
    manager = get_user_model()._default_manager  # noqa: SLF001 - Django's documented name
    rows = on_write_database(
        manager.filter(pk__in=[user.pk for user in users]).order_by("pk")
    )
    if connections[rows.db].features.has_select_for_no_key_update:
        rows = rows.select_for_update(no_key=True)
    existing = set(rows.values_list("pk", flat=True))
    return [user for user in users if user.pk in existing]


def lock_account_for_deletion(user: User) -> None:
    """Prevent new references to an account until the transaction ends."""
    manager = get_user_model()._default_manager  # noqa: SLF001 - as above
    rows = on_write_database(manager.filter(pk=user.pk))
    if connections[rows.db].features.has_select_for_no_key_update:
        list(rows.select_for_update().values_list("pk", flat=True))


def read_account(pk: Any) -> User | None:
    """Return the account with this key, or None when it is gone.

    One query, to the database that is written to.
    """
    manager = get_user_model()._default_manager  # noqa: SLF001 - as above
    return on_write_database(manager.filter(pk=pk)).first()


def load_accounts(pks: QuerySet[Any]) -> dict[Any, User]:
    """Return the accounts whose keys a query selects, by key. One query."""
    manager = get_user_model()._base_manager  # noqa: SLF001 - as above
    return {user.pk: user for user in manager.using(pks.db).filter(pk__in=pks)}
