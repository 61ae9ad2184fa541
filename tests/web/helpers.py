"""Helpers that read pages, and templates of a site."""

from __future__ import annotations

import json
import re
from typing import Any


def data_of(response: Any, id: str = "talk-data") -> Any:
    """Return what an element of JSON in the page holds."""
    found = re.search(
        rf'<script id="{id}" type="application/json">(.*?)</script>',
        response.content.decode(),
    )
    assert found is not None
    return json.loads(found[1])


def with_templates(settings: Any, templates: dict[str, str]) -> list[Any]:
    """Return template settings that know some texts by name as well."""
    engine = {**settings.TEMPLATES[0], "APP_DIRS": False}
    engine["OPTIONS"] = {
        **engine["OPTIONS"],
        "loaders": [
            ("django.template.loaders.locmem.Loader", templates),
            "django.template.loaders.app_directories.Loader",
        ],
    }
    return [engine]
