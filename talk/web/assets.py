"""URLs of the page's static files, for any static files storage.

Modules import each other by relative names. Storages that add hashes to file names do
not change those names, so a page has an import map from plain to hashed names.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from urllib.parse import urljoin

from django.templatetags.static import static

import talk

ROOT = Path(talk.__file__).parent / "static" / "talk"

PAGE_MODULE = "talk.js"
ROOM_MODULE = "talk-room.js"
STYLESHEET = "talk.css"


def asset_url(name: str) -> str:
    """Return the URL of a file below `static/talk`, as the storage names it."""
    return static(f"talk/{name}")


def plain_url(name: str) -> str:
    """Return the URL of a file without a hash, which every storage also serves."""
    return urljoin(asset_url(PAGE_MODULE), name)


def import_map() -> str:
    """Return the import map as JSON for a script element; empty if none is needed."""
    urls = {plain_url(name): asset_url(name) for name in _modules(ROOT)}
    changed = {plain: url for plain, url in urls.items() if plain != url}
    if not changed:
        return ""
    return json.dumps({"imports": changed}).replace("<", "\\u003C")


@lru_cache(maxsize=2)
def _modules(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*.js"))
