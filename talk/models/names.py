"""Display names for messages, read together with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Names:
    """Display names of users by user id, and of guests by actor id.

    Users without an account and guests without a name are missing.
    """

    users: Mapping[str, str] = field(default_factory=dict)
    guests: Mapping[str, str] = field(default_factory=dict)
