"""Display names that were read together with the messages that mention them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Names:
    """Display names: of users by user id, of guests by actor id.

    Who is not there has no account, or no name.
    """

    users: Mapping[str, str] = field(default_factory=dict)
    guests: Mapping[str, str] = field(default_factory=dict)
