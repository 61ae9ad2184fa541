"""Comments: mentions become placeholders in the text, and users in the parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talk.adapters import get_adapter
from talk.domain.mentions import mentions_in
from talk.models import Names
from talk.rendering.rich_objects import RichObjects, render_user

if TYPE_CHECKING:
    from django.contrib.auth.models import User

USERS = "users"
"""`source` of every suggestion."""


def render_suggestion(user: User) -> dict[str, str]:
    """Return a user whom the caller may mention.

    API: Get mention autocomplete suggestions.
    """
    adapter = get_adapter()
    label = adapter.display_name(user)
    return {"id": adapter.user_id(user), "label": label, "source": USERS}


def render_comment(text: str, names: Names) -> tuple[str, RichObjects]:
    """Return the text with placeholders for mentioned users, and these users.

    Users are numbered in the order of their first mention. Mentions of unknown users
    stay as written.

    API: `message` and `messageParameters`, Rich Object Strings.
    """
    parts: list[str] = []
    keys: dict[str, str] = {}
    end = 0
    for mention in mentions_in(text):
        if mention.user_id in names.users:
            key = keys.setdefault(mention.user_id, f"mention-user{len(keys) + 1}")
            parts += [text[end : mention.start], f"{{{key}}}"]
            end = mention.end
    users = {key: render_user(user_id, names) for user_id, key in keys.items()}
    return "".join([*parts, text[end:]]), users
