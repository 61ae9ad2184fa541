"""The page's translated texts: the `djangojs` catalogue as data."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.core.signals import setting_changed
from django.utils.translation.trans_real import DjangoTranslation
from django.views.i18n import JSONCatalog

PLURALS = 200
"""Plural forms are listed for the numbers below this; the last hundred repeats."""


@lru_cache(maxsize=32)
def page_texts(language: str) -> dict[str, Any]:
    """Return the translations of the page's script, and the plural form of each number.

    `plurals` replaces the plural expression of the catalogue, because a strict content
    security policy forbids scripts to evaluate it. `LOCALE_PATHS` of the site is respected.
    """
    catalogue = JSONCatalog()
    translation = DjangoTranslation(
        language, domain="djangojs", localedirs=catalogue.get_paths(["talk"])
    )
    catalogue.translation = translation
    return {
        "texts": catalogue.get_catalog(),
        "plurals": [translation.plural(number) for number in range(PLURALS)],
    }


def _clear_cache(*, setting: str, **_: object) -> None:
    if setting in {"LANGUAGE_CODE", "LOCALE_PATHS"}:
        page_texts.cache_clear()


setting_changed.connect(_clear_cache, dispatch_uid="talk.web.page_texts")
