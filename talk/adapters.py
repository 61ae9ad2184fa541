"""The adapter: a class that a site may subclass to change how Talk treats its users.

Public API.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Concat, Trim
from django.db.models.lookups import IContains, IExact
from django.utils.module_loading import import_string

from talk.conf import talk_settings
from talk.constants import RoomType

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from talk.notifications import Notification

__all__ = ["PICTURE_TYPES", "DefaultAdapter", "Picture", "UserMatch", "get_adapter"]


@dataclass(frozen=True)
class UserMatch:
    """Conditions for users with exactly this name, and for users with it as a part."""

    exact: Q
    partial: Q


PICTURE_TYPES = frozenset(
    {"image/avif", "image/gif", "image/jpeg", "image/png", "image/webp"}
)


@dataclass(frozen=True)
class Picture:
    """A picture of a user: the content of a file, and its media type."""

    content: bytes
    content_type: str

    def __post_init__(self) -> None:
        """Refuse media types that browsers may execute.

        Raises:
            ValueError: the type is none of `PICTURE_TYPES`.
        """
        if self.content_type not in PICTURE_TYPES:
            raise ValueError(f"{self.content_type!r} is no type of a picture.")


class DefaultAdapter:
    """The default adapter, which uses Django's users and groups.

    A site subclasses it and names its class in ``TALK["ADAPTER"]``. New methods will
    have a default, so that older subclasses keep working. Methods that take a user or
    room run no query unless they say so.

    Users are instances of the site's user model; in annotations, `User` stands for it.
    """

    def user_id(self, user: User) -> str:
        """Return the user's public id, which the API calls `userId`; unique and stable."""
        return str(user.get_username())

    def display_name(self, user: User) -> str:
        """Return the name that others see, or the user id if there is none."""
        full_name = getattr(user, "get_full_name", str)
        return full_name().strip() or self.user_id(user)

    def email(self, user: User) -> str:
        """Return the user's e-mail address, or an empty string."""
        return getattr(user, user.get_email_field_name(), None) or ""

    def find_users(self, user_ids: Iterable[str]) -> dict[str, User]:
        """Return users by id, including those with a disabled account.

        Ids without a user are missing. One query; none for no ids.
        """
        user_model = get_user_model()
        field = user_model._meta.get_field(user_model.USERNAME_FIELD)  # noqa: SLF001 - Django's documented name
        wanted = {user_id for user_id in user_ids if _is_value_of(field, user_id)}
        if not wanted:
            return {}
        is_wanted = Q(**{f"{user_model.USERNAME_FIELD}__in": wanted})
        users = user_model._default_manager.filter(is_wanted)  # noqa: SLF001 - Django's documented name
        # A database that ignores case finds more users than were asked for.
        found = {self.user_id(user): user for user in users}
        return {user_id: found[user_id] for user_id in wanted & found.keys()}

    def find_group_members(self, group_id: str) -> list[User] | None:
        """Return the users of a group, or None when there is no such group.

        Group ids are the names of `django.contrib.auth` groups. Users with a disabled
        account are left out. Two queries.
        """
        group = Group.objects.filter(name=group_id).first()
        if group is None or group.name != group_id:
            return None
        user_model = get_user_model()
        if not hasattr(user_model, "groups"):
            return []
        members = user_model._default_manager.filter(Q(groups=group))  # noqa: SLF001
        return [user for user in members.order_by("pk") if user.is_active]

    def group_ids(self, user: User) -> list[str]:
        """Return the ids of the user's groups; one query."""
        groups: Any = getattr(user, "groups", None)
        if groups is None:
            return []
        return list(groups.order_by("name").values_list("name", flat=True))

    def match_users(self, search: str, path: str = "") -> UserMatch:
        """Return conditions for users whose id or display name is or contains `search`.

        Case is ignored. `path` is the lookup path from the queried model to the user,
        such as ``"user__"`` for participants. Override it together with `user_id` and
        `display_name`. No query.
        """
        user_model = get_user_model()
        user_id = F(path + user_model.USERNAME_FIELD)
        exact, partial = Q(IExact(user_id, search)), Q(IContains(user_id, search))
        if hasattr(user_model, "first_name") and hasattr(user_model, "last_name"):
            first, last = F(f"{path}first_name"), F(f"{path}last_name")
            full_name = Trim(Concat(first, Value(" "), last))
            exact |= Q(IExact(full_name, search))
            partial |= Q(IContains(full_name, search))
        return UserMatch(exact=exact, partial=partial)

    def searchable_users(self, user: User) -> QuerySet[User]:
        """Return a QuerySet of the users that `user` may find by a search.

        By default, all users. Override it to keep users from finding each other. Users
        that are found must also be in `reachable_users`. Runs no query.
        """
        return get_user_model()._default_manager.all()  # noqa: SLF001 - Django's documented name

    def search_groups(self, user: User, search: str, limit: int) -> list[str]:
        """Return the ids of groups that `user` finds by `search`, exact matches first.

        By default, searches all of Django's groups, ignoring case; an empty text finds
        all. At most `limit` ids. One query.
        """
        if not hasattr(get_user_model(), "groups"):
            return []
        groups = Group.objects.filter(name__icontains=search)
        is_exact = Case(When(name__iexact=search, then=Value(0)), default=Value(1))
        return list(
            groups.order_by(is_exact, "name").values_list("name", flat=True)[:limit]
        )

    def language(self, user: User) -> str:
        """Return the code of the user's language, or an empty string.

        If it is empty, the language of the request is used; without a request, that of
        the site. No query.
        """
        return ""

    def picture(self, user: User, viewer: User | None) -> Picture | str | None:
        """Return a picture of the user or its URL; None to show the initials.

        `viewer` is None for anonymous requests, which include those of the users' apps.
        A picture tells anonymous viewers that the user exists. Browsers cache it for
        half an hour.
        """
        return None

    def may_create_room(self, user: User, room_type: RoomType) -> bool:
        """Return whether the user may create rooms of this type; if not, 403."""
        return True

    def reachable_users(self, user: User, users: Sequence[User]) -> list[User]:
        """Return those of `users` that `user` may talk to, in the same order.

        Adding one of the others to a room, or starting a one-to-one room with them, is
        answered with 404. When a group is added, the others are left out.
        """
        return list(users)

    def may_invite_by_email(self, user: User) -> bool:
        """Return whether the user may invite guests by mail; if not, 403."""
        return True

    def notify(self, notifications: Sequence[Notification]) -> None:
        """Notify users of a comment; does nothing by default.

        Called in a background thread. `talk.notification_texts` renders the texts in
        the language of each recipient. Exceptions are logged.
        """

    def room_url(self, token: str, site: str) -> str:
        """Return the link to a room for mails.

        `site` is the address below which the app's URLs are, without a trailing slash.
        """
        return f"{site}/call/{token}"


def _is_value_of(field: Any, text: str) -> bool:
    """Return whether a text is a valid value of a field; a number field has others."""
    try:
        field.to_python(text)
    except ValidationError:
        return False
    return True


def get_adapter() -> DefaultAdapter:
    """Return the instance of the class named in ``TALK["ADAPTER"]``.

    Raises:
        ImportError: the path cannot be imported.
    """
    return _adapter(talk_settings().ADAPTER)


@lru_cache(maxsize=8)
def _adapter(path: str) -> DefaultAdapter:
    return cast("DefaultAdapter", import_string(path)())
