"""Results of the search for users, groups and e-mail addresses."""

from __future__ import annotations

from talk.domain.people_search import Match


def render_match(match: Match) -> dict[str, str]:
    """Return a user, a group or an e-mail address that the search has found.

    API: Searching people.
    """
    source = match.source.name.lower()
    return {"id": match.id, "label": match.label, "source": source}
