"""What only the site knows about its people, in one class that a site may replace."""

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


@dataclass(frozen=True)
class UserMatch:
    """Conditions on users: that they are called so, and that they are called like it."""

    exact: Q
    partial: Q


PICTURE_TYPES = frozenset(
    {"image/avif", "image/gif", "image/jpeg", "image/png", "image/webp"}
)


@dataclass(frozen=True)
class Picture:
    """A picture of somebody: the bytes of a file, and their media type."""

    content: bytes
    content_type: str

    def __post_init__(self) -> None:
        """Refuse what browsers may take for more than a picture.

        Raises:
            ValueError: the type is none of `PICTURE_TYPES`.
        """
        if self.content_type not in PICTURE_TYPES:
            raise ValueError(f"{self.content_type!r} is no type of a picture.")


class DefaultAdapter:
    """Answers with Django's own users and groups.

    Users are of the site's own model; `User` stands for it in annotations.

    A site subclasses it and names its class in ``TALK["ADAPTER"]``. Methods that
    are added later have a default, so that older subclasses keep working. The
    methods that take an instance run no query; the others say how many.
    """

    def user_id(self, user: User) -> str:
        """Return the user's public id, `userId` on the wire; unique and stable."""
        return str(user.get_username())

    def display_name(self, user: User) -> str:
        """Return the name that others see; the user id when there is none."""
        full_name = getattr(user, "get_full_name", str)
        return full_name().strip() or self.user_id(user)

    def email(self, user: User) -> str:
        """Return the user's e-mail address, or an empty string."""
        return getattr(user, user.get_email_field_name(), None) or ""

    def find_users(self, user_ids: Iterable[str]) -> dict[str, User]:
        """Return the accounts among `user_ids`, by id, disabled ones included.

        One query, none for no ids.
        """
        user_model = get_user_model()
        field = user_model._meta.get_field(user_model.USERNAME_FIELD)  # noqa: SLF001 - Django's own word
        wanted = {user_id for user_id in user_ids if _is_value_of(field, user_id)}
        if not wanted:
            return {}
        is_wanted = Q(**{f"{user_model.USERNAME_FIELD}__in": wanted})
        users = user_model._default_manager.filter(is_wanted)  # noqa: SLF001 - Django's own word
        # A database that compares without case finds more than was asked for.
        found = {self.user_id(user): user for user in users}
        return {user_id: found[user_id] for user_id in wanted & found.keys()}

    def find_group_members(self, group_id: str) -> list[User] | None:
        """Return who of a group may talk, or None when there is no such group.

        Group ids are the names of `django.contrib.auth` groups; disabled accounts
        are left out. Two queries.
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
        """Return the ids of the groups the user is in; one query."""
        groups: Any = getattr(user, "groups", None)
        if groups is None:
            return []
        return list(groups.order_by("name").values_list("name", flat=True))

    def match_users(self, search: str, path: str = "") -> UserMatch:
        """Return conditions for users whose id or display name is or contains `search`.

        Case does not matter. `path` leads to the user from the model that is asked,
        ``"user__"`` from participants. To be overridden together with `user_id` and
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
        """Return the accounts among which `user` may look for somebody, as a query.

        All by default. A site whose people shall not find each other narrows it
        here; who is found must be reachable as well. Runs no query.
        """
        return get_user_model()._default_manager.all()  # noqa: SLF001 - Django's own word

    def search_groups(self, user: User, search: str, limit: int) -> list[str]:
        """Return ids of groups that `user` may find by `search`, who is so called first.

        All groups of Django's by default, in whatever case; all for an empty text.
        One query.
        """
        if not hasattr(get_user_model(), "groups"):
            return []
        groups = Group.objects.filter(name__icontains=search)
        is_exact = Case(When(name__iexact=search, then=Value(0)), default=Value(1))
        return list(
            groups.order_by(is_exact, "name").values_list("name", flat=True)[:limit]
        )

    def language(self, user: User) -> str:
        """Return the code of the language that the user reads, or an empty string.

        Empty means what the request asks for, or the site's own where there is none.
        No query.
        """
        return ""

    def picture(self, user: User, viewer: User | None) -> Picture | str | None:
        """Return a picture of the user, or the URL of one; None for their initials.

        `viewer` is who wants to see it, None for anonymous people, among them the
        apps of users. To them a picture tells that there is such a user. Browsers
        keep it for half an hour.
        """
        return None

    def may_create_room(self, user: User, room_type: RoomType) -> bool:
        """Return whether the user may create rooms of this type; a no is a 403."""
        return True

    def reachable_users(self, user: User, users: Sequence[User]) -> list[User]:
        """Return those of `users` whom `user` may talk to, in the same order.

        Others cannot be found when somebody wants to talk to them or bring them into a
        room (a 404), and are left out when a group is.
        """
        return list(users)

    def may_invite_by_email(self, user: User) -> bool:
        """Return whether the user may have mails sent to strangers; a no is a 403."""
        return True

    def notify(self, notifications: Sequence[Notification]) -> None:
        """Tell people of a comment; nothing happens by default.

        Called off the request's thread. `talk.notification_texts` has the words,
        in the language of each recipient. What is raised is logged.
        """

    def room_url(self, token: str, site: str) -> str:
        """Return the link that is sent to people who are invited to a room.

        `site` is the address below which the app's URLs live, without a slash at the
        end.
        """
        return f"{site}/call/{token}"


def _is_value_of(field: Any, text: str) -> bool:
    """Whether a field can have a value that is written so; numbers are not."""
    try:
        field.to_python(text)
    except ValidationError:
        return False
    return True


def get_adapter() -> DefaultAdapter:
    """Return the process's instance of the class named in ``TALK["ADAPTER"]``.

    Raises:
        ImportError: the path names nothing.
    """
    return _adapter(talk_settings().ADAPTER)


@lru_cache(maxsize=8)
def _adapter(path: str) -> DefaultAdapter:
    return cast("DefaultAdapter", import_string(path)())
