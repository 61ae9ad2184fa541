"""Found people and groups as the API shows them."""

from __future__ import annotations

from talk.domain.people_search import Match


def render_match(match: Match) -> dict[str, str]:
    """Return somebody to talk to.

    API: Searching people.
    """
    source = match.source.name.lower()
    return {"id": match.id, "label": match.label, "source": source}
